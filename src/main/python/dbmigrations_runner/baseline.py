"""Databases that had tables before they had revisions: `spec.baseline`, and which one would fit."""

from __future__ import annotations

import math
from typing import NamedTuple

from dbmigrations_runner import refusals, targets
from dbmigrations_runner.errors import superseded

# SQLSTATEs of what exists already: a schema, table, column, other object, function.
EXISTS = ("42P06", "42P07", "42701", "42710", "42723")
# How long looking for the one that fits may take; it makes nobody wait but the report of a failure.
SEARCH_SECONDS = 60
ADOPTS = "spec.baseline adopts a database that was made without these revisions, at one of them"
# How many revisions are named that could not be read whole.
GREATEST_LIST = 5


class Stamp(NamedTuple):
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
        from dbmigrations_runner import bookkeeping, preconditions  # noqa: PLC0415, few runs have a baseline

        preconditions.unfit_ids([revision], table.width)
        (step,) = tree.script._stamp_revs(revision, ())
        self.stamp = Stamp(revision, step, frozenset(bookkeeping.rows_after((), [step])))
        return self.stamp.rows

    def check(self, tree, table, render):
        """Refuse to stamp a database that lacks what the revisions up to there leave behind."""
        way = _way(tree, [self.stamp.revision], table, render, math.inf)
        self.unread = way.unread
        refusals.misfit(self.stamp.revision, way.missing(self._query))

    def stamped(self, applied):
        """Return what the result document says, where the revisions that are applied show that the stamp is there."""
        if self.stamp is None or self.stamp.revision not in applied:
            return None
        return {"revision": self.stamp.revision, "unread": self.unread[:GREATEST_LIST]}

    def look(self, tree, target, table, render):
        """Find out which baseline fits a database in which things exist that were to be made."""
        way = _way(tree, target.ids, table, render, SEARCH_SECONDS)
        fits = way.newest_that_fits(self._query) if way.is_whole else None
        if not way.is_whole:
            self.hint = f"{ADOPTS}, and which one fits was not found in {SEARCH_SECONDS} s"
        elif fits is None:
            self.hint = f"{ADOPTS}, but it has all tables and columns of none"
        elif self.stamp is None or self.stamp.revision != fits:
            first = f"drop its version table {table.full_name} and " if way.has_version_table(self._query) else ""
            self.hint = (
                f"if the database was made without these revisions, {first}write spec.baseline: {fits}, "
                "the newest up to which it has every table and column"
            )


def _way(*arguments):
    # Few runs have a baseline or need one, and what reads SQL is a tenth of the runner.
    from dbmigrations_runner.way import Way  # noqa: PLC0415

    return Way(*arguments)
