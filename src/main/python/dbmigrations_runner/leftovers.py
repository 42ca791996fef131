"""Rule 10: what a failed run may have left behind, known by what its connections did.

A step is marked when something of it was committed while its row was not: a commit of a transaction that had
written, or a statement that succeeded in autocommit. Its row, once committed, clears the mark. Marked steps
whose row is missing when all is read back are what is partial.
"""

from __future__ import annotations

import re

from dbmigrations_runner import redaction

# Patterns are texts here and in the other modules: a run with nothing to do needs few of them, and `re` compiles each
# when it is first used, and keeps it.
COMMENTS = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
ENDS_TRANSACTION = (
    rf"(?is)^{COMMENTS}(COMMIT|END|ROLLBACK|ABORT|PREPARE\s+TRANSACTION)\b(?!\s+(TO|PREPARED)\b)|;{COMMENTS}COMMIT\b"
)
ROLLS_BACK = rf"(?is)^{COMMENTS}(ROLLBACK|ABORT)\b"
# Statements that leave nothing behind when each is its own transaction.
HARMLESS = (
    rf"(?is)^{COMMENTS}(SET|SHOW|RESET|BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|DISCARD|EXPLAIN)\b"
    rf"|^{COMMENTS}SELECT\b.*\bpg_catalog\."
)
WROTE = "SELECT pg_catalog.txid_current_if_assigned() IS NOT NULL"
# On Connection.info: the server's transaction was ended by text, so what follows commits by itself.
ENDED_BY_TEXT = "dbmigrations.ended_by_text"
# On Connection.info: what the open transaction has done, by step.
PENDING = "dbmigrations.pending"
# On Connection.info: how much of that there was at each savepoint; a stack, because SQLAlchemy names them too late.
SAVEPOINTS = "dbmigrations.savepoints"
# They change nothing that a person would have to mend.
ONLY_READS = rf"(?is)^{COMMENTS}(SELECT|TABLE|VALUES)\b"
# How many statements of a step are named, and how much of each.
MANY_STATEMENTS, MANY_CHARACTERS = 10, 150
# A statement may be a megabyte long.
ENOUGH_CHARACTERS = 5000


class Statements:
    """What one step has done: the first few statements, and how many more there were."""

    def __init__(self):
        self._texts = []
        self._more = 0

    def add(self, statement):
        """Take note of one that succeeded."""
        if len(self._texts) < MANY_STATEMENTS:
            self._texts.append(_shortened(statement))
        else:
            self._more += 1

    def take(self, others):
        """Take over what another one has noted, as later."""
        free = MANY_STATEMENTS - len(self._texts)
        self._texts += others._texts[:free]
        self._more += len(others._texts[free:]) + others._more

    @property
    def count(self):
        """How many there are."""
        return len(self._texts) + self._more

    def keep(self, count):
        """Forget all but the first ones."""
        self._more = max(0, min(self._more, count - len(self._texts)))
        del self._texts[count:]

    @property
    def overflows(self):
        """Tell whether there were more than are named."""
        return self._more > 0

    @property
    def said(self):
        """The statements as people read them."""
        return [*self._texts, f"… and {self._more} more"] if self._more else list(self._texts)


class Leftovers:
    """Follows the steps and the commits of one run."""

    def __init__(self, changed):
        """`changed` is called with what is to be said of the marked steps, each time that it changes."""
        self._changed = changed
        self._step = None
        self._committed = {}
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
        self._commit_pending(connection)
        if self._step is not None and _has_written(connection):
            self._mark()
        self._clear(self._uncommitted_rows)
        self._uncommitted_rows = []
        connection.info.pop(ENDED_BY_TEXT, None)

    def rolled_back(self, connection):
        """Rows that were not committed are gone, what was committed before them is not."""
        self._uncommitted_rows = []
        connection.info.pop(PENDING, None)
        connection.info.pop(SAVEPOINTS, None)
        connection.info.pop(ENDED_BY_TEXT, None)

    def savepoint(self, connection, *_):
        """Take note of where a savepoint is."""
        marks = {step: statements.count for step, statements in connection.info.get(PENDING, {}).items()}
        connection.info.setdefault(SAVEPOINTS, []).append(marks)

    def savepoint_released(self, connection, *_):
        """What was done since the savepoint belongs to the transaction."""
        return _popped(connection)

    def savepoint_rolled_back(self, connection, *_):
        """What was done since the savepoint is gone."""
        marks = _popped(connection)
        for step, statements in connection.info.get(PENDING, {}).items():
            statements.keep(marks.get(step, 0))

    def statement_starting(self, connection, statement):
        """Take note of a transaction that is ended by text, which no event tells."""
        if self._step is not None and re.search(ENDS_TRANSACTION, statement):
            if re.search(ROLLS_BACK, statement):
                connection.info.pop(PENDING, None)
            self._commit_pending(connection)
            if _has_written(connection) or ";" in statement.strip().rstrip(";"):
                self._mark()
            connection.info[ENDED_BY_TEXT] = True

    def statement_done(self, connection, statement):
        """Take note of a statement that succeeded."""
        if self._step is None or re.search(HARMLESS, statement):
            return
        if not re.search(ONLY_READS, statement):
            pending = connection.info.setdefault(PENDING, {})
            pending.setdefault(self._step, Statements()).add(statement)
        if autocommits(connection):
            self._commit_pending(connection)
            self._mark()

    def remaining(self, is_reached):
        """Return the marked steps that `is_reached(revision)`, asked of the rows read back, does not confirm."""
        return [revision for revision in self._marked if not is_reached(revision)]

    def committed(self, revisions):
        """Return the statements of these steps that were committed, in their order, as far as they are known."""
        known = [self._committed[revision] for revision in revisions if revision in self._committed]
        return [text for statements in known for text in statements.said]

    def _commit_pending(self, connection):
        connection.info.pop(SAVEPOINTS, None)
        for step, statements in connection.info.pop(PENDING, {}).items():
            self._committed.setdefault(step, Statements()).take(statements)

    def _mark(self):
        statements = self._committed.get(self._step)
        if self._step not in self._marked:
            self._marked.append(self._step)
        elif statements is None or statements.overflows:
            return
        self._changed(self._marked)

    def _clear(self, revisions):
        if set(revisions) & set(self._marked):
            self._marked = [revision for revision in self._marked if revision not in revisions]
            self._changed(self._marked)
        for revision in revisions:
            self._committed.pop(revision, None)


def _popped(connection):
    savepoints = connection.info.get(SAVEPOINTS)
    return savepoints.pop() if savepoints else {}


def _shortened(statement):
    text = " ".join(redaction.clean_foreign(statement[:ENOUGH_CHARACTERS]).split())
    return text if len(text) <= MANY_CHARACTERS else text[: MANY_CHARACTERS - 1] + "…"


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
