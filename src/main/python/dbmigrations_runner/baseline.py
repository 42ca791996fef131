"""Databases that had tables before they had revisions: `spec.baseline`, and which one would fit."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from dbmigrations_runner import bookkeeping, catalog, graph, refusals, sources, targets
from dbmigrations_runner.errors import superseded
from dbmigrations_runner.inventory import Inventory, changes, doubts

# SQLSTATEs of what exists already: a schema, table, column, other object, function.
EXISTS = ("42P06", "42P07", "42701", "42710", "42723")
# How long looking for the one that fits may take; it makes nobody wait but the report of a failure.
SEARCH_SECONDS = 60
ADOPTS = "spec.baseline adopts a database that was made without these revisions, at one of them"
# How many revisions are named that could not be read whole.
GREATEST_LIST = 5


@dataclass(frozen=True)
class Stamp:
    """What stands for the revisions up to the baseline: Alembic's own step, and the rows that it leaves."""

    revision: str
    step: object
    rows: frozenset


class Adoption:
    """What a baseline comes to in one run; `query` asks the catalogs beside env.py's connections."""

    def __init__(self, run, query):
        self._run = run
        self._query = query
        self.stamp = None
        # Revisions up to there that could not be read whole.
        self.unread = []
        # What would help where things exist already.
        self.hint = None

    def begin(self, tree, target, table):
        """Find out whether this run stamps, and return the rows with which its steps then begin; else None."""
        if self._run.baseline is None or table.exists:
            if self._run.baseline_required:
                raise superseded(f"the plan begins with a stamp, and version table {table.full_name} exists now")
            return None
        revision = targets.baseline(tree, self._run.baseline)
        if revision not in tree.ancestors(target.ids) and not target.ids <= tree.ancestors([revision]):
            raise refusals.baseline_elsewhere(revision, target, tree.image)
        refusals.unfit_ids([revision], table.width)
        (step,) = tree.script._stamp_revs(revision, ())
        self.stamp = Stamp(revision, step, frozenset(bookkeeping.rows_after((), [step])))
        return self.stamp.rows

    def check(self, tree, table, render):
        """Refuse to stamp a database that lacks what the revisions up to there leave behind."""
        way = Way(tree, [self.stamp.revision], table, render, math.inf)
        self.unread = way.unread
        refusals.misfit(self.stamp.revision, way.missing(self._query))

    def stamped(self, applied):
        """Return what the result document says, where the revisions that are applied show that the stamp is there."""
        if self.stamp is None or self.stamp.revision not in applied:
            return None
        return {"revision": self.stamp.revision, "unread": self.unread[:GREATEST_LIST]}

    def look(self, tree, target, table, render):
        """Find out which baseline fits a database in which things exist that were to be made."""
        way = Way(tree, target.ids, table, render, SEARCH_SECONDS)
        fits = way.newest_that_fits(self._query) if way.is_whole else None
        if not way.is_whole:
            self.hint = f"{ADOPTS}, and which one fits was not found in {SEARCH_SECONDS} s"
        elif fits is None:
            self.hint = f"{ADOPTS}, but it has all tables and columns of none"
        elif self.stamp is None or self.stamp.revision != fits:
            there = catalog.facts(self._query, [(table.schema, table.name)])
            first = f"drop its version table {table.full_name} and " if there else ""
            self.hint = (
                f"if the database was made without these revisions, {first}write spec.baseline: {fits}, "
                "the newest up to which it has every table and column"
            )


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
