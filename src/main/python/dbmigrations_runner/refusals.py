"""What is refused before anything runs, by the rows and the graph."""

from __future__ import annotations

from dbmigrations_runner.errors import StoppedError, superseded

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


def said(rows):
    """Return rows in words."""
    return f"revision {', '.join(sorted(rows))}" if rows else "base"
