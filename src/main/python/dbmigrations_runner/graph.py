"""The revisions of one script directory: what a target means there, and which way it lies (rule 4).

Nothing here asks how many rows or heads there are: a linear history is only the simplest case.
"""

from __future__ import annotations

import warnings
from itertools import chain

from alembic.script.revision import RevisionError
from alembic.util import CommandError

from dbmigrations_runner import failures
from dbmigrations_runner.errors import StoppedError

SHORTEST_PREFIX = 4
UPGRADE, DOWNGRADE, NONE = "Upgrade", "Downgrade", "None"


class Graph:
    """The history that env.py's own script directory shows."""

    def __init__(self, script, image):
        self._script = script
        self._image = image
        self.revisions = {revision.revision: revision for revision in _load(script, image)}

    @property
    def heads(self):
        """The ids that nothing follows, `depends_on` included."""
        followed = set(chain.from_iterable(revision._all_down_revisions for revision in self.revisions.values()))
        return sorted(set(self.revisions) - followed)

    def unknown(self, rows):
        """Return the rows that this image does not know."""
        return sorted(set(rows) - set(self.revisions))

    def resolve(self, target):
        """Return the set of ids that a target means here; `base` means none."""
        if target == "base":
            return frozenset()
        if target == "heads":
            return frozenset(self.heads)
        if target == "head":
            return frozenset([self._single_head()])
        if target in self.revisions:
            return frozenset([target])
        if "@" in target or target in self._labels():
            return self._by_label(target)
        return frozenset([self._by_prefix(target)])

    def direction(self, targets, rows):
        """Return the way from the rows to the resolved target: None exactly when they are at it."""
        if not targets:
            return DOWNGRADE if rows else NONE
        applied = self.ancestors(rows)
        if not targets <= applied:
            return UPGRADE
        beyond = any(targets.intersection(self.revisions[revision]._versioned_down_revisions) for revision in applied)
        return DOWNGRADE if beyond else NONE

    def steps(self, direction, targets, rows):
        """Return Alembic's own steps, in the order in which they run."""
        rows = tuple(sorted(rows))
        try:
            if direction == UPGRADE:
                return list(self._script._upgrade_revs(tuple(sorted(targets)), rows))
            if direction == DOWNGRADE:
                return list(self._script._downgrade_revs(_single(targets), rows))
        except CommandError as error:
            raise _refused(error, self._image) from error
        return []

    def undone_by(self, targets, rows):
        """Return the revisions that a downgrade to the target takes back, newest first."""
        try:
            # Not by way of the steps: they cannot even be built when a downgrade() is missing.
            walk = self._script.iterate_revisions(tuple(sorted(rows)), _single(targets), select_for_downgrade=True)
            undone = list(walk)
        except CommandError as error:
            raise _refused(error, self._image) from error
        self._refuse_other_branches(targets, undone)
        return undone

    def ancestors(self, ids):
        """Return these ids and everything that they need, `depends_on` included; ids unknown here count alone."""
        found, waiting = set(), list(ids)
        while waiting:
            revision = waiting.pop()
            if revision not in found:
                found.add(revision)
                if revision in self.revisions:
                    waiting.extend(self.revisions[revision]._all_down_revisions)
        return found

    def _refuse_other_branches(self, targets, undone):
        if not targets:
            return
        own = set(targets)
        grown = True
        while grown:  # descendants by down_revision alone
            children = {
                name
                for name, revision in self.revisions.items()
                if own.intersection(revision._versioned_down_revisions)
            }
            grown = not children <= own
            own |= children
        others = [revision.revision for revision in undone if revision.revision not in own]
        if others:
            raise StoppedError(
                "DowngradeForbidden",
                f"going down to {', '.join(sorted(targets))} would take revisions of other branches along: "
                f"{', '.join(others)}; take those branches down first",
            )

    def _single_head(self):
        heads = sorted(self._script.get_heads())
        if len(heads) == 1:
            return heads[0]
        if not heads:
            raise StoppedError("RevisionNotFound", f"image {self._image} has no revision at all")
        raise StoppedError(
            "MultipleHeads",
            f"image {self._image} has {len(heads)} heads: {', '.join(heads)}; "
            "name one of them, a branch as label@head, or heads for all of them",
        )

    def _by_prefix(self, target):
        found = (
            sorted(name for name in self.revisions if name.startswith(target)) if len(target) >= SHORTEST_PREFIX else []
        )
        if len(found) == 1:
            return found[0]
        if found:
            raise StoppedError(
                "AmbiguousRevision",
                f"target {target} is the beginning of {len(found)} revisions in image {self._image}: "
                f"{', '.join(found[:10])}; write the whole id",
            )
        hint = f"; a prefix has at least {SHORTEST_PREFIX} characters" if len(target) < SHORTEST_PREFIX else ""
        raise StoppedError(
            "RevisionNotFound",
            f"target revision {target} is not in image {self._image}, whose head is "
            f"{', '.join(self.heads[:10]) or 'nothing'}{hint}",
        )

    def _by_label(self, target):
        try:
            found = self._script.get_revisions(target)
        except CommandError as error:
            raise _refused(error, self._image) from error
        ids = frozenset(revision.revision for revision in found if revision is not None)
        if not ids:
            raise StoppedError(
                "RevisionNotFound",
                f"target {target} means no revision in image {self._image}: write base, or the id to go down to",
            )
        return ids

    def _labels(self):
        return set(chain.from_iterable(revision.branch_labels for revision in self.revisions.values()))


def _single(targets):
    return next(iter(targets)) if len(targets) == 1 else tuple(sorted(targets)) or "base"


def _load(script, image):
    """Return all revisions; Alembic only warns of a tree that is broken, and then goes on with half of it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", category=UserWarning, module=r"alembic\.script")
        try:
            return list(script.walk_revisions())
        except (CommandError, RevisionError, UserWarning) as error:
            raise _refused(error, image) from error
        except Exception as error:
            raise StoppedError(
                "EnvironmentFailed", f"a revision's file in image {image} cannot be loaded: {failures.described(error)}"
            ) from error


def _refused(error, image):
    """Return the refusal for an error of Alembic's graph; the reason stands in its cause."""
    reasons = {
        "MultipleHeads": "MultipleHeads",
        "ResolutionError": "RevisionNotFound",
        "RangeNotAncestorError": "RevisionNotFound",
    }
    reason = reasons.get(type(error.__cause__).__name__, "ImageUnusable")
    return StoppedError(reason, f"Alembic refuses the history in image {image}: {failures.first_line(error)}")
