"""Alembic's own keeping of the version table's rows, done before the run and without a database."""

from __future__ import annotations

from functools import wraps

from alembic.runtime.migration import HeadMaintainer, RevisionStep

from dbmigrations_runner import sources
from dbmigrations_runner.errors import StoppedError
from dbmigrations_runner.leftovers import autocommits


class Foreseen(HeadMaintainer):
    """Decides as Alembic will, and writes nothing."""

    def __init__(self, rows):
        super().__init__(None, rows)

    def _insert_version(self, version):
        self._replace(None, version)

    def _delete_version(self, version):
        self._replace(version, None)

    def _update_version(self, from_, to_):
        self._replace(from_, to_)

    def _replace(self, old, new):
        if new in self.heads or (old and old not in self.heads):
            raise LookupError(old, new)
        self.heads = (self.heads - {old}) | ({new} if new else set())


def refuse_confusion(graph, steps, rows):
    """Refuse steps of which Alembic loses count, as it can where a merge joins relatives.

    It would fail in the middle, or leave a revision's row beside that of its own ancestor.
    """
    moved = {step.revision.revision for step in steps}
    foreseen = Foreseen(rows)
    try:
        for step in steps:
            foreseen.update_to_step(step)
    except (LookupError, AssertionError):
        raise _confused(graph, step.revision, rows) from None
    if graph.ancestors(foreseen.heads) != graph.ancestors(rows) ^ moved or graph.overlapping(foreseen.heads):
        raise _confused(graph, step.revision, rows)


def create_table(create, steps, context):
    """Let Alembic's table be created; where each step has a transaction of its own, in that of the first.

    Alembic itself does so before, and a first step that fails leaves it behind, empty: no baseline would count then.
    """
    each_its_own = context._transaction_per_migration or not context.impl.transactional_ddl
    first = steps[0] if steps and each_its_own and not autocommits(context.connection) else None
    if first is None or (isinstance(first, RevisionStep) and sources.may_commit(first.revision.path)):
        create()
        return
    run = first.migration_fn

    @wraps(run)
    def creating(*arguments, **options):
        create()
        return run(*arguments, **options)

    first.migration_fn = creating


def rows_after(rows, steps):
    """Return the rows that these steps will leave, in order."""
    foreseen = Foreseen(rows)
    for step in steps:
        foreseen.update_to_step(step)
    return sorted(foreseen.heads)


def _confused(graph, revision, rows):
    return StoppedError(
        "ImageUnusable",
        f"Alembic loses count of the version table's rows ({', '.join(sorted(rows)) or 'none'}) at revision "
        f"{revision.revision} of image {graph.image}, which joins {', '.join(revision._all_down_revisions)}: where one "
        "of these is an ancestor of another, name only the later one; nothing was run",
    )
