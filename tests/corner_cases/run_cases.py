#!/usr/bin/env python3
"""Runs the collectors on every corner case and compares facts and verdicts. See README.md.

usage: run_cases.py COLLECT_FACTS [SUBJECT or NUMBER...]
"""
import collections
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from machine import build, complete
from tree import Declaration, Tree, refuse_unknown

HERE = pathlib.Path(__file__).resolve().parent
SUBJECT_KEYS = {"collector", "rows", "machines", "cases"}
CASE_KEYS = {"number", "situation", "machine", "facts", "never", "verdict",
             "needs_a_kernel"}

Case = collections.namedtuple("Case", "number situation collector machine facts never verdict")


def row_of(number):
    """D-16b is about row 16."""
    return int(re.fullmatch(r"[A-Z]-(\d+)[a-z]?", number).group(1))


def check_numbers(subject, entries):
    """Every row of the table has an entry, in order, and no number is given twice."""
    numbers = [entry["number"] for entry in entries]
    if len(set(numbers)) != len(numbers):
        raise Declaration(f"{subject}: a number is given twice")
    rows = [row_of(number) for number in numbers]
    if rows != sorted(rows):
        raise Declaration(f"{subject}: the entries are not in the order of their numbers")
    return sorted(set(rows))


def read_subject(path):
    """The cases that can be run, and the entries that say that they cannot."""
    document = json.loads(path.read_text(encoding="utf-8"))
    refuse_unknown(document, SUBJECT_KEYS, path.name)
    if check_numbers(path.stem, document["cases"]) != list(range(1, document["rows"] + 1)):
        raise Declaration(f"{path.stem}: not every row from 1 to {document['rows']} has an entry")
    cases, not_here = [], []
    for entry in document["cases"]:
        refuse_unknown(entry, CASE_KEYS, entry["number"])
        if "needs_a_kernel" in entry:
            not_here.append(entry["number"])
            continue
        if not entry["facts"] or not entry["verdict"]:
            raise Declaration(f"{entry['number']} expects nothing")
        machine = complete(entry["machine"], document.get("machines", {}))
        cases.append(Case(entry["number"], entry["situation"], document["collector"], machine,
                          entry["facts"], entry.get("never", []), entry["verdict"]))
    return cases, not_here


def lookup(result, path):
    """A fact, an unknown one as "unknown: REASON". volumes.root.method: of the one with that role;
    swap.0.kind: of the first; volumes.count: how many there are."""
    value, name = result["facts"], ""
    for step in path.split("."):
        if value is None:
            break
        if isinstance(value, list) and step == "count":
            return len(value)
        if isinstance(value, list):
            found = [i for i, item in enumerate(value)
                     if str(i) == step or item.get("role") == step]
            if len(found) != 1:
                return f"{len(found)} of {step}"
            value, name = value[found[0]], f"{name}[{found[0]}]"
        elif step in value:
            value, name = value[step], f"{name}.{step}" if name else step
        else:
            return "no such fact"
    return f"unknown: {result['unknown'].get(name)}" if value is None else value


def differences(case, answer):
    """What is not as the entry says, in words."""
    result = json.loads(answer)
    yield from (f"the facts tell {text}" for text in case.never if text in answer)
    for path, expected in case.facts.items():
        seen = lookup(result, path)
        if seen != expected or isinstance(seen, bool) != isinstance(expected, bool):
            yield f"{path} is {json.dumps(seen)}, must be {json.dumps(expected)}"
    for check, expected in case.verdict.items():
        seen = result["verdicts"].get(check, "no such check")
        if seen != expected:
            yield f"the verdict of {check} is {seen}, must be {expected}"


def run_case(program, case):
    """Empty when it is right."""
    with tempfile.TemporaryDirectory(prefix="dijkwacht-case-") as folder:
        tree = Tree(folder)
        tree.folder.chmod(0o755)
        try:
            arguments = build(tree, case.machine)
        except (Declaration, KeyError) as mistake:
            return [f"the entry is wrong: {mistake}"]
        answer = subprocess.run([program, "--judge", *arguments, case.collector, folder],
                                capture_output=True, text=True, check=False, timeout=60)
    if answer.returncode != 0:
        return [f"collect_facts failed: {answer.stderr.strip()}"]
    return list(differences(case, answer.stdout))


def wanted_cases(names):
    """By subject: the cases, and the numbers of those that need a real kernel."""
    subjects = {}
    for path in sorted(HERE.glob("*.json")):
        if path.stem != "mutations":
            subjects[path.stem] = read_subject(path)
    for name in names:
        if name not in subjects and not any(name == case.number for cases, _ in subjects.values()
                                            for case in cases):
            raise Declaration(f"there is no subject or case {name}")
    return {subject: ([case for case in cases if not names or subject in names
                       or case.number in names], not_here)
            for subject, (cases, not_here) in subjects.items()}


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    failed = 0
    try:
        subjects = wanted_cases(sys.argv[2:])
    except (Declaration, KeyError) as mistake:
        print(f"the data are wrong: {mistake}")
        return 1
    for subject, (cases, not_here) in subjects.items():
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            outcomes = list(pool.map(lambda case: run_case(program, case), cases))
        wrong = sum(bool(outcome) for outcome in outcomes)
        failed += wrong
        for case, outcome in zip(cases, outcomes):
            for difference in outcome:
                print(f"{case.number}: {case.situation}\n    {difference}")
        if cases:
            print(f"{subject}: {len(cases) - wrong} of {len(cases)} cases right, "
                  f"{len(not_here)} need a real kernel ({', '.join(not_here) or 'none'})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
