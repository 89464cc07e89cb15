#!/usr/bin/env python3
"""The order of package versions is the one that dpkg itself gives, for pairs made at random.

usage: version_compare_oracle.py PROGRAM
"""

import random
import shutil
import subprocess
import sys

PAIRS = 400
SEED = 20261123
PIECES = ["0", "1", "9", "10", "00", "007", "a", "b", "Z", "~", "~~", "+", ".", "-1", "-",
          "deb12u1", "+b1", "~rc1", "really", "+dfsg"]


def make_version(chance):
    version = chance.choice("0123456789")
    for _ in range(chance.randrange(6)):
        version += chance.choice(PIECES)
    if version.endswith("-"):
        version += "0"
    if chance.random() < 0.2:
        version = f"{chance.randrange(3)}:{version}"
    return version


def make_pair(chance):
    left = make_version(chance)
    if chance.random() < 0.5:
        return left, make_version(chance)
    position = chance.randrange(1, len(left) + 1)  # near pairs find more than far ones
    right = left[:position] + chance.choice(PIECES).strip("-") + left[position:]
    return (left, right) if chance.random() < 0.5 else (right, left)


def ask_dpkg(left, right):
    for operator, sign in (("lt", "<"), ("eq", "="), ("gt", ">")):
        answer = subprocess.run(["dpkg", "--compare-versions", left, operator, right],
                                stderr=subprocess.PIPE, text=True, check=False)
        if answer.stderr:
            return None  # dpkg warns about versions that cannot be
        if answer.returncode == 0:
            return sign
    raise SystemExit(f"dpkg does not order {left} and {right}")


def main():
    if shutil.which("dpkg") is None:
        print("skipped: there is no dpkg here")
        return 77
    chance = random.Random(SEED)
    pairs = [make_pair(chance) for _ in range(PAIRS)]
    asked = [(left, right, ask_dpkg(left, right)) for left, right in pairs]
    asked = [pair for pair in asked if pair[2] is not None]
    ours = subprocess.run([sys.argv[1]], input="".join(f"{l} {r}\n" for l, r, _ in asked),
                          capture_output=True, text=True, check=True).stdout.split()
    wrong = [(l, r, dpkg, our) for (l, r, dpkg), our in zip(asked, ours, strict=True)
             if dpkg != our]
    for left, right, dpkg, our in wrong:
        print(f"{left} {dpkg} {right} for dpkg, {our} for us")
    print(f"{len(asked)} pairs, {len(wrong)} differ")
    return 1 if wrong or len(asked) < PAIRS / 2 else 0


if __name__ == "__main__":
    sys.exit(main())
