"""Flask-Migrate: its env.py works inside an application's context only."""

import pytest

from conftest import VENVS

FLASK_INI = """\
[alembic]
[loggers]
keys = root
[handlers]
keys =
[formatters]
keys =
[logger_root]
level = WARN
handlers =
qualname =
"""
# As `flask db init` writes it, without what belongs to autogenerate.
FLASK_ENV = """\
from logging.config import fileConfig
from flask import current_app
from alembic import context

config = context.config
fileConfig(config.config_file_name)

def get_engine():
    try:
        return current_app.extensions['migrate'].db.get_engine()
    except (TypeError, AttributeError):
        return current_app.extensions['migrate'].db.engine

config.set_main_option('sqlalchemy.url', get_engine().url.render_as_string(hide_password=False).replace('%', '%%'))

def run_migrations_online():
    conf_args = current_app.extensions['migrate'].configure_args
    with get_engine().connect() as connection:
        context.configure(connection=connection, target_metadata=None, **conf_args)
        with context.begin_transaction():
            context.run_migrations()

run_migrations_online()
"""
FLASK_APP = """\
import os
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

def create_app():
    app = Flask(__name__)
    app.config['SQLALCHEMY_DATABASE_URI'] = os.environ['DATABASE_URL']
    db = SQLAlchemy(app)
    Migrate(app, db, compare_type=True, transaction_per_migration=True)
    return app
"""


@pytest.fixture(autouse=True)
def flask(pod, tree):
    tree.linear("aaaa1111", "bbbb2222")
    pod.python = f"{VENVS}/flask/bin/python"
    (tree.path / "alembic.ini").unlink()
    tree.write("migrations/alembic.ini", FLASK_INI)
    tree.env(FLASK_ENV)
    tree.write("shop.py", FLASK_APP)


@pytest.mark.parametrize("where", [{"FLASK_APP": "shop"}, {"FLASK_APP": "shop:create_app()"}, {}], ids=str)
def test_env_runs_inside_the_application(pod, tree, where):
    pod.environment = where
    if not where:
        (tree.path / "shop.py").rename(tree.path / "app.py")
    result = pod.upgrade(alembic={"config": "migrations/alembic.ini"})
    assert (result.outcome, result.current) == ("Succeeded", ["bbbb2222"])
    assert pod.downgrade("aaaa1111", alembic={"config": "migrations/alembic.ini"}).current == ["aaaa1111"]


def test_an_application_that_is_not_found_is_asked_for(pod, database):
    result = pod.upgrade(alembic={"config": "migrations/alembic.ini"})
    assert result.reason == "EnvironmentFailed"
    assert "FLASK_APP" in result.message
    assert database.tables == set()
