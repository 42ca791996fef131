"""Where env.py finds the database, and what the image is like."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from conftest import ADMIN, ROOT, Database, connect
from psycopg import sql

from api.database import DatabaseNotConfiguredError, database_url

NASTY = [
    "%",
    "%40%%s%(here)s",
    "p@ss:w/o#r?d&x=y",
    "single ' double \" back \\ tick `",
    " blanks at both ends ",
    "pässwörd-密码-🗺",
    "$HOME ${HOME} $(id)",
    "[::1]",
]


def alembic(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the alembic command with these variables alone."""
    return subprocess.run(
        ["alembic", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("form", ["DB_HOST", "DATABASE_URL"])
@pytest.mark.parametrize("text", NASTY)
def test_any_password_user_and_database_name_work(
    database: Database, monkeypatch: pytest.MonkeyPatch, text: str, form: str
) -> None:
    # Given a role, its password and a database that are all called something nasty,
    name = f"{text}-{form}"
    with connect("postgres") as admin:
        role, old, new = map(sql.Identifier, (name, database.name, name))
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(text)))
        admin.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(old, role))
        admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(old, new))
        try:
            # then their password leads there, and no other.
            parts = {**database.environment, "DB_USER": name, "DB_NAME": name}
            with only(monkeypatch, credentials(form, parts, text)):
                database.upgrade("39daed7c83f6")
            with (
                only(monkeypatch, credentials(form, parts, text + "x")),
                pytest.raises(Exception, match="password authentication failed"),
            ):
                database.upgrade("39daed7c83f6")
        finally:
            admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(new, old))
            admin.execute(sql.SQL("ALTER DATABASE {} OWNER TO postgres").format(old))
            with connect(database.name) as inside:
                inside.execute(sql.SQL("DROP OWNED BY {}").format(role))
            admin.execute(sql.SQL("DROP ROLE {}").format(role))


@contextmanager
def only(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Iterator[None]:
    """Let these be the only variables that tell of a database."""
    with monkeypatch.context() as patch:
        for name in (*ADMIN, "DB_NAME", "DATABASE_URL"):
            patch.delenv(name, raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        yield


def credentials(form: str, parts: dict[str, str], password: str) -> dict[str, str]:
    """Return the variables that say this in one of the two forms."""
    if form == "DB_HOST":
        return {**parts, "DB_PASSWORD": password}
    user, word, name = (quote(p, safe="") for p in (parts["DB_USER"], password, parts["DB_NAME"]))
    host = f"{parts['DB_HOST']}:{parts['DB_PORT']}"
    return {"DATABASE_URL": f"postgres://{user}:{word}@{host}/{name}"}


def test_the_variables_win_over_the_url() -> None:
    parts = {"DB_HOST": "db", "DB_USER": "ann", "DB_PASSWORD": "secret", "DB_NAME": "trig"}
    url = database_url({**parts, "DATABASE_URL": "postgresql://elsewhere/other"})
    assert url.render_as_string(hide_password=False) == (
        "postgresql+psycopg://ann:secret@db:5432/trig"
    )


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "set DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and DB_NAME, or DATABASE_URL."),
        ({"DB_HOST": "db", "DB_PASSWORD": "s3cret"}, "set DB_USER, DB_NAME."),
        (
            {
                "DB_HOST": "d",
                "DB_USER": "u",
                "DB_PASSWORD": "s3cret",
                "DB_NAME": "n",
                "DB_PORT": "x",
            },
            "DB_PORT must be a number from 1 to 65535.",
        ),
        ({"DATABASE_URL": "s3cret"}, "DATABASE_URL is not of the form postgresql://"),
        ({"DATABASE_URL": "postgresql://u:s3cret@h:port/n"}, "DATABASE_URL is not of the form"),
    ],
)
def test_what_is_missing_or_wrong_is_said_without_values(
    environment: dict[str, str], sentence: str
) -> None:
    with pytest.raises(DatabaseNotConfiguredError) as raised:
        database_url(environment)
    assert sentence in str(raised.value)

    done = alembic("current", **environment)
    assert done.returncode != 0
    assert sentence in done.stdout
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stdout + done.stderr


def test_sql_is_rendered_without_any_database() -> None:
    done = alembic("upgrade", "head", "--sql")
    assert done.returncode == 0
    assert "CREATE INDEX CONCURRENTLY idx_user_email_lower" in done.stdout


def test_a_failing_revision_leaves_the_ones_before_applied(database: Database) -> None:
    database.upgrade("39daed7c83f6")
    database.execute("CREATE TABLE trig_type ()")
    with pytest.raises(Exception, match="DuplicateTable"):
        database.upgrade("head")
    assert database.rows() == ["bde4d699d9db"]


def test_the_image_runs_without_root_on_a_read_only_file_system() -> None:
    assert (os.getuid(), os.getgid()) == (65532, 65532)
    with pytest.raises(OSError, match="Read-only file system"):
        Path("/var/tmp/x").touch()  # open to everybody otherwise


def test_nothing_in_app_can_be_written_by_others() -> None:
    writable = [p for p in [ROOT, *ROOT.rglob("*")] if p.stat().st_mode & 0o022]
    assert writable == []
    assert {p.stat().st_uid for p in ROOT.rglob("*")} == {0}


def test_psycopg_brings_its_own_client_library() -> None:
    assert psycopg.pq.__impl__ == "binary"
