"""The figures as a table for people and as JSON for programs."""

import json
import statistics
from typing import NamedTuple


class Row(NamedTuple):
    """One measured thing: what, its unit, all samples, and what is wanted of the median."""

    what: str
    unit: str
    samples: list
    wanted: str = ""

    @property
    def median(self):
        """The figure that stands for all samples."""
        return statistics.median(self.samples)

    def cells(self):
        """Return the row of the table."""
        spread = ""
        if len(self.samples) > 1:
            quarters = statistics.quantiles(self.samples, method="inclusive")
            fence = (min(self.samples), quarters[0], quarters[2], max(self.samples))
            spread = " / ".join(figure(each) for each in fence)
        return [self.what, f"{figure(self.median)} {self.unit}".strip(), spread, self.wanted]


def figure(number):
    """Write a number with as many digits as it deserves."""
    return f"{number:.0f}" if isinstance(number, int) or abs(number) >= 10 else f"{number:.2f}"


def table(rows):
    """Return the rows as Markdown that reads well as plain text, too."""
    head = ["", "median", "least / quarter / three quarters / most", "wanted"]
    cells = [head, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]

    def line(words):
        return "| " + " | ".join(word.ljust(width) for word, width in zip(words, widths)) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([line(cells[0]), rule, *map(line, cells[1:])])


def nested(figures):
    """Turn {`a.b`: 1} into {"a": {"b": 1}}, rounded to what was measured."""
    whole = {}
    for path, number in figures.items():
        place = whole
        *folders, name = path.split(".")
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = round(number, 3)
    return json.dumps(whole, indent=2) + "\n"
