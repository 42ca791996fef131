"""What the runner's tests are written in: a database of their own, a tree, and a run as the pod makes it."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import psycopg
import pytest

from pod import Pod
from trees import ASYNC_ENV, Tree

# Each set of packages is a virtual environment of its own, which the Dockerfile makes.
ALL_SETS = sorted(path.stem for path in (Path(__file__).parent / "requirements").glob("*.txt"))
SETS = [name for name in ALL_SETS if name not in ("flask", "tests")]
USUAL = "psycopg2-sqlalchemy20"
VENVS = os.environ.get("DBMIGRATIONS_TEST_VENVS", "/venvs")
SERVER = {
    "host": os.environ.get("DBMIGRATIONS_TEST_HOST", "postgres"),
    "port": os.environ.get("DBMIGRATIONS_TEST_PORT", "5432"),
    "user": "postgres",
    "password": os.environ.get("DBMIGRATIONS_TEST_PASSWORD", "postgres"),
}


class Database:
    """A database that only one test knows."""

    def __init__(self, name, password="plain-Passw0rd"):
        self.name = name
        self.user = f"user_{uuid.uuid4().hex[:10]}"
        self.password = password
        with psycopg.connect(dbname="postgres", autocommit=True, **SERVER) as server:
            sql = psycopg.sql
            role = sql.Identifier(self.user)
            server.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password)))
            server.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), role))

    def query(self, statement, *parameters):
        with psycopg.connect(dbname=self.name, autocommit=True, **SERVER) as connection:
            cursor = connection.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else None

    def connect(self):
        return psycopg.connect(dbname=self.name, autocommit=True, **SERVER)

    @property
    def revisions(self):
        column = "attrelid = to_regclass('alembic_version') AND attname = 'version_num'"
        exists = self.query(f"SELECT count(*) = 1 FROM pg_attribute WHERE {column}")[0][0]
        return sorted(row[0] for row in self.query("SELECT version_num FROM alembic_version")) if exists else []

    @property
    def tables(self):
        return {row[0] for row in self.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")} - {
            "alembic_version"
        }

    @property
    def identity(self):
        oid, system = self.query(
            "SELECT d.oid::bigint, s.system_identifier::text FROM pg_database d, pg_control_system() s "
            "WHERE d.datname = current_database()"
        )[0]
        return {"name": self.name, "oid": oid, "systemIdentifier": system}

    @property
    def secret(self):
        return {
            "host": SERVER["host"],
            "port": SERVER["port"],
            "username": self.user,
            "password": self.password,
            "dbname": self.name,
        }

    def drop(self):
        with psycopg.connect(dbname="postgres", autocommit=True, **SERVER) as server:
            sql = psycopg.sql
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name)))
            server.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(self.user)))


@pytest.fixture
def make_database():
    made = []

    def make(name=None, **options):
        made.append(Database(name or f"db_{uuid.uuid4().hex[:12]}", **options))
        return made[-1]

    yield make
    for database in made:
        database.drop()


@pytest.fixture
def database(make_database):
    return make_database()


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path / "image")


@pytest.fixture
def pod(tmp_path, database, tree):
    """A pod with the usual set of packages, for this test's tree and database."""
    pod = Pod(tmp_path, tree, database, f"{VENVS}/{USUAL}/bin/python")
    yield pod
    pod.end()


@pytest.fixture(params=["oldest", USUAL])
def old_and_new(request, pod):
    """Give this test's pod the oldest and the newest Alembic in turn."""
    pod.python = f"{VENVS}/{request.param}/bin/python"
    return request.param


@pytest.fixture(params=[name for name in SETS if name != "pg8000"])
def pod_with_blocks(request, tmp_path, database, tree):
    """The same, without pg8000: autocommit_block() does not get it out of its transaction."""
    yield from _pod_of(request.param, tmp_path, database, tree)


@pytest.fixture(params=SETS)
def any_pod(request, tmp_path, database, tree):
    """The same with each set of Alembic, SQLAlchemy and driver in turn."""
    yield from _pod_of(request.param, tmp_path, database, tree)


def _pod_of(packages, folder, database, tree):
    if packages == "asyncpg":
        tree.env(ASYNC_ENV)
    pod = Pod(folder, tree, database, f"{VENVS}/{packages}/bin/python")
    yield pod
    pod.end()
