#!/usr/bin/env python3
"""Measures the real programs of a release build against the budgets of docs/architecture.md.

CPU time and peak memory (ru_maxrss) come from wait4(2) in bench_measure, bytes from a counting TCP proxy between
agent and server, the server's CPU time from /proc/PID/task/*/schedstat of all its processes.
"""
import collections
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import busy

ROUNDS = 11
# What patch_level reads of a machine with apt.
APT_FILES = ("/etc/apt", "/etc/os-release", "/var/lib/apt/lists", "/var/lib/apt/periodic",
             "/var/lib/dpkg/status")
CHECK_INS = 60


class CountingProxy:
    """Passes connections on to a port and counts the bytes of both directions."""

    def __init__(self, target):
        self.target = target
        self.bytes = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=(source, sink), daemon=True).start()

    def pump(self, source, sink):
        try:
            while data := source.recv(65536):
                with self.lock:
                    self.bytes += len(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class Run:
    """One run of a program: what it wrote, milliseconds of CPU time, MiB at the peak."""

    measure = None  # the program that runs and measures it

    def __init__(self, command):
        with tempfile.NamedTemporaryFile("r") as result:
            done = subprocess.run([self.measure, result.name, *command], capture_output=True,
                                  text=True, check=False)
            used = result.read().split()
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))} answered {done.returncode}:\n{done.stderr}")
        self.output = done.stdout
        self.cpu_ms, self.peak_mib = int(used[0]) / 1000, int(used[1]) / 1024


def median(runs, field):
    return statistics.median(getattr(run, field) for run in runs)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class AptRoot:
    """A copy of what this machine knows about packages, which can get new lists."""

    def __init__(self, folder):
        self.folder = folder
        for path in map(pathlib.Path, APT_FILES):
            target = folder / path.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, target, ignore=shutil.ignore_patterns("partial", "lock"))
            elif path.exists():
                shutil.copyfile(path, target)
        self.lists = folder / "var/lib/apt/lists"

    def has_lists(self):
        return any(self.lists.glob("*_Packages*"))

    def renew(self):
        """As after apt-get update: every file anew, and each list published a minute later."""
        for file in list(self.lists.iterdir()):
            if not file.is_file():
                continue
            fresh = file.with_name(".new")
            fresh.write_bytes(re.sub(rb"(?m)^(Date: .*\d\d:)(\d\d)(:\d\d UTC)$", next_minute,
                                     file.read_bytes()) if file.name.endswith("Release")
                              else file.read_bytes())
            fresh.rename(file)


def next_minute(found):
    return found[1] + b"%02d" % ((int(found[2]) + 1) % 60) + found[3]


class Bench:
    def __init__(self, build, folder):
        Run.measure = build / "tests/bench/bench_measure"
        self.agent = build / "agent/dijkwacht"
        self.upload = build / "agent/upload"
        self.handshake = build / "tests/bench/bench_handshake"
        self.fleet = build / "tests/bench/bench_fleet"
        self.server_program = build / "server-api/dijkwacht-server"
        self.data, self.state = folder / "server", folder / "machine"
        self.code = folder / "join-code"
        self.server = None
        self.server_port = None
        self.proxy = None

    def start(self):
        port = self.server_port = free_port()
        self.proxy = CountingProxy(port)
        Run([self.server_program, "init", "--data", self.data,
             "--url", f"https://localhost:{self.proxy.port}", "--listen", f"127.0.0.1:{port}",
             "--people", f"127.0.0.1:{free_port()}",
             "--root-key", self.data.parent / "root-key.pem"])
        self.server = subprocess.Popen([self.server_program, "serve", "--data", self.data],
                                       stdout=subprocess.PIPE, text=True)
        if not self.server.stdout.readline().startswith("listening on"):
            sys.exit("the server did not start")
        Run([self.server_program, "organisation", "add", "--data", self.data, "Bench"])
        self.code.write_text(Run([self.server_program, "join-code", "--data", self.data, "Bench",
                                  "--label", "bench-01"]).output)
        self.dijkwacht("enrol", "--code-file", self.code)
        self.dijkwacht("check-in")

    def stop(self):
        if self.server is not None:
            self.server.terminate()
            self.server.wait()

    @staticmethod
    def run(*command):
        return Run(command).output

    def dijkwacht(self, *words):
        return Run([self.agent, "--state", self.state, *words])

    def server_processes(self):
        """The server and its children: the keeper has a process of its own."""
        yield self.server.pid
        tasks = pathlib.Path(f"/proc/{self.server.pid}/task")
        for children in tasks.glob("*/children"):
            yield from map(int, children.read_text().split())

    def server_cpu_us(self):
        """Microseconds of CPU time so far, by kind of thread; the keeper is one kind."""
        used = collections.Counter()
        for process in self.server_processes():
            for task in pathlib.Path(f"/proc/{process}/task").iterdir():
                kind = "keeper" if process != self.server.pid else (task / "comm").read_text()
                used[kind.strip()] += int((task / "schedstat").read_text().split()[0]) / 1000
        return used

    def collects(self):
        runs = []
        for _ in range(ROUNDS):
            runs.append(self.dijkwacht("collect"))
            self.dijkwacht("check-in")
        return runs

    def collects_of_new_lists(self):
        """None where this machine has no package lists of apt."""
        root = AptRoot(self.state.parent / "root")
        if not root.has_lists():
            return None
        self.dijkwacht("check-in", "--root", root.folder)
        runs = []
        for _ in range(ROUNDS):
            root.renew()
            runs.append(self.dijkwacht("collect", "--root", root.folder))
            self.check_that_lists_were_new()
            self.dijkwacht("check-in", "--root", root.folder)
        self.dijkwacht("check-in")
        return runs

    def check_that_lists_were_new(self):
        if '"patch_level"' not in self.dijkwacht("show", "--last", "--json").output:
            sys.exit("the new package lists changed nothing that was sent: nothing was measured")

    def uploads(self):
        runs = []
        for _ in range(ROUNDS):
            self.dijkwacht("collect")
            runs.append(Run([self.upload, "--state", self.state]))
            self.dijkwacht("collect", "--receipts")
        return runs

    def check_ins(self):
        """Bytes and server CPU of unchanged check-ins, one after the other, and what the
        yardstick needs when each of its rounds comes after a check-in too."""
        yardstick = subprocess.Popen([self.handshake, "each"], text=True, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE)
        self.dijkwacht("check-in")
        time.sleep(0.5)
        before, count, cold = self.server_cpu_us(), self.proxy.bytes, []
        for _ in range(CHECK_INS):
            self.dijkwacht("check-in")
            yardstick.stdin.write("\n")
            yardstick.stdin.flush()
            cold.append(int(yardstick.stdout.readline()))
        time.sleep(0.5)
        used = self.server_cpu_us()
        yardstick.communicate()
        return ({kind: (used[kind] - before[kind]) / CHECK_INS for kind in used},
                (self.proxy.bytes - count) / CHECK_INS, statistics.mean(cold))

    def ten_thousand(self):
        """A database of 10,000 machines like this one: what bench_fleet says of it."""
        payload = self.data.parent / "payload.json"
        payload.write_text(Run([self.agent, "show", "--next", "--json"]).output)
        return self.numbers(Run([self.fleet, payload, self.data.parent / "fleet.db"]))

    def yardstick(self):
        return self.numbers(Run([self.handshake]))

    @staticmethod
    def numbers(run):
        lines = run.output.splitlines()
        return {name: float(value) for name, value in (line.split() for line in lines)}


