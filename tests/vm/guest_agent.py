"""Lines of JSON over unix sockets: QEMU's monitor, and the agent that runs commands in a machine."""

import base64
import json
import os
import socket
import time


class Lines:
    """One end of a unix socket that carries a JSON value a line."""

    def __init__(self, path, seconds=60):
        end = time.monotonic() + seconds
        while True:
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                self.socket.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
        self.read = b""

    def say(self, value, before=b""):
        self.socket.settimeout(60)
        self.socket.sendall(before + json.dumps(value).encode() + b"\n")

    def line(self, seconds=60):
        """The next line, without the byte that ends what the agent said earlier."""
        end = time.monotonic() + seconds
        while b"\n" not in self.read:
            self.socket.settimeout(max(0.05, end - time.monotonic()))
            more = self.socket.recv(65536)
            if not more:
                raise EOFError("the other end closed its socket")
            self.read += more
        line, self.read = self.read.split(b"\n", 1)
        return line.lstrip(b"\xff")

    def answer(self, seconds=60):
        """The next answer; events are passed over, errors raised."""
        while True:
            answer = json.loads(self.line(seconds))
            if "error" in answer:
                raise RuntimeError(answer["error"])
            if "return" in answer:
                return answer["return"]

    def close(self):
        self.socket.close()


class Monitor:
    """QEMU's own commands (QMP)."""

    def __init__(self, path):
        self.lines = Lines(path, 20)
        self.lines.line()
        self.command("qmp_capabilities")

    def command(self, name, /, **arguments):
        self.lines.say({"execute": name, "arguments": arguments})
        return self.lines.answer(300)

    def close(self):
        self.lines.close()


class GuestAgent:
    """qemu-guest-agent in the machine: needs no network, and tells exit code and output apart."""

    def __init__(self, path):
        self.lines = Lines(path)
        self.count = 0

    def greet(self, seconds):
        """True when the agent answered within the time. What it said before is passed over."""
        self.count += 1
        mark = os.getpid() * 1000 + self.count
        self.lines.say({"execute": "guest-sync-delimited", "arguments": {"id": mark}}, b"\xff")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if json.loads(self.lines.line(end - time.monotonic())).get("return") == mark:
                    return True
            except TimeoutError:
                return False
            except ValueError:
                continue
        return False

    def command(self, name, /, **arguments):
        self.lines.say({"execute": name, "arguments": arguments})
        return self.lines.answer()

    def execute(self, command, environment, seconds, given):
        """Runs a shell command and answers (exit code, output, errors)."""
        arguments = {"path": "/bin/sh", "arg": ["-c", command], "capture-output": True,
                     "env": [f"{name}={value}" for name, value in environment.items()]}
        if given is not None:
            arguments["input-data"] = base64.b64encode(given.encode()).decode()
        process = self.command("guest-exec", **arguments)["pid"]
        end, pause = time.monotonic() + seconds, 0.01
        while time.monotonic() < end:
            state = self.command("guest-exec-status", pid=process)
            if state["exited"]:
                return (state.get("exitcode", -state.get("signal", 0)),
                        _text(state.get("out-data", "")), _text(state.get("err-data", "")))
            time.sleep(pause)
            pause = min(pause * 1.5, 0.2)
        raise TimeoutError(f"not done after {seconds} s in the machine: {command}")

    def close(self):
        self.lines.close()


def _text(encoded):
    return base64.b64decode(encoded).decode("utf8", "replace")
