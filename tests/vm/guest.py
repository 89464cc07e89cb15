"""What a machine under test answers to, whether it is a container or an emulated one."""

import shlex
import time

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


class Answer:
    """How a command in a machine ended."""

    def __init__(self, code, output, errors):
        self.code = code
        self.output = output
        self.errors = errors

    def __str__(self):
        return f"ended with {self.code}:\n{self.output}{self.errors}"


class Guest:
    """A running machine. Whoever inherits gives run(command, seconds, given) and close()."""

    def run(self, command, seconds=120, given=None):
        """Runs a shell command in the machine, as root, and answers how it ended."""
        raise NotImplementedError

    def check(self, command, seconds=120, given=None):
        """Runs a command that has to succeed and answers what it printed."""
        answer = self.run(command, seconds, given)
        if answer.code != 0:
            raise AssertionError(f"in the machine: {command}\n{answer}")
        return answer.output.strip()

    def until(self, command, seconds=60):
        """Waits until a command succeeds, and answers what it printed then."""
        end = time.monotonic() + seconds
        while True:
            answer = self.run(command)
            if answer.code == 0:
                return answer.output.strip()
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s in the machine: {command}\n{answer}")
            time.sleep(0.3)

    def write(self, path, text, mode="0644"):
        """Writes a small file."""
        quoted = shlex.quote(path)
        self.check(f"mkdir -p \"$(dirname {quoted})\" && cat >{quoted} && chmod {mode} {quoted}",
                   given=text)

    def shows(self, unit, *names):
        """Properties of a unit, by name."""
        wanted = " ".join(f"-p {name}" for name in names)
        lines = self.check(f"systemctl show {wanted} {unit}").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def journal(self, *units):
        """What units wrote, for the message of a failing test."""
        wanted = " ".join(f"-u {unit}" for unit in units)
        return self.run(f"journalctl --no-pager -o short-monotonic {wanted}").output
