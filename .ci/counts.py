"""Adds up the tests that ran: `.ci/counts.py LOG…`.

Maven's from surefire's and failsafe's XML reports under target/, pytest's from the closing lines in the given logs.
Prints one line per suite, and last of all `N passed, N failed, N skipped`. Exit status 1 when a test failed, and when
a suite ran none: a suite that is not there must not look like one that is green.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree


class Counts(NamedTuple):
    """How many tests ended how; an error counts as failed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def plus(a, b):
    """Add two counts."""
    return Counts(*(x + y for x, y in zip(a, b)))


def of_reports(folder):
    """Count what Maven's reports in this folder tell."""
    counts = Counts()
    for report in folder.glob("TEST-*.xml"):
        suite = ElementTree.parse(report).getroot()
        tests, failures, errors, skipped = (int(suite.get(k, 0)) for k in ("tests", "failures", "errors", "skipped"))
        counts = plus(counts, Counts(tests - failures - errors - skipped, failures + errors, skipped))
    return counts


def of_log(log):
    """Count what pytest's closing lines in this log tell: `1 failed, 2 passed, 1 skipped in 3.21s`."""
    counts = Counts()
    text = log.read_text(errors="replace") if log.exists() else ""
    for line in re.findall(r"^=* ?(\d+ \w+(?:, \d+ \w+)*) in [\d.]+s", text, re.MULTILINE):
        said = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", line)}
        failed = sum(said.get(word, 0) for word in ("failed", "error", "errors", "xpassed"))
        counts = plus(counts, Counts(said.get("passed", 0), failed, said.get("skipped", 0) + said.get("xfailed", 0)))
    return counts


def main(logs):
    """Print the counts of each suite and of all; return the exit status."""
    suites = {name: of_reports(Path("target", f"{name}-reports")) for name in ("surefire", "failsafe")}
    suites.update({Path(log).stem: of_log(Path(log)) for log in logs})
    total, empty = Counts(), []
    for name, counts in suites.items():
        print(f"{name:14} {counts}")
        total = plus(total, counts)
        if counts.passed + counts.failed == 0:
            empty.append(name)
    if empty:
        print(f"no test ran in: {', '.join(empty)}")
    print(total)
    return 1 if empty or total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
