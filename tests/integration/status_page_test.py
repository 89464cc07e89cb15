"""The status page: what "dijkwacht status --html" writes, and the file that a check-in leaves."""

import datetime
import html.parser
import json
import pathlib
import re
import time
import unittest

from machine import Machine
from support import Folder, ServerTest

CHECKS = pathlib.Path(__file__).parents[2] / "baseline" / "checks"
DAY = 86400
VOID = {"meta", "use", "path", "rect", "circle"}
WORDS = {"pass": "Good", "fail": "To fix", "unknown": "Not known",
         "not_applicable": "Does not apply", "accepted": "Accepted"}


def as_text(seconds):
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def good_value(condition, now):
    """A value that the condition of one fact calls good."""
    if "one_of" in condition:
        return condition["one_of"][0]
    if "not_older_than_days" in condition:
        return as_text(now)
    if "not_before_now" in condition:
        return as_text(now + 400 * DAY)
    return next(condition[name] for name in ("equals", "at_most", "at_least") if name in condition)


def add_good_facts(condition, now, sections):
    for part in condition.get("all", []) + condition.get("any", []):
        add_good_facts(part, now, sections)
    if "fact" in condition:
        section, name = condition["fact"][1:].split("/")
        part = sections.setdefault(section, {"facts": {}, "unknown": {}})
        part["facts"][name] = good_value(condition, now)


def good_sections(now):
    """Facts of a laptop on which every check is good, made from the checks themselves."""
    sections = {"os_release": {"facts": {"machine_kind": "laptop", "name": "Debian GNU/Linux 12"},
                               "unknown": {}}}
    for path in CHECKS.glob("*.json"):
        add_good_facts(json.loads(path.read_text())["condition"], now, sections)
    return sections


