"""What env.py runs in: Alembic's context, checked, and what some need besides, an application or a connection."""

from __future__ import annotations

import inspect
import os
import re
from contextlib import contextmanager, nullcontext

from alembic.runtime.environment import EnvironmentContext

from dbmigrations_runner import failures
from dbmigrations_runner.errors import StoppedError

ASKS_FOR_APPLICATION = r"\bcurrent_app\b"
ASKS_FOR_CONNECTION = r"(?s)\battributes\b.{0,20}['\"]connection['\"]"


def checked_environment(checks, config, script, **options):
    """Return Alembic's own context for env.py, with checks of where env.py leads it.

    The methods are replaced on the instance: Alembic's module proxies know no subclass.
    """
    environment = EnvironmentContext(config, script, **options)
    configure, run_migrations = environment.configure, environment.run_migrations

    def checked_configure(*arguments, **options):
        given = inspect.signature(configure).bind(*arguments, **options)
        with checks.keeping():
            checks.refuse_offline(given.arguments.get("connection"))
            checks.name_version_table(given.arguments.setdefault("kw", {}))
        configure(*given.args, **given.kwargs)
        with checks.keeping():
            checks.check_context(environment.get_context())

    def checked_run_migrations(**options):
        with checks.keeping():
            checks.starting(options)
        run_migrations(**options)

    environment.configure = checked_configure
    environment.run_migrations = checked_run_migrations
    return environment


def application(script):
    """Return the context of the Flask application that env.py asks for, as `flask db` loads it, or an empty one."""
    if not re.search(ASKS_FOR_APPLICATION, _source(script)):
        return nullcontext()
    try:
        from flask.cli import ScriptInfo, load_dotenv  # noqa: PLC0415

        load_dotenv()
        return ScriptInfo(app_import_path=os.environ.get("FLASK_APP")).load_app().app_context()
    except (Exception, SystemExit) as error:
        raise StoppedError(
            "EnvironmentFailed",
            f"env.py asks for a Flask application, and none can be loaded: {failures.described(error).rstrip('.')}; "
            "set FLASK_APP in the image or in job.env",
        ) from error


def asks_for_connection(script):
    """Tell whether env.py speaks of the connection that a program of the team's own would hand it."""
    return bool(re.search(ASKS_FOR_CONNECTION, _source(script)))


@contextmanager
def handed_connection(config):
    """Hand env.py a connection; what it does not commit itself is committed, as by such a program."""
    from sqlalchemy import create_engine, pool  # noqa: PLC0415

    engine = create_engine(config.get_main_option("sqlalchemy.url"), future=True, poolclass=pool.NullPool)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        yield
        if connection.in_transaction():
            connection.commit()


def _source(script):
    with open(os.path.join(script.dir, "env.py"), encoding="utf-8", errors="replace") as file:
        return file.read()
