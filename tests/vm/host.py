"""What this machine can do, and the few commands that everything here runs on it."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys

SKIPPED = 77
TOOLS = ("apt-get", "cryptsetup", "ip", "lvcreate", "mkfs.ext4", "mkfs.vfat", "mmdebstrap",
         "nsenter", "qemu-img", "qemu-system-x86_64", "sbsign", "setpriv", "sfdisk", "swtpm",
         "swtpm_setup", "systemd-nspawn")
NEEDED_BYTES = 6 << 30


class CommandFailed(RuntimeError):
    """A command of this machine ended with another exit code than 0."""


def run(*command, check=True, timeout=900, **options):
    """Runs a command to its end; its output is text. A failure shows all of it."""
    command = [str(part) for part in command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, **options)
    if check and done.returncode != 0:
        raise CommandFailed(f"{' '.join(command)}\nended with {done.returncode}:\n"
                            f"{done.stdout}{done.stderr}")
    return done


def start(*command, **options):
    """Starts a command that ends when this program does, however that ends."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--",
                             *(str(part) for part in command)],
                            stdin=subprocess.DEVNULL, **options)


def stop(process, seconds=10):
    """Ends what start() started."""
    if process is None:
        return
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def end_tidily():
    """Makes a polite request to stop an exception, so that everything is put away on the way: the
    one that unittest lets through. A shell lets its background programs ignore SIGINT."""
    def interrupt(number, _):
        raise KeyboardInterrupt(f"signal {number}")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def reason_to_skip(folder):
    """Why machines cannot be made here, in one line, or None."""
    if os.geteuid() != 0:
        return "machines are made as root, and this is not root"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"not installed: {' '.join(missing)}"
    if run("unshare", "--mount", "--net", "--pid", "--fork", "true", check=False).returncode != 0:
        return "this machine makes no namespaces"
    if shutil.disk_usage(folder).free < NEEDED_BYTES:
        return f"less than {NEEDED_BYTES >> 30} GB free in {folder}"
    return None


def skip(reason):
    """Ends the program, saying why nothing was tested."""
    print(f"skipped: {reason}", flush=True)
    sys.exit(SKIPPED)


def work_folder():
    """A folder for this run: short, because the paths of sockets lie in it."""
    return pathlib.Path(os.environ.get("TMPDIR", "/tmp"))


def cache_folder():
    """Where what was built stays."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "dijkwacht" / "vm"


def archives():
    """Where this machine's own apt gets Debian from: (main, security). Nothing is named here."""
    lines = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)",
                "Created-By: Packages", "Component: main").stdout.split("\n")
    found = [line.split() for line in lines if len(line.split()) == 2]
    security = [uri for uri, name in found if name.endswith("-security")]
    main = [uri for uri, name in found if "-" not in name and uri not in security]
    if not main or not security:
        skip("apt here knows no Debian archive with its security archive; try apt-get update")
    return main[0], security[0]
