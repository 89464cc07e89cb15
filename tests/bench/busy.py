"""Check-ins of several machines at once, as a busy server sees them.

The snapshots are made beforehand and sent from this process, each over a connection of its own, so
that the agents do not take the processors from the server.
"""
import hashlib
import http.client
import ssl
import threading

MACHINES = 8
SNAPSHOTS = 30  # of each machine


class Machine:
    """An enrolled machine with snapshots that wait to be sent."""

    def __init__(self, bench, number):
        self.state = bench.data.parent / f"busy-{number}"
        code = bench.data.parent / "busy-code"
        code.write_text(bench.run(bench.server_program, "join-code", "--data", bench.data,
                                  "Bench", "--label", f"busy-{number}"))
        bench.run(bench.agent, "--state", self.state, "enrol", "--code-file", code)
        # The first brings every fact, and the second what its receipt taught.
        for _ in range(2):
            bench.run(bench.agent, "--state", self.state, "check-in")
        for _ in range(SNAPSHOTS):
            bench.run(bench.agent, "--state", self.state, "collect")
        self.snapshots = [file.read_bytes()
                          for file in sorted((self.state / "outbox").glob("*.jws"))]
        self.trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.trust.check_hostname = False
        self.trust.verify_mode = ssl.CERT_NONE  # what is measured is the server
        self.trust.set_alpn_protocols(["http/1.1"])
        tls = self.state / "tls"
        self.trust.load_cert_chain(next(tls.glob("tls-*.pem")), next(tls.glob("tls-*.key")))

    def send_all(self, port, answers):
        for snapshot in self.snapshots:
            connection = http.client.HTTPSConnection("localhost", port, context=self.trust)
            connection.request("PUT", f"/v1/snapshots/{hashlib.sha256(snapshot).hexdigest()}",
                               snapshot, {"Content-Type": "application/jose"})
            answer = connection.getresponse()
            answer.read()
            connection.close()
            answers.append(answer.status)


def check_ins_at_once(bench):
    """Sends the snapshots of all machines at once; how many the server accepted."""
    machines = [Machine(bench, number) for number in range(MACHINES)]
    before = bench.server_cpu_us()
    answers = []
    senders = [threading.Thread(target=machine.send_all, args=(bench.server_port, answers))
               for machine in machines]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    if answers != [200] * MACHINES * SNAPSHOTS:
        raise SystemExit(f"the busy server did not accept everything: {answers}")
    return (sum(bench.server_cpu_us().values()) - sum(before.values())) / len(answers)
