"""One connection of an emulated machine to an address here: standard input and output, both ways."""

import os
import socket
import sys
import threading

connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))


def send():
    """What the machine says, until it has said everything."""
    while data := os.read(0, 65536):
        connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


threading.Thread(target=send, daemon=True).start()
while answer := connection.recv(65536):
    while answer:
        answer = answer[os.write(1, answer):]
