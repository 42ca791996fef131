"""Where the database is: read from the environment, the same for the API and its migrations."""

import os
from collections.abc import Mapping

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

DRIVER = "postgresql+psycopg"
_REQUIRED = ("DB_HOST", "DB_USER", "DB_PASSWORD", "DB_NAME")


class DatabaseNotConfiguredError(Exception):
    """The environment does not say where the database is. The text names variables, no values."""


def database_url(environ: Mapping[str, str] = os.environ) -> URL:
    """Return the URL that DB_HOST, DB_PORT (default 5432), DB_USER, DB_PASSWORD and DB_NAME make.

    Without any of them, DATABASE_URL is used. Each value is passed on as it is, never pasted into
    a string, so a password may contain anything.

    Raises DatabaseNotConfiguredError when variables are missing or cannot be understood.
    """
    if not any(environ.get(name) for name in _REQUIRED):
        return _from_url(environ.get("DATABASE_URL", ""))
    # Where the server asks for no password, it may be empty; nothing else may.
    given = {name for name in _REQUIRED if environ.get(name)} | environ.keys() & {"DB_PASSWORD"}
    missing = [name for name in _REQUIRED if name not in given]
    if missing:
        raise DatabaseNotConfiguredError(
            f"The database is not configured: set {', '.join(missing)}."
        )
    return URL.create(
        DRIVER,
        username=environ["DB_USER"],
        password=environ["DB_PASSWORD"],
        host=environ["DB_HOST"],
        port=_port(environ.get("DB_PORT") or "5432"),
        database=environ["DB_NAME"],
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise DatabaseNotConfiguredError("DB_PORT must be a number from 1 to 65535.")
    return int(text)


def _from_url(text: str) -> URL:
    if not text:
        raise DatabaseNotConfiguredError(
            "The database is not configured: set DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and"
            " DB_NAME, or DATABASE_URL."
        )
    try:
        # Whatever driver the URL names, this one is installed.
        return make_url(text).set(drivername=DRIVER)
    except (ArgumentError, ValueError):
        raise DatabaseNotConfiguredError(
            "DATABASE_URL is not of the form postgresql://user:password@host:port/name;"
            " special characters in its parts must be percent-encoded."
        ) from None
