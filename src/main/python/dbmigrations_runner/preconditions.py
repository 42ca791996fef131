"""What is refused for what the steps are: their direction, their ids and their code."""

from __future__ import annotations

import unicodedata

from dbmigrations_runner import refusals, sources
from dbmigrations_runner.errors import StoppedError
from dbmigrations_runner.leftovers import autocommits

# Controls, signs that change the direction of writing, ends of lines: the operator shows no id with them.
UNSEEN = ("Cc", "Cf", "Zl", "Zp")


def downgrade(run, graph, target, rows):
    """Rules 5 and 9."""
    way = f"target {run.target} lies below the database's {refusals.said(rows)}"
    if run.downgrade == "Forbidden":
        raise StoppedError("DowngradeForbidden", f"{way}, and downgrade: Never forbids to go down")
    if run.downgrade != "Allowed":
        raise StoppedError(
            "DatabaseAhead",
            f"{way}, which this resource did not bring there: raise targetRevision, "
            "or set downgrade: Always to let the database come down",
        )
    for revision in graph.undone_by(target, rows):
        why = sources.irreversible(revision.module, revision.path)
        if why:
            raise StoppedError(
                "IrreversibleRevision",
                f"revision {revision.revision} cannot be undone: {why}; nothing was run",
            )


def marked(undone):
    """Return (id, what there is to say) for each revision that may be undone without being so (rule 9).

    Nothing is wrong with such a step, but somebody may have forgotten it.
    """
    message = "its downgrade() does nothing, so what its upgrade() did stays"
    return [(revision.revision, message) for revision in undone if sources.does_nothing_back(revision.path)]


def unfit_ids(ids, width):
    """Rule 9: an upgrade would find out at the step's end only."""
    for name in ids:
        if any(unicodedata.category(sign) in UNSEEN for sign in name):
            raise StoppedError(
                "MigrationFailed",
                f"revision id {name!a} has characters that cannot be seen: rename it; nothing was run",
            )
        if "'" in name:
            # Alembic writes it into its statements as it is.
            raise StoppedError(
                "MigrationFailed",
                f"revision id {name} has a quotation mark, which Alembic's own statements cannot hold: rename it; "
                "nothing was run",
            )
        if 0 < width < len(name):
            raise StoppedError(
                "MigrationFailed",
                f"revision id {name} has {len(name)} characters, but the "
                f"version table's column takes {width}: widen it or shorten the id; nothing was run",
            )


def invalid_indexes(steps, found):
    """Refuse steps that would leave an invalid index as it is: nobody would hear of it again."""
    for name in found:
        for step in steps:
            if sources.skips_index(step.revision.path, name.split(".", 1)[1]):
                raise StoppedError(
                    "PartiallyApplied",
                    f"index {name} is invalid, and IF NOT EXISTS in revision {step.revision.revision} would leave it "
                    "so: whoever tried that revision before did a part of it, so look at what else is there, undo it, "
                    "drop the index, then set the annotation dbmigrations.dev/retry; nothing was run",
                )


def suspects(steps, context):
    """Return the steps that an earlier attempt may have half done and committed."""
    if not context.impl.transactional_ddl or autocommits(context.connection):
        return [step.revision.revision for step in steps]
    return [step.revision.revision for step in steps if sources.may_commit(step.revision.path)]


def after_interruption(suspected, rows, invalid):
    """Rule 10: an earlier attempt died, and how far it was nobody knows."""
    if suspected:
        indexes = "".join(f"; index {name} is invalid" for name in invalid)
        raise StoppedError(
            "PartiallyApplied",
            f"an earlier attempt was interrupted, and revision {suspected[0]} can commit on its "
            f"way; the version table says {', '.join(sorted(rows)) or 'base'}{indexes}; look at what it left, finish "
            "it or undo it by hand, then set the annotation dbmigrations.dev/retry",
        )
