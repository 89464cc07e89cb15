"""Where the collection server of the tests is: outside of the machines, in a network of its own.

The server stands behind a gate, a forwarder that a test can hold closed at a chosen moment: before
the server gets what a machine sends, or before the machine gets the answer.
"""

import contextlib
import ctypes
import itertools
import os
import socket
import struct
import threading

from host import run

SERVER_NAME = "collect.example"
ADDRESS = "10.0.2.100"
MACHINE_ADDRESS = "10.0.2.15"
PORT = 8443
SERVER_PORT = 9443
NEW_NETWORK = 0x40000000  # CLONE_NEWNET of setns(2), which Python 3.11 does not have
numbers = itertools.count(1)


class Network:
    """A namespace with the server in it; wire() adds one for a container beside it."""

    def __init__(self):
        self.namespaces = []
        self.name = self._add("outside")

    def _add(self, what):
        name = f"dwvm{os.getpid()}-{next(numbers)}-{what}"
        run("ip", "netns", "add", name)
        self.namespaces.append(name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        return name

    def wire(self):
        """A namespace with one wire to the server, for one container at a time."""
        name = self._add("machine")
        run("ip", "-n", self.name, "link", "add", "wire", "type", "veth",
            "peer", "name", "eth0", "netns", name)
        run("ip", "-n", self.name, "address", "add", f"{ADDRESS}/24", "dev", "wire")
        run("ip", "-n", self.name, "link", "set", "wire", "up")
        run("ip", "-n", name, "address", "add", f"{MACHINE_ADDRESS}/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
        return name

    def unwire(self, name):
        """Takes away what wire() made."""
        run("ip", "-n", self.name, "link", "delete", "wire", check=False)
        run("ip", "netns", "delete", name, check=False)
        self.namespaces.remove(name)

    def cut(self):
        """The wire is pulled out."""
        run("ip", "-n", self.name, "link", "set", "wire", "down")

    def mend(self):
        """The wire is put back."""
        run("ip", "-n", self.name, "link", "set", "wire", "up")

    def close(self):
        for name in reversed(self.namespaces):
            run("ip", "netns", "delete", name, check=False)
        self.namespaces = []


def enter(namespace):
    """Moves the calling thread, and the threads it starts, into a network namespace."""
    library = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}", "rb") as opened:
        if library.setns(opened.fileno(), NEW_NETWORK) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), namespace)


class Gate:
    """Forwards connections to the server, until a test holds it.

    hold("requests"): what a machine says after its first words (its TLS greeting) waits here.
    hold("answers"): the server gets everything; what it says after its first words waits here.
    open(): all that waited goes on, unless its connection has ended meanwhile.
    """

    def __init__(self, namespace):
        self.held = None
        self.changed = threading.Condition()
        self.waiting = 0
        self.connections = 0
        self.listener = None
        self.sockets = []
        ready = threading.Event()
        threading.Thread(target=self._serve, args=(namespace, ready), daemon=True).start()
        if not ready.wait(10):
            raise TimeoutError("the gate does not listen after 10 s")

    def hold(self, what):
        with self.changed:
            self.held = what
            self.waiting = 0

    def open(self):
        with self.changed:
            self.held = None
            self.changed.notify_all()

    def wait_until_held(self, seconds=60):
        """Waits until something that arrived is being held back."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.waiting > 0, seconds):
                raise TimeoutError(f"nothing arrived at the gate within {seconds} s")

    def drop(self):
        """Forgets the connections of a machine that is gone: the next one has the same address."""
        for end in self.sockets:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
        self.sockets = []
        self.open()

    def close(self):
        self.drop()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _serve(self, namespace, ready):
        enter(namespace)
        self.listener = socket.create_server(("0.0.0.0", PORT))
        ready.set()
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._connect, args=(connection,), daemon=True).start()

    def _connect(self, machine):
        try:
            server = socket.create_connection(("127.0.0.1", SERVER_PORT), 10)
        except OSError:
            machine.close()
            return
        server.settimeout(None)
        self.sockets += [machine, server]
        talk = Talk()
        other = threading.Thread(target=self._forward, daemon=True,
                                 args=(machine, server, "requests", talk))
        other.start()
        self._forward(server, machine, "answers", talk)
        other.join()
        machine.close()
        server.close()

    def _forward(self, source, target, what, talk):
        try:
            while data := source.recv(65536):
                if talk.is_past_the_greeting(what):
                    self._pass(what)
                target.sendall(data)
        except OSError:
            pass
        for end, how in ((target, socket.SHUT_WR), (source, socket.SHUT_RD)):
            with contextlib.suppress(OSError):
                end.shutdown(how)

    def _pass(self, what):
        with self.changed:
            if self.held == what:
                self.waiting += 1
                self.changed.notify_all()
            self.changed.wait_for(lambda: self.held != what)


class Talk:
    """How far one connection has come: greeting of the machine, of the server, and the rest."""

    def __init__(self):
        self.answered = False
        self.asked_again = False

    def is_past_the_greeting(self, what):
        """Whether what is said now comes after both sides have greeted."""
        if what == "requests":
            self.asked_again = self.answered
            return self.asked_again
        self.answered = True
        return self.asked_again