def row(what, measured, budget, unit):
    if budget is None:
        return f"{what:<52} {measured:>9.1f} {unit:<4}"
    verdict = "within" if measured <= budget else "OVER"
    return f"{what:<52} {measured:>9.1f} {unit:<4} {budget:>8.1f} {unit:<4} {verdict}"


def report(bench):
    yardstick = bench.yardstick()
    collects, uploads = bench.collects(), bench.uploads()
    renewed = bench.collects_of_new_lists()
    server_us, wire_bytes, cold = bench.check_ins()
    busy_us = busy.check_ins_at_once(bench)
    again = bench.yardstick()
    handshake = (yardstick["handshake_server_us"] + again["handshake_server_us"]) / 2
    verify = (yardstick["verify_us"] + again["verify_us"]) / 2
    print(f"{'':<52} {'measured':>14} {'budget':>13}")
    print(row("collect and sign, nothing changed: CPU", median(collects, "cpu_ms"), 15, "ms"))
    print(row("collect and sign, nothing changed: peak memory", median(collects, "peak_mib"), 6, "MiB"))
    if renewed is not None:
        print(row("collect after new package lists: CPU", median(renewed, "cpu_ms"), 100, "ms"))
        print(row("collect after new package lists: peak memory", median(renewed, "peak_mib"), 8, "MiB"))
    print(row("upload of one snapshot: CPU", median(uploads, "cpu_ms"), 40, "ms"))
    print(row("upload of one snapshot: peak memory", median(uploads, "peak_mib"), 14, "MiB"))
    print(row("bytes of an unchanged check-in, with TLS", wire_bytes, 8000, "B"))
    print(row("server CPU of a durable check-in", sum(server_us.values()),
              1.25 * (handshake + verify), "us"))
    for kind, used in sorted(server_us.items(), key=lambda part: -part[1]):
        print(row(f"  of it in {kind}", used, None, "us"))
    print(row(f"  the same, {busy.MACHINES} machines at once", busy_us,
              1.25 * (handshake + verify), "us"))
    print(row("  the server's half of an OpenSSL handshake", handshake, None, "us"))
    print(row("  one verification", verify, None, "us"))
    print(row("  both, each time after a check-in (cold caches)", cold, None, "us"))
    many = bench.ten_thousand()
    print(row("stored per unchanged check-in", many["stored_bytes"], 1000, "B"))
    print(row("fleet query, 10,000 machines: p99", many["fleet_p99_us"] / 1000, 20, "ms"))
    print(row("  p50", many["fleet_p50_us"] / 1000, None, "ms"))
    print(f"\nMedians of {ROUNDS} runs; means of {CHECK_INS} check-ins, one after the other,\n"
          f"and of {busy.MACHINES * busy.SNAPSHOTS} at once.\n"
          "Each collect reads the security lists anew; nothing is cached. New package lists are\n"
          "those of this machine, copied below a --root and published a minute later each time;\n"
          "what only a running kernel can tell is not read there.")


def main():
    with tempfile.TemporaryDirectory(prefix="dijkwacht-bench-") as folder:
        bench = Bench(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(folder))
        try:
            bench.start()
            report(bench)
        finally:
            bench.stop()


if __name__ == "__main__":
    main()
