"""Alembic trees as images have them, written by the tests."""

from __future__ import annotations

import textwrap
from pathlib import Path

VERSIONS = "migrations/versions"
INI = """\
[alembic]
script_location = migrations
prepend_sys_path = .
sqlalchemy.url = {url}

[loggers]
keys = root,sqlalchemy,alembic

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = WARNING
handlers = console
qualname =

[logger_sqlalchemy]
level = WARNING
handlers =
qualname = sqlalchemy.engine

[logger_alembic]
level = INFO
handlers =
qualname = alembic

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic

[formatter_generic]
format = %(levelname)-5.5s [%(name)s] %(message)s
"""

# Alembic's own template, without its comments.
ENV = """\
from logging.config import fileConfig

from alembic import context
from sqlalchemy import engine_from_config, pool

config = context.config
if config.config_file_name is not None:
    fileConfig(config.config_file_name)
target_metadata = None


def run_migrations_online():
    section = config.get_section(config.config_ini_section)
    connectable = engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool)
    with connectable.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata{options})
        with context.begin_transaction():
            context.run_migrations()


run_migrations_online()
"""

ASYNC_ENV = """\
import asyncio

from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine

config = context.config


def do_run_migrations(connection):
    context.configure(connection=connection, target_metadata=None{options})
    with context.begin_transaction():
        context.run_migrations()


async def run_async_migrations():
    connectable = create_async_engine(config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool)
    async with connectable.connect() as connection:
        await connection.run_sync(do_run_migrations)
    await connectable.dispose()


asyncio.run(run_async_migrations())
"""

REVISION = '''\
"""{id}."""

import sqlalchemy as sa
from alembic import context, op

revision = {id!r}
down_revision = {down!r}
branch_labels = {labels!r}
depends_on = {depends!r}


def upgrade():
{up}


{downgrade}
'''


class Tree:
    """An image's working directory with an Alembic tree in it."""

    def __init__(self, path):
        self.path = Path(path)
        self.last = None
        (self.path / "migrations/versions").mkdir(parents=True)
        self.ini()
        self.env()

    def ini(self, url="driver://user:pass@localhost/dbname", text=INI):
        self.write("alembic.ini", text.format(url=url) if "{url}" in text else text)
        return self

    def env(self, text=ENV, options=""):
        self.write("migrations/env.py", text.replace("{options}", f", {options}" if options else ""))
        return self

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def revision(
        self, name, up=None, down=None, after="", labels=None, depends=None, no_downgrade=False, folder=VERSIONS
    ):
        """Add a revision after the last one; by default it creates the table t_<name>, and down drops it."""
        after = self.last if after == "" else after
        up = f'op.create_table("t_{name}", sa.Column("id", sa.Integer, primary_key=True))' if up is None else up
        down = f'op.drop_table("t_{name}")' if down is None else down
        text = REVISION.format(
            id=name,
            down=after,
            labels=labels,
            depends=depends,
            up=_indented(up),
            downgrade="" if no_downgrade else "def downgrade():\n" + _indented(down),
        )
        self.write(f"{folder}/{name}.py", text)
        self.last = name
        return self

    def linear(self, *names):
        for name in names:
            self.revision(name)
        return self


def _indented(code):
    return textwrap.indent(textwrap.dedent(code).strip() or "pass", "    ")
