"""Measures the runner beside plain Alembic, in a container of the example's image; prints the samples as JSON.

Arguments: how often. The database is that of libpq's variables, and is emptied before each run.
"""

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psycopg

RUNNER = "/repository/src/main/python/dbmigrations_runner"
WORK = Path("/tmp/bench")
RESULT = WORK / "termination-log"
INI = "[alembic]\nscript_location = migrations\n"
ENV = """\
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine("postgresql+psycopg://", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = '''\
"""Revision {name}."""

import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade():
{up}


def downgrade():
{back}
'''
UP = """\
op.create_table(
    "t_{name}",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()")),
)
op.create_index("i_{name}", "t_{name}", ["name"])
"""


def tree(name, revisions, works):
    """Write a tree of (id, down_revision)."""
    folder = WORK / name
    (folder / "migrations/versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text(INI)
    (folder / "migrations/env.py").write_text(ENV)
    for revision, down in revisions:
        up, back = (UP, 'op.drop_table("t_{name}")') if works else ("pass", "pass")
        up, back = (textwrap.indent(code.format(name=revision).strip(), "    ") for code in (up, back))
        text = REVISION.format(name=revision, down=down, up=up, back=back)
        (folder / f"migrations/versions/{revision}.py").write_text(text)
    return folder


def linear(count):
    """One line of revisions."""
    ids = [f"{number:012x}" for number in range(count)]
    return list(zip(ids, [None, *ids]))


def merged(count, merges):
    """Stretches of two branches of unlike length, each closed by a merge: `count` revisions with `merges` merges."""
    stretch = count // merges
    revisions, tip = [], None
    for number in range(merges):
        ids = [f"{number:06x}{place:06x}" for place in range(stretch)]
        first, left, right, merge = ids[0], ids[1 : stretch // 3], ids[stretch // 3 : -1], ids[-1]
        revisions += [(first, tip), *zip(left, [first, *left]), *zip(right, [first, *right])]
        revisions.append((merge, (left[-1], right[-1])))
        tip = merge
    return revisions


def database(sql):
    """Run statements as the migrations' user, and return the first value."""
    with psycopg.connect(autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchone()[0] if cursor.description else None


def run_document():
    """What the operator would ask: the head, from where the database is."""
    exists = database("SELECT to_regclass('alembic_version') IS NOT NULL")
    rows = database("SELECT array_agg(version_num) FROM alembic_version") if exists else None
    name, oid = os.environ["PGDATABASE"], database("SELECT oid FROM pg_database WHERE datname = current_database()")
    return {
        "version": 1,
        "uid": "00000000-0000-0000-0000-000000000000",
        "attempt": 1,
        "mode": "apply",
        "image": "bench",
        "target": "head",
        "expected": {"revisions": rows or [], "database": {"name": name, "oid": oid, "systemIdentifier": None}},
        "downgrade": "NotRequested",
        "alembic": {},
        "credentials": {"directory": str(WORK / "secret")},
        "lockTimeoutMillis": 5000,
        "terminationMessagePath": str(RESULT),
    }


def timed(folder, command, until=None, **environment):
    """Run a program to its end, or to the first line with this text: (seconds, greatest resident memory in MiB)."""
    started, seconds = time.monotonic(), None
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **environment}, **output)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if until and until in line and seconds is None:
            seconds = time.monotonic() - started
    _, status, usage = os.wait4(process.pid, 0)
    if not until:
        seconds = time.monotonic() - started
    if status or seconds is None:
        raise RuntimeError(f"{command} ended with {status}: {''.join(lines)[-2000:]}")
    return seconds, usage.ru_maxrss / 1024


def alembic(folder, *arguments):
    """Plain Alembic."""
    return timed(folder, ["alembic", *arguments])


def runner(folder, until=None):
    """The runner, as the pod starts it."""
    return timed(folder, ["python3", RUNNER], until, DBMIGRATIONS_RUN=json.dumps(run_document()))


def empty():
    """Begin with nothing."""
    database("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def in_turns(runs, **ways):
    """Take each way in turn, so that whatever slows the machine down slows all: {name: samples}."""
    samples = {name: [] for name in ways}
    for number in range(-1, runs):
        for name, way in list(ways.items())[:: 1 if number % 2 else -1]:
            sample = way()
            if number >= 0:  # the first only warms up
                samples[name].append(sample)
    return samples


def main(runs):
    """Measure, and print."""
    secret = {"host": "PGHOST", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    (WORK / "secret").mkdir(parents=True)
    for part, variable in secret.items():
        (WORK / "secret" / part).write_text(os.environ[variable])
    line = tree("line", linear(300), works=True)
    applied = in_turns(
        runs,
        alembic=lambda: (empty(), alembic(line, "upgrade", "head"))[1],
        runner=lambda: (empty(), runner(line))[1],
    )
    empty()
    web = tree("web", merged(1000, 50), works=False)
    alembic(web, "upgrade", "head")
    # With nothing left to do, env.py's commit is what follows the decision.
    resolved = in_turns(runs, alembic=lambda: alembic(web, "history"), runner=lambda: runner(web, "was committing"))
    to_the_end = in_turns(runs, alembic=lambda: alembic(web, "upgrade", "head"), runner=lambda: runner(web))
    print(json.dumps({"applied": applied, "resolved": resolved, "nothing": to_the_end}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
