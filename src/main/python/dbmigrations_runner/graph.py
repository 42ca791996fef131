"""The revisions of one script directory: what comes after what, and which way a target lies (rule 4).

Nothing here asks how many rows, heads or bases there are: a linear history is only the simplest case.
"""

from __future__ import annotations

import gc
import os
import traceback
import warnings
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from operator import attrgetter

from alembic.runtime.migration import MigrationStep
from alembic.script.revision import RevisionError
from alembic.util import CommandError

from dbmigrations_runner import failures
from dbmigrations_runner.errors import StoppedError

UPGRADE, DOWNGRADE, NONE = "Upgrade", "Downgrade", "None"
BEFORE, ALL_BEFORE = attrgetter("_versioned_down_revisions"), attrgetter("_all_down_revisions")
AFTER, ALL_AFTER = attrgetter("nextrev"), attrgetter("_all_nextrev")


class Graph:
    """The history that env.py's own script directory shows."""

    def __init__(self, script, image):
        self.script = script
        self.image = image
        self.revisions = {revision.revision: revision for revision in _load(script, image)}
        # A run asks for the same few again and again; each may be the whole history, so only a few are kept.
        self._ancestors = lru_cache(8)(lambda ids: frozenset(self._closure(ids, ALL_BEFORE)))

    @property
    def heads(self):
        """The ids that nothing follows, `depends_on` included."""
        return sorted(name for name, revision in self.revisions.items() if not ALL_AFTER(revision))

    def unknown(self, rows):
        """Return the rows that this image does not know."""
        return sorted(set(rows) - set(self.revisions))

    def ancestors(self, ids):
        """Return these ids and everything that they need, `depends_on` included; ids unknown here count alone."""
        return self._ancestors(frozenset(ids))

    def line(self, name):
        """Return what comes before and after a revision by `down_revision` alone, and the revision itself."""
        return self._closure([name], BEFORE) | self._closure([name], AFTER)

    def overlapping(self, rows):
        """Return (row, later row) where one of the rows is an ancestor of another, or None."""
        for later in sorted(rows):
            found = self.ancestors([later]).intersection(rows) - {later}
            if found:
                return min(found), later
        return None

    def direction(self, target, rows):
        """Return the way from the rows to the resolved target: None exactly when they are at it."""
        applied = self.ancestors(rows)
        if not target.ids <= applied:
            return UPGRADE
        return NONE if applied.isdisjoint(self._beyond(target)) else DOWNGRADE

    def steps(self, direction, target, rows):
        """Return Alembic's own steps, in the order in which they run."""
        if direction == UPGRADE:
            try:
                return list(self.script._upgrade_revs(tuple(sorted(target.ids)), tuple(sorted(rows))))
            except CommandError as error:
                raise _refused(error, self.image) from error
        if direction == DOWNGRADE:
            downgrade = MigrationStep.downgrade_from_script
            return [downgrade(self.script.revision_map, revision) for revision in self.undone_by(target, rows)]
        return []

    def pending(self, target, rows):
        """Return how many revisions lie between the rows and the target."""
        direction = self.direction(target, rows)
        if direction == UPGRADE:
            return len(self.ancestors(target.ids) - self.ancestors(rows))
        return len(self.undone_by(target, rows)) if direction == DOWNGRADE else 0

    def undone_by(self, target, rows):
        """Return the revisions that a downgrade to the target takes back, newest first.

        Not by way of the steps: they cannot even be built where a downgrade() is missing. Not by Alembic's
        `iterate_revisions` either: with a label it takes other branches along.
        """
        applied = self.ancestors(rows)
        beyond = self._beyond(target) & applied
        undone = self._closure(beyond, ALL_AFTER) & applied
        others = undone - (target.line if target.line is not None else self._closure(beyond, AFTER))
        if others:
            raise StoppedError(
                "DowngradeForbidden",
                f"going down to {target.text} would take revisions of other branches along: "
                f"{', '.join(sorted(others))}; take those branches down first",
            )
        order = self.script.revision_map._topological_sort(
            [self.revisions[name] for name in undone], [self.revisions[name] for name in rows]
        )
        return [self.revisions[name] for name in order]

    def _beyond(self, target):
        """Return the first revisions that must not be there at the target: its children, or the bases."""
        if target.ids:
            first = set(chain.from_iterable(AFTER(self.revisions[name]) for name in target.ids))
        else:
            first = {name for name, revision in self.revisions.items() if not BEFORE(revision)}
        return first if target.line is None else first & target.line

    def _closure(self, ids, neighbours):
        found, waiting = set(), list(ids)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                if name in self.revisions:
                    waiting.extend(neighbours(self.revisions[name]))
        return found


def _load(script, image):
    """Return all revisions; Alembic only warns of a tree that is broken, and then goes on with half of it."""
    with warnings.catch_warnings(), _all_stays():
        warnings.filterwarnings("error", category=UserWarning, module=r"alembic\.script")
        # One file found by two ways, as by overlapping version_locations: Alembic takes it once.
        warnings.filterwarnings("ignore", message=r"File .* loaded twice", category=UserWarning)
        try:
            # Not `walk_revisions()`, which sorts them.
            return [revision for revision in script.revision_map._revision_map.values() if revision]
        except (CommandError, RevisionError, UserWarning) as error:
            raise _refused(error, image) from error
        except Exception as error:
            raise StoppedError(
                "EnvironmentFailed",
                f"{_file(error, script)} in image {image} cannot be loaded: {failures.described(error)}",
            ) from error


@contextmanager
def _all_stays():
    """Make no search for garbage among a thousand modules that are all kept, neither meanwhile nor later."""
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if searching:
            gc.enable()


def _file(error, script):
    """Return the name of the revision's file in which loading failed, where the traceback shows it."""
    folders = tuple(map(str, script._version_locations))
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    return next((os.path.basename(file) for file in reversed(files) if file.startswith(folders)), "a revision's file")


def _refused(error, image):
    """Return the refusal for an error of Alembic's graph."""
    return StoppedError("ImageUnusable", f"Alembic refuses the history in image {image}: {failures.first_line(error)}")
