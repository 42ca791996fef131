"""What the user's image must have: an Alembic tree, and what it takes to run it."""

from __future__ import annotations

import argparse
import configparser
import glob
import inspect
import os
import sys
from typing import NamedTuple

from dbmigrations_runner import drivers, failures
from dbmigrations_runner.errors import StoppedError

OLDEST_PYTHON = (3, 9)
OLDEST_ALEMBIC = (1, 8)


class Tree(NamedTuple):
    """The tree as `alembic` itself would see it, and a driver for the runner's own connection."""

    config: object
    script: object
    driver: str


def load(run):
    """Return the image's tree, or say what the image lacks."""
    if sys.version_info < OLDEST_PYTHON:
        raise _unusable(f"Python {sys.version.split()[0]} is too old: 3.9 or newer is needed")
    _check_packages()
    found = drivers.available()
    if not found:
        raise _unusable(
            f"the image has no PostgreSQL driver for {sys.executable}: install psycopg2, psycopg, pg8000 or asyncpg, "
            "or set alembic.python to the interpreter that has one"
        )
    config = _config(run)
    return Tree(config, _script(run, config), _driver(config, found))


def file_url(config):
    """Return the URL that the configuration file itself names, as text and unexpanded, or None."""
    section = config.config_ini_section
    return config.file_config.get(section, "sqlalchemy.url", raw=True, fallback=None)


def _check_packages():
    for name in ("sqlalchemy", "alembic"):
        try:
            module = __import__(name)
            module.__version__  # noqa: B018, a folder of that name in the way has none
        except (ImportError, AttributeError) as error:
            raise _unusable(
                f"the image has no {'Alembic' if name == 'alembic' else 'SQLAlchemy'} that {sys.executable} can import "
                f"({failures.first_line(error)}): install it, or set alembic.python to the interpreter that has it"
            ) from error
    import alembic  # noqa: PLC0415

    if tuple(int(part) for part in alembic.__version__.split(".")[:2]) < OLDEST_ALEMBIC:
        raise _unusable(f"Alembic {alembic.__version__} is too old: 1.8 or newer is needed")


def _config(run):
    from alembic.config import Config  # noqa: PLC0415

    # As the command does it: from 1.16 on, pyproject.toml beside or instead of the ini file.
    files = {"file_": run.config}
    if "toml_file" in inspect.signature(Config.__init__).parameters:
        files["toml_file"] = "pyproject.toml"
        if os.path.basename(run.config) == "pyproject.toml":
            files = {"file_": "alembic.ini", "toml_file": run.config}
        if not os.path.exists(files["file_"]):
            files["file_"] = None  # for env.py, which reads its logging from the file that the Config names
    config = Config(ini_section=run.section, cmd_opts=_command_options(run), **files)
    if not os.path.exists(run.config) and not getattr(config, "toml_alembic_config", None):
        others = sorted(glob.glob("*/alembic.ini"))
        raise _unusable(
            f"there is no {run.config} in {os.getcwd()}{f', but {others[0]}' if others else ''}: "
            "set alembic.config to the file's path, or alembic.workingDir to the folder that it is in"
        )
    return config


def _script(run, config):
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    try:
        _default_script_location(run, config)
        script = ScriptDirectory.from_config(config)
    except (CommandError, configparser.Error, ImportError, ValueError) as error:
        raise _unusable(
            f"{run.config} (section {run.section}) leads to no Alembic tree: {failures.first_line(error)}; "
            "check alembic.config, alembic.section and alembic.workingDir"
        ) from error
    if not os.path.exists(os.path.join(script.dir, "env.py")):
        raise _unusable(f"there is no env.py in {script.dir}, the script_location of {run.config}")
    return script


def _default_script_location(run, config):
    """Flask-Migrate names none in its alembic.ini, because it is the folder that the file is in."""
    option = getattr(config, "get_alembic_option", config.get_main_option)
    folder = os.path.dirname(os.path.abspath(run.config))
    if option("script_location") is None and os.path.exists(os.path.join(folder, "env.py")):
        config.set_main_option("script_location", folder.replace("%", "%%"))


def _driver(config, found):
    named = (file_url(config) or "").partition("://")[0].partition("+")[2]
    return named if named in found else found[0]


def _command_options(run):
    """Return what the command's own options would be: env.py reads `x`, some the rest."""
    from alembic import command  # noqa: PLC0415

    return argparse.Namespace(
        x=list(run.arguments),
        config=run.config,
        name=run.section,
        raiseerr=True,
        verbose=False,
        quiet=False,
        autogenerate=False,
        sql=False,
        tag=None,
        revision=run.target,
        cmd=_command(run, command),
    )


def _command(run, command):
    """Return what the command would be, as Alembic notes it; before 1.9 there is none that checks."""
    if run.mode == "check" and hasattr(command, "check"):
        return command.check, [], []
    return command.upgrade, ["revision"], ["sql", "tag"]


def _unusable(message):
    return StoppedError("ImageUnusable", message)
