"""Rule 10: what a failed run may have left behind, known by what its connections did.

A step is marked when something of it was committed while its row was not: a commit of a transaction that had
written, or a statement that succeeded in autocommit. Its row, once committed, clears the mark. Marked steps
whose row is missing when all is read back are what is partial.
"""

from __future__ import annotations

import re

COMMENTS = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
ENDS_TRANSACTION = re.compile(
    rf"^{COMMENTS}(COMMIT|END|ROLLBACK|ABORT|PREPARE\s+TRANSACTION)\b(?!\s+(TO|PREPARED)\b)|;{COMMENTS}COMMIT\b",
    re.IGNORECASE | re.DOTALL,
)
# Statements that leave nothing behind when each is its own transaction.
HARMLESS = re.compile(
    rf"^{COMMENTS}(SET|SHOW|RESET|BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|DISCARD|EXPLAIN)\b"
    rf"|^{COMMENTS}SELECT\b.*\bpg_catalog\.",
    re.IGNORECASE | re.DOTALL,
)
WROTE = "SELECT pg_catalog.txid_current_if_assigned() IS NOT NULL"
# On Connection.info: the server's transaction was ended by text, so what follows commits by itself.
ENDED_BY_TEXT = "dbmigrations.ended_by_text"


class Leftovers:
    """Follows the steps and the commits of one run."""

    def __init__(self, changed):
        self._changed = changed
        self._step = None
        self._marked = []
        self._uncommitted_rows = []

    def step_started(self, revision):
        """Everything from here on belongs to this step."""
        self._step = revision

    def row_written(self, revision, connection):
        """The step's row is written, though it may not be committed yet."""
        self._step = None
        if autocommits(connection):
            self._clear([revision])
        else:
            self._uncommitted_rows.append(revision)

    def committing(self, connection):
        """Take note of a commit, before it happens."""
        if self._step is not None and _has_written(connection):
            self._mark()
        self._clear(self._uncommitted_rows)
        self._uncommitted_rows = []
        connection.info.pop(ENDED_BY_TEXT, None)

    def rolled_back(self, connection):
        """Rows that were not committed are gone, what was committed before them is not."""
        self._uncommitted_rows = []
        connection.info.pop(ENDED_BY_TEXT, None)

    def statement_starting(self, connection, statement):
        """Take note of a transaction that is ended by text, which no event tells."""
        if self._step is not None and ENDS_TRANSACTION.search(statement):
            if _has_written(connection) or ";" in statement.strip().rstrip(";"):
                self._mark()
            connection.info[ENDED_BY_TEXT] = True

    def statement_done(self, connection, statement):
        """Take note of a statement that succeeded."""
        if self._step is not None and autocommits(connection) and not HARMLESS.search(statement):
            self._mark()

    def remaining(self, is_reached):
        """Return the marked steps that `is_reached(revision)`, asked of the rows read back, does not confirm."""
        return [revision for revision in self._marked if not is_reached(revision)]

    def _mark(self):
        if self._step not in self._marked:
            self._marked.append(self._step)
            self._changed(self._marked)

    def _clear(self, revisions):
        if set(revisions) & set(self._marked):
            self._marked = [revision for revision in self._marked if revision not in revisions]
            self._changed(self._marked)


def autocommits(connection):
    """Tell whether each statement on this SQLAlchemy connection commits by itself, by what the driver says."""
    if connection.info.get(ENDED_BY_TEXT):
        return True
    dbapi = connection.connection.dbapi_connection if _has_dbapi(connection) else connection.connection.connection
    if getattr(dbapi, "_in_transaction", False):  # pg8000: autocommit begins when this one ends
        return False
    return getattr(dbapi, "autocommit", None) is True or getattr(dbapi, "isolation_level", None) == "autocommit"


def _has_dbapi(connection):
    return hasattr(connection.connection, "dbapi_connection")


def _has_written(connection):
    cursor = connection.connection.cursor()
    try:
        cursor.execute(WROTE)
        return bool(cursor.fetchone()[0])
    except Exception:  # noqa: BLE001, in an aborted transaction, which cannot commit
        return False
    finally:
        cursor.close()