class Page(html.parser.HTMLParser):
    """Takes a page apart; fails where an element is not closed by its own end."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open = []
        self.elements = []
        self.headings = {}
        self.words = ""
        self.feed(text)
        self.close()
        if self.open:
            raise AssertionError(f"never closed: {self.open}")

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("h1", "h2", "h3", "title"):
            self.headings.setdefault(tag, []).append("")

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes something else, at {self.getpos()}")

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.words += data
        for tag in ("h1", "h2", "h3", "title"):
            if tag in self.open:
                self.headings[tag][-1] += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


class StatusPage(unittest.TestCase):
    def setUp(self):
        temporary = Folder()
        self.addCleanup(temporary.cleanup)
        self.machine = Machine(temporary.path)
        self.now = int(time.time())

    def enrol(self, label="field-07"):
        """As an enrolment would leave it; nothing here speaks to a server."""
        folder = self.machine.state / "etc"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "enrolment.json").write_text(json.dumps({
            "url": "https://collect.mirror.example",
            "organisation": "abcdefghij234567",
            "machine": "22222222-2222-4222-8222-222222222222",
            "label": label, "identity": "0123456789abcdef"}))

    def seen(self, sections, at=None, checks=None):
        folder = self.machine.state / "public"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "facts.json").write_text(json.dumps({
            "seen_at": self.now if at is None else at, "sections": sections,
            "checks": checks or {}}))

    def page(self, expected, *arguments):
        done = self.machine.dijkwacht("status", "--html", *arguments, check=False)
        self.assertEqual(done.returncode, expected, done.stderr)
        page = Page(done.stdout)
        self.holds_for_every_page(page, done.stdout)
        return page

    def holds_for_every_page(self, page, text):
        self.assertTrue(text.startswith("<!doctype html>"))
        self.assertEqual(page.all("html"), [{"lang": "en"}])
        self.assertEqual(len(page.headings["h1"]), 1)
        self.assertIn(page.headings["h1"][0], page.headings["title"][0])
        for landmark in ("header", "main", "footer"):
            self.assertEqual(len(page.all(landmark)), 1)
        self.loads_nothing(page)
        names = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        self.assertEqual(len(names), len(set(names)), "an id stands twice")
        for attributes in page.all("section"):
            self.assertIn(attributes["aria-labelledby"], names)

    def loads_nothing(self, page):
        policy = next(one["content"] for one in page.all("meta")
                      if one.get("http-equiv") == "Content-Security-Policy")
        self.assertRegex(policy, r"^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; "
                                 r"base-uri 'none'; form-action 'none'$")
        for tag, attributes in page.elements:
            self.assertNotIn(tag, ("script", "link", "img", "iframe", "object", "embed", "form"))
            for name, value in attributes.items():
                self.assertFalse(name.startswith("on") or name in ("style", "src"), (tag, name))
                if name == "href":
                    self.assertEqual((tag, value[0]), ("use", "#"))
                    self.assertIn({"id": value[1:], "viewbox": "0 0 16 16"}
                                  if value != "#mark-dike" else
                                  {"id": "mark-dike", "viewbox": "0 0 26 20"}, page.all("symbol"))

    def has_every_verdict(self, page):
        """The same checks in the same states as "dijkwacht status --json" has them."""
        status = json.loads(self.machine.dijkwacht("status", "--json", check=False).stdout)
        self.assertEqual(len(status["checks"]), len(list(CHECKS.glob("*.json"))))
        self.assertEqual(len(page.headings["h3"]), len(status["checks"]))
        for check in status["checks"]:
            sentence = check["wrong"] if check["state"] == "fail" else check["title"]
            self.assertIn(f"{WORDS[check['state']]}: {sentence}", page.headings["h3"])

    def test_not_joined(self):
        page = self.page(2)
        self.assertIn("has not joined an organisation", page.headings["h1"][0])

    def test_joined_and_not_looked_at(self):
        self.enrol()
        page = self.page(2)
        self.assertIn("was not looked at yet", page.headings["h1"][0])

    def test_all_good(self):
        self.enrol()
        self.seen(good_sections(self.now))
        page = self.page(0)
        self.assertEqual(page.headings["h1"], ["Good: nothing to fix"])
        self.has_every_verdict(page)
        self.assertIn("collect.mirror.example", page.words)

    def test_something_to_fix(self):
        self.enrol()
        sections = good_sections(self.now)
        sections["disk_encryption"]["facts"]["all_encrypted"] = False
        sections["patch_level"]["facts"]["pending_security_updates"] = 3
        self.seen(sections, checks={"disk_encrypted": {"state": "fail", "since": 1793318400}})
        page = self.page(1)
        self.assertEqual(page.headings["h1"], ["Not yet: 2 things to fix"])
        self.assertIn("sudo apt-get upgrade", page.words)
        self.assertIn("Since 30 October 2026", page.words)
        self.has_every_verdict(page)

    def test_something_not_known(self):
        self.enrol()
        sections = good_sections(self.now)
        sections["disk_encryption"] = {"facts": {"all_encrypted": None},
                                       "unknown": {"all_encrypted": "not_permitted"}}
        self.seen(sections)
        page = self.page(2)
        self.assertEqual(page.headings["h1"], ["Not known: 1 check has no answer"])
        self.assertIn("This needs privileges that the agent did not have.", page.words)
        self.has_every_verdict(page)

    def test_what_is_too_old_is_not_good(self):
        self.enrol()
        self.seen(good_sections(self.now), at=self.now - 30 * DAY)
        page = self.page(2)
        self.assertIn("the last look is too old", page.headings["h1"][0])
        self.assertNotIn("Good:", " ".join(page.headings["h3"]))
        self.has_every_verdict(page)

    def test_facts_that_are_damaged(self):
        self.enrol()
        self.seen({})
        (self.machine.state / "public" / "facts.json").write_text('{"seen_at":')
        page = self.page(2)
        self.assertIn("cannot be read", page.headings["h1"][0])

    def test_hostile_names_stay_words(self):
        self.enrol(label="</bdi><script>a")
        sections = good_sections(self.now)
        sections["os_release"]["facts"]["name"] = "\"><img src=x onerror=y> \u202egnp"
        self.seen(sections)
        page = self.page(0)
        self.assertIn("</bdi><script>a", page.words)
        self.assertIn("\"><img src=x onerror=y> \u27e8U+202E\u27e9gnp", page.words)

    def test_one_form_at_a_time(self):
        done = self.machine.dijkwacht("status", "--html", "--json", check=False)
        self.assertEqual(done.returncode, 64)


class WrittenPage(ServerTest):
    def test_a_check_in_leaves_the_page_for_everyone(self):
        self.server.add_organisation()
        with Folder() as folder:
            machine = Machine(folder)
            machine.enrol(self.server.join_code(label="field-07"))
            machine.dijkwacht("collect")
            file = machine.state / "public" / "status.html"
            self.assertIn("Nothing yet by the server", Page(file.read_text()).words)
            self.assertEqual(file.stat().st_mode & 0o777, 0o644)
            machine.upload()
            machine.dijkwacht("collect", "--receipts")
            page = Page(file.read_text())
            self.assertRegex(page.words, r"Last received\d+ \w+ \d+, \d\d:\d\d")
            self.assertEqual(file.read_text(),
                             machine.dijkwacht("status", "--html", check=False).stdout)
            before = file.stat().st_ino
            machine.dijkwacht("collect", "--receipts")
            self.assertEqual(file.stat().st_ino, before, "the same page was written again")
            self.assertEqual(re.findall(r"https?://[^ <]*", file.read_text()), [self.server.url])


if __name__ == "__main__":
    unittest.main()
