"""A fresh database for each test, and Alembic pointed at it."""

import io
import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from psycopg import sql

ROOT = Path(__file__).parent.parent
ADMIN = {name: os.environ[name] for name in ("DB_HOST", "DB_PORT", "DB_USER", "DB_PASSWORD")}


def connect(database: str) -> psycopg.Connection:
    """Open a connection in autocommit as the administrator."""
    return psycopg.connect(
        host=ADMIN["DB_HOST"],
        port=ADMIN["DB_PORT"],
        user=ADMIN["DB_USER"],
        password=ADMIN["DB_PASSWORD"],
        dbname=database,
        autocommit=True,
    )


def history() -> list[Script]:
    """All revisions, oldest first."""
    return list(ScriptDirectory.from_config(Config(ROOT / "alembic.ini")).walk_revisions())[::-1]


class Database:
    """One database, and what tests do with it."""

    def __init__(self, name: str) -> None:
        """Take the name of a database that exists."""
        self.name = name
        self.environment = {**ADMIN, "DB_NAME": name}

    def execute(self, statement: str, *values: object) -> list[tuple]:
        """Run one statement in autocommit and return its rows."""
        with connect(self.name) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def upgrade(self, revision: str) -> None:
        """`alembic upgrade`."""
        command.upgrade(Config(ROOT / "alembic.ini"), revision)

    def downgrade(self, revision: str) -> None:
        """`alembic downgrade`."""
        command.downgrade(Config(ROOT / "alembic.ini"), revision)

    def rows(self) -> list[str]:
        """Read the version table."""
        return [row for (row,) in self.execute("SELECT version_num FROM alembic_version")]

    def schema(self) -> str:
        """`pg_dump --schema-only`, without the random key that newer versions add."""
        dump = self._client("pg_dump", "--schema-only", "--no-owner")
        return re.sub(r"^\\(un)?restrict .*\n", "", dump, flags=re.MULTILINE)

    def psql(self, script: str) -> None:
        """Run a script as a person would; the first error fails."""
        self._client("psql", "-q", "-v", "ON_ERROR_STOP=1", input=script)

    def _client(self, *arguments: str, input: str | None = None) -> str:  # noqa: A002
        environment = {
            **os.environ,
            "PGHOST": ADMIN["DB_HOST"],
            "PGPORT": ADMIN["DB_PORT"],
            "PGUSER": ADMIN["DB_USER"],
            "PGPASSWORD": ADMIN["DB_PASSWORD"],
            "PGDATABASE": self.name,
        }
        done = subprocess.run(
            arguments, input=input, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Create an empty database, name it in the environment, and drop it afterwards."""
    fresh = Database(f"test_{uuid.uuid4().hex}")
    with connect("postgres") as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(fresh.name)))
        monkeypatch.delenv("DATABASE_URL", raising=False)
        for name, value in fresh.environment.items():
            monkeypatch.setenv(name, value)
        yield fresh
        admin.execute(sql.SQL("DROP DATABASE {} (FORCE)").format(sql.Identifier(fresh.name)))


def rendered(direction: str, revisions: str) -> str:
    """Return the SQL of `alembic upgrade|downgrade <revisions> --sql`."""
    buffer = io.StringIO()
    config = Config(ROOT / "alembic.ini", output_buffer=buffer)
    getattr(command, direction)(config, revisions, sql=True)
    return buffer.getvalue()
