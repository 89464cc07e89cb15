"""What the packages say of themselves."""

import re
import unittest
import xml.etree.ElementTree

from support import PACKAGING, SOURCE, need, run


def found(path, pattern):
    """The first group of the first match in a file of the tree."""
    match = re.search(pattern, (SOURCE / path).read_text(), re.MULTILINE)
    return None if match is None else match.group(1)


class Metadata(unittest.TestCase):
    def test_every_package_has_the_version_of_the_programs(self):
        version = found("CMakeLists.txt", r"^project\(dijkwacht VERSION (\S+)")
        self.assertIsNotNone(version)
        self.assertEqual(found("packaging/debian/changelog", r"\Adijkwacht \((\S+)\)"), version)
        self.assertEqual(found("packaging/rpm/dijkwacht.spec", r"^Version: +(\S+)"), version)
        self.assertEqual(found("packaging/rpm/dijkwacht.spec", r"^\* .* - (\S+)-1$"), version)

    def test_the_licence_is_the_one_of_the_tree(self):
        self.assertIn("Apache License", (SOURCE / "LICENSE").read_text())
        self.assertEqual(found("packaging/debian/copyright", r"^License: (\S+)$"), "Apache-2.0")
        self.assertEqual(found("packaging/rpm/dijkwacht.spec", r"^License: +(\S+)$"), "Apache-2.0")

    def test_desktops_understand_the_entry_and_its_icon(self):
        run("desktop-file-validate", PACKAGING / "desktop/dijkwacht-status.desktop")
        icon = xml.etree.ElementTree.parse(PACKAGING / "desktop/dijkwacht.svg").getroot()
        self.assertEqual(icon.tag, "{http://www.w3.org/2000/svg}svg")


if __name__ == "__main__":
    need("desktop-file-validate")
    unittest.main()
