"""docs/what-is-sent.md lists the facts that the program has, in the program's words."""

import pathlib
import re
import unittest

from support import program, run

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "what-is-sent.md"


def facts_of_program():
    """[(section, fact, purpose)], as "dijkwacht collectors --facts" prints them."""
    facts, section, group = [], None, None
    for line in run(program("agent/dijkwacht"), "collectors", "--facts").stdout.splitlines():
        indent = len(line) - len(line.lstrip())
        name = re.match(r" *(\w+)( \(.*\))?$", line)
        if not line:
            continue
        if indent == 0:
            section = line.split()[0]
        elif indent == 2:
            group = name.group(1)
            facts.append([section, group, []])
        elif indent == 4:
            facts.append([section, f"{group}.{name.group(1)}", []])
        else:
            facts[-1][2].append(line.strip())
    return [(section, fact, " ".join(words)) for section, fact, words in facts]


def facts_of_page():
    facts, section = [], None
    for line in PAGE.read_text().splitlines():
        heading = re.match(r"### `(\w+)`", line)
        row = re.match(r"\| `([\w.]+)` \| (.*) \|$", line)
        if heading:
            section = heading.group(1)
        elif row and section:
            facts.append((section, row.group(1), row.group(2)))
    return facts


class WhatIsSent(unittest.TestCase):
    def test_the_page_and_the_program_list_the_same_facts(self):
        program_facts = facts_of_program()
        self.assertGreater(len(program_facts), 50)
        self.assertEqual(facts_of_page(), program_facts)


if __name__ == "__main__":
    unittest.main()
