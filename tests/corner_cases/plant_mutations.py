#!/usr/bin/env python3
"""Plants one fault at a time into a copy of the tree: the case that is about it must see it.

usage: plant_mutations.py SOURCE [NUMBER of a case...]
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from run_cases import run_case, wanted_cases

HERE = pathlib.Path(__file__).resolve().parent
LEFT_OUT = shutil.ignore_patterns(".git", "build", "corpus", "__pycache__", "node_modules")
KEYS = {"seen_by", "file", "original", "broken"}


def build(tree):
    """Only what runs the collectors. None when it does not build, else the program."""
    result = subprocess.run(["cmake", "--build", tree / "build", "--target", "collect_facts"],
                            capture_output=True, text=True, check=False)
    if result.returncode != 0:
        print(result.stdout[-2000:])
        return None
    return str(tree / "build/tests/collect_facts")


def copy_tree(source, tree):
    shutil.copytree(source, tree, ignore=LEFT_OUT, symlinks=True)
    subprocess.run(["cmake", "-S", tree, "-B", tree / "build", "-G", "Ninja",
                    "-DCMAKE_BUILD_TYPE=Debug"], stdout=subprocess.DEVNULL, check=True)


def plant(tree, mutation, case):
    """Why the fault was not seen, or None when it was."""
    file = tree / mutation["file"]
    right = file.read_text(encoding="utf-8")
    if set(mutation) != KEYS or right.count(mutation["original"]) != 1:
        return "the original text is not there exactly once"
    file.write_text(right.replace(mutation["original"], mutation["broken"]), encoding="utf-8")
    try:
        program = build(tree)
        if program is None:
            return "it does not build"
        return None if run_case(program, case) else "the case is still right"
    finally:
        file.write_text(right, encoding="utf-8")


def main():
    mutations = [mutation for mutation in json.loads((HERE / "mutations.json").read_text())
                 if not sys.argv[2:] or mutation["seen_by"] in sys.argv[2:]]
    cases = {case.number: case for some, _ in wanted_cases([]).values() for case in some}
    missed = 0
    with tempfile.TemporaryDirectory(prefix="dijkwacht-mutations-") as folder:
        tree = pathlib.Path(folder) / "tree"
        copy_tree(sys.argv[1], tree)
        program = build(tree)
        if program is None:
            return 1
        for number in sorted({mutation["seen_by"] for mutation in mutations}):
            for difference in run_case(program, cases[number]):
                print(f"{number} is wrong before any fault was planted: {difference}")
                missed += 1
        for mutation in mutations:
            reason = plant(tree, mutation, cases[mutation["seen_by"]])
            if reason is not None:
                print(f"{mutation['seen_by']} does not see a fault in {mutation['file']}: {reason}"
                      f"\n    {mutation['broken']}")
                missed += 1
    print(f"{len(mutations)} faults planted, {len(mutations) - missed} seen")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
