"""Kills a program before each system call that writes or decides, one after the other."""

import collections
import concurrent.futures
import itertools
import os
import pathlib
import subprocess
import time

from support import program, run

LANES = 2  # sweeps at once; each has a server and a machine of its own
# Leaks cannot be looked for in what is traced.
TRACED = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
CANNOT_TRACE = 125


def tracer(number, report):
    """What stands before a command so that it is killed before its call of that number."""
    return [program("tests/integration/kill_before"), str(number), str(report)]


def read_report(report):
    """The call that was not made any more; None when the command ended by itself."""
    try:
        return pathlib.Path(report).read_text()
    except FileNotFoundError:
        return None


def kill_before(number, command, folder, **options):
    """Runs a command until then. Answers the call, or None; then it must have succeeded."""
    report = pathlib.Path(folder) / "killed-before"
    report.unlink(missing_ok=True)
    done = run(*tracer(number, report), *command, check=False, env=TRACED, **options)
    call = read_report(report)
    if done.returncode == CANNOT_TRACE or (call is None and done.returncode != 0):
        raise AssertionError(f"{command} ended with {done.returncode}: {done.stderr}")
    return call


def sweep(name, attempts):
    """Kills at each point; prints and answers how many there were.

    Each lane has its function: it tries the point of a number and answers as kill_before does.
    """
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(len(attempts)) as pool:
        lanes = [pool.submit(sweep_lane, name, attempt, 1 + i, len(attempts))
                 for i, attempt in enumerate(attempts)]
        points = sum((lane.result() for lane in lanes), collections.Counter())
    calls = ", ".join(f"{call} {count}" for call, count in points.most_common())
    print(f"{name}: killed at {points.total()} points in {time.monotonic() - start:.0f} seconds: "
          f"{calls}", flush=True)
    return points.total()


def sweep_lane(name, attempt, first, step):
    points = collections.Counter()
    for number in itertools.count(first, step):
        try:
            call = attempt(number)
        except (AssertionError, OSError, subprocess.TimeoutExpired) as failure:
            raise AssertionError(f"{name}, killed before call {number}: {failure}") from failure
        if call is None:
            return points
        points[call] += 1
