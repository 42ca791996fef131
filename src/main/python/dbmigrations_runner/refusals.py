"""What is refused before anything runs, from the rows, the graph and the revisions' code."""

from __future__ import annotations

import unicodedata

from dbmigrations_runner import sources
from dbmigrations_runner.errors import StoppedError, superseded
from dbmigrations_runner.leftovers import autocommits

# Controls, signs that change the direction of writing, ends of lines: the operator shows no id with them.
UNSEEN = ("Cc", "Cf", "Zl", "Zp")
# What a sentence lists before it counts.
GREATEST_LIST = 3


def moved(rows, expected):
    """Rule 1: only from the current that was decided on."""
    if rows != expected:
        raise superseded(f"the database is at {said(rows)}, not at {said(expected)} any more")


def not_in_image(unknown, image):
    """Return the refusal for rows that the image does not know."""
    return StoppedError(
        "RevisionNotFound",
        f"the database is at revision {', '.join(unknown)}, which is not in image {image}: "
        "use the image that applied it, or a newer one",
    )


def not_below(run, rows):
    """Return the refusal for a rollback that would go up (rule 6)."""
    return StoppedError(
        "DatabaseAhead",
        f"target {run.target} does not lie below the database's {said(rows)} in image {run.image}, "
        "so there is no way down to it: write a target that does, or an image that contains both",
    )


def downgrade(run, graph, target, rows):
    """Rules 5 and 9."""
    way = f"target {run.target} lies below the database's {said(rows)}"
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


def baseline_elsewhere(revision, target, image):
    """Return the refusal for a baseline from which no way leads to the target."""
    return StoppedError(
        "BaselineRefused",
        f"spec.baseline {revision} is on another branch than target {target.text} in image {image}: "
        "write a baseline before the target, or another target; nothing was written",
    )


def misfit(revision, missing):
    """Refuse to stamp a database that lacks what the revisions up to there leave behind."""
    if missing:
        more = f" and {len(missing) - GREATEST_LIST} more" if len(missing) > GREATEST_LIST else ""
        raise StoppedError(
            "BaselineRefused",
            f"the database is not at spec.baseline {revision}, because it lacks {', '.join(missing[:GREATEST_LIST])}"
            f"{more}: write the revision that it is at, or make what is missing; nothing was written",
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


def said(rows):
    """Return rows in words."""
    return f"revision {', '.join(sorted(rows))}" if rows else "base"
