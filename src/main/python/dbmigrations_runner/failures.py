"""Exceptions of others, as a reason and a sentence: by SQLSTATE where PostgreSQL gave one."""

from __future__ import annotations

import re
import socket

from dbmigrations_runner import redaction
from dbmigrations_runner.errors import StoppedError

LOCK_NOT_AVAILABLE = "55P03"
NO_PRIVILEGE = "42501"
ADMIN_SHUTDOWN = "57P01"
READ_ONLY = "25006"
QUERY_CANCELED = "57014"
IN_FAILED_TRANSACTION = "25P02"
UNREACHABLE = r"08|53|57P|25006"
# Drivers on libpq give no SQLSTATE when connecting fails, only the server's text.
REFUSED_TEXT = (
    r"(?i)authentication failed|no pg_hba\.conf entry|pg_hba\.conf rejects|no password supplied|"
    r"role .* does not exist|not permitted to log in|permission denied for database|password is required"
)
# What helps, where PostgreSQL's own words do not say it.
WAYS_OUT = {
    LOCK_NOT_AVAILABLE: "another session has the lock: end it, or wait longer by spec.lockTimeout",
    "25001": "run it within `with op.get_context().autocommit_block():`",
    READ_ONLY: "the database is read-only: make it writable, or let the Secret lead to the primary",
    NO_PRIVILEGE: "GRANT the right to the Secret's user, or name a role that has it in spec.databaseRole",
}
STATEMENT_TIMEOUT = r"(?i)statement timeout"
STATE_IN_TEXT = r"[0-9A-Z]{5}"
DRIVER_MODULES = ("psycopg2", "psycopg", "pg8000", "asyncpg", "sqlalchemy")


def sqlstate(error):
    """Return the SQLSTATE of the first database error in the exception's chain, or None."""
    return next((state for link in chain(error) if (state := _state(link))), None)


def is_database_error(error):
    """Tell whether a driver or SQLAlchemy's wrapper of one raised this, or something that led to it."""
    return any(_from_driver(link) for link in chain(error))


def reason(error, state):
    """Return the reason for a database error, by its SQLSTATE where there is one."""
    if state is None:
        return "DatabaseUnreachable" if is_connection_lost(error) else "MigrationFailed"
    if state == LOCK_NOT_AVAILABLE or state.startswith("40"):
        return "LockTimeout"
    if state.startswith("28"):
        return "CredentialsRefused"
    if re.match(UNREACHABLE, state):
        return "DatabaseUnreachable"
    return "MigrationFailed"


def way_out(state, text):
    """Return what helps against a database error, as the end of a sentence; empty where nothing is known."""
    help_ = WAYS_OUT.get(state)
    if state == QUERY_CANCELED and re.search(STATEMENT_TIMEOUT, text):
        help_ = "give it longer by spec.statementTimeout"
    return f"; {help_}" if help_ else ""


def connect_failure(error, credentials):
    """Return what to report when a connection to the Secret's database cannot be opened."""
    state = sqlstate(error)
    text = first_line(error)
    refused = state.startswith(("28", NO_PRIVILEGE)) if state else says_refused(text)
    where = f"database {credentials.database} at {credentials.host}:{credentials.port}"
    if refused:
        return StoppedError("CredentialsRefused", f"{where} refuses the Secret's credentials: {text}")
    return StoppedError("DatabaseUnreachable", f"{where} cannot be reached: {text}")


def says_refused(text):
    """Tell whether a server's text says that it refuses the credentials."""
    return bool(re.search(REFUSED_TEXT, text))


def first_line(error):
    """Return the first line of the error's own message, without user name and password.

    PostgreSQL's DETAIL, which can hold a row's content, stands on a later line.
    """
    error = getattr(error, "orig", None) or error
    content = error.args[0] if error.args else ""
    text = str(content.get("M", content)) if isinstance(content, dict) else str(error)
    # SQLAlchemy's asyncpg errors begin with the class of the original.
    text = re.sub(r"^<class '[^']+'>: ", "", text.strip())
    return redaction.clean_foreign(text.split("\n")[0].strip()) or type(error).__name__


def described(error):
    """Return the exception's type and the first line of its message; our own say enough without the type."""
    if isinstance(error, StoppedError):
        return error.message
    return f"{type(error).__name__}: {first_line(error)}"


def statement(error):
    """Return the SQL that failed, without credentials, or None."""
    found = next((sql for link in chain(error) if (sql := getattr(link, "statement", None))), None)
    return redaction.clean_foreign(str(found)) if found else None


def root(error):
    """Return the database error with which the trouble began: rolling back can fail, too, in consequence."""
    links = list(chain(error))
    wrapped = [link for link in links if hasattr(link, "orig")]
    found = [link for link in wrapped if _state(link)] or [link for link in links if _state(link)] or wrapped
    return (found or [error])[-1]


def chain(error):
    """Yield the exception and what led to it."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        original = getattr(error, "orig", None)
        error = original or error.__cause__ or error.__context__


def _from_driver(error):
    module = type(error).__module__.split(".")[0]
    return module in DRIVER_MODULES and (
        module != "sqlalchemy" or hasattr(error, "orig") or "dialects" in type(error).__module__
    )


def _state(error):
    if not _from_driver(error):
        return None
    error = getattr(error, "orig", None) or error
    content = error.args[0] if error.args else None
    candidates = [getattr(error, "pgcode", None), getattr(error, "sqlstate", None)]
    if isinstance(content, dict):  # pg8000
        candidates.append(content.get("C"))
    return next((state for state in candidates if isinstance(state, str) and re.fullmatch(STATE_IN_TEXT, state)), None)


def is_connection_lost(error):
    """Tell whether the connection, not a statement, is what failed."""
    names = ("OperationalError", "InterfaceError")
    return any(
        isinstance(link, (ConnectionError, TimeoutError, socket.gaierror, socket.timeout))
        or (_from_driver(link) and type(link).__name__ in names)
        for link in chain(error)
    )
