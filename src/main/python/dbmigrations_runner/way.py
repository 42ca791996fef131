"""What the revisions up to some of them leave behind, held against what a database has: for `spec.baseline`."""

from __future__ import annotations

import time

from dbmigrations_runner import catalog, graph, sources, targets
from dbmigrations_runner.inventory import Inventory, changes, doubts


class Way:
    """The revisions from base to one or more of them, as far as their SQL tells what they do to tables and columns."""

    def __init__(self, tree, ids, table, render, seconds):
        steps = tree.steps(graph.UPGRADE, targets.Target("", frozenset(ids)), frozenset())
        rendered = render(steps, time.monotonic() + seconds)
        self.is_whole = len(rendered) == len(steps)
        self._tree, self._table = tree, table
        self._changes = {step.step.revision.revision: _changes(step) for step in rendered}
        # What these did is not known, or not all of it.
        self.unread = [name for name, done in self._changes.items() if any(verb == "doubt" for verb, *_ in done)]

    def missing(self, query):
        """Return, in words, what the database lacks of what these revisions leave behind."""
        left = self._left(self._changes)
        existing = catalog.facts(query, left.tables)
        return [left.said(fact) for fact in left.missing(existing)]

    def newest_that_fits(self, query):
        """Return the newest revision up to which the database has every table and column, or None.

        One that only takes away what is still there has not been run, unless a later one has been.
        """
        existing = catalog.facts(query, self._named())
        found, undone, before = None, False, set()
        left = self._left([])
        for name, done in self._changes.items():
            added, removed = left.step(done)
            before.add(name)
            needed = self._tree.ancestors([name])
            seen = left if needed == before else self._left([other for other in self._changes if other in needed])
            if not seen.tables or seen.missing(existing):
                continue
            undone = not added and (undone or bool(removed & existing))
            found = found if undone else name
        return found

    def has_version_table(self, query):
        """Tell whether the table of revisions exists; an empty one counts, too."""
        return bool(catalog.facts(query, [(self._table.schema, self._table.name)]))

    def _left(self, names):
        left = Inventory(self._table)
        for name in names:
            left.step(self._changes[name])
        return left

    def _named(self):
        left, named = self._left([]), set()
        for done in self._changes.values():
            left.step(done)
            named.update(left.tables)
        return named


def _changes(rendered):
    found = changes(rendered.sql)
    if rendered.why_not is not None:
        found += doubts(sources.upgrade_code(rendered.step.revision.path)) or [("doubt", frozenset())]
    return found
