"""Every way to set up a tree: where the configuration is, what env.py needs around it, and what it does besides."""

import pytest

from conftest import VENVS
from trees import ENV, REVISION

HANDED = """\
from alembic import context
{take}
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
"""


@pytest.fixture(autouse=True)
def history(tree):
    tree.linear("aaaa1111", "bbbb2222")


def ini(tree, before, after):
    """Change the usual alembic.ini, and return it."""
    text = (tree.path / "alembic.ini").read_text()
    assert before in text
    tree.write("alembic.ini", text.replace(before, after))


def succeeded(result):
    assert (result.status, result.outcome, result.executed) == (0, "Succeeded", ["aaaa1111", "bbbb2222"]), result.log


@pytest.mark.usefixtures("old_and_new")
class TestWhereTheTreeIs:
    """The configuration anywhere, and the tree anywhere else."""

    def test_here_is_the_folder_of_the_file(self, pod, tree):
        ini(tree, "script_location = migrations", "script_location = %(here)s/../migrations")
        (tree.path / "config").mkdir()
        (tree.path / "alembic.ini").rename(tree.path / "config/alembic.ini")
        succeeded(pod.upgrade(alembic={"config": "config/alembic.ini"}))

    def test_an_absolute_path(self, pod, tree, tmp_path):
        (tree.path / "alembic.ini").rename(tmp_path / "elsewhere.ini")
        succeeded(pod.upgrade(alembic={"config": str(tmp_path / "elsewhere.ini")}))

    def test_the_tree_in_a_package(self, pod, tree):
        ini(tree, "script_location = migrations", "script_location = shop.database:migrations")
        tree.write("shop/__init__.py", "print('shop is imported')\n")
        tree.write("shop/database/__init__.py", "")
        (tree.path / "migrations").rename(tree.path / "shop/database/migrations")
        succeeded(pod.upgrade())

    def test_two_sections_are_two_trees(self, pod, tree, database):
        text = (tree.path / "alembic.ini").read_text()
        other = "[alembic]\nscript_location = migrations\n\n[reports]\nscript_location = reports\n"
        tree.write("alembic.ini", text.replace("[alembic]\nscript_location = migrations\n", other))
        tree.write("reports/env.py", ENV.replace("{options}", ", version_table='reports_version'"))
        revision = {"down": None, "labels": None, "depends": None, "up": "    pass", "downgrade": ""}
        tree.write("reports/versions/rrrr1111.py", REVISION.format(id="rrrr1111", **revision))
        result = pod.upgrade(alembic={"section": "reports"})
        assert (result.current, result.versionTable["name"]) == (["rrrr1111"], "reports_version"), result.log
        succeeded(pod.upgrade())
        assert database.query("SELECT version_num FROM reports_version") == [("rrrr1111",)]

    def test_values_of_the_teams_own_section(self, pod, tree):
        ini(tree, "[alembic]", "[DEFAULT]\nschema = public\n\n[alembic]\nversion_table_schema = %(schema)s")
        tree.env(options="version_table_schema=config.get_main_option('version_table_schema')")
        succeeded(pod.upgrade())


class TestPyproject:
    """Alembic 1.16 and later read pyproject.toml, too."""

    TEXT = '[tool.alembic]\nscript_location = "%(here)s/migrations"\nprepend_sys_path = ["."]\n'

    def test_beside_an_ini_file_with_the_rest(self, pod, tree):
        tree.write("pyproject.toml", self.TEXT)
        ini(tree, "script_location = migrations\n", "")
        succeeded(pod.upgrade())

    def test_in_a_folder(self, pod, tree):
        (tree.path / "alembic.ini").unlink()
        tree.env(ENV.replace("config.get_section(config.config_ini_section)", "{'sqlalchemy.url': 'postgresql://'}"))
        tree.write("app/pyproject.toml", self.TEXT.replace("/migrations", "/../migrations"))
        succeeded(pod.upgrade(alembic={"config": "app/pyproject.toml"}))

    def test_an_older_alembic_says_that_it_needs_an_ini_file(self, pod, tree):
        pod.python = f"{VENVS}/oldest/bin/python"
        (tree.path / "alembic.ini").unlink()
        tree.write("pyproject.toml", self.TEXT)
        result = pod.upgrade()
        assert result.reason == "ImageUnusable"
        assert "alembic.ini" in result.message


@pytest.mark.parametrize(
    "take",
    [
        "connection = context.config.attributes['connection']",
        "connection = context.config.attributes.get('connection')\nif connection is None:\n    raise ValueError",
    ],
    ids=["taken", "asked for"],
)
@pytest.mark.usefixtures("old_and_new")
def test_a_connection_is_handed_to_an_env_that_cannot_do_without(pod, tree, take):
    tree.env(HANDED.format(take=take))
    succeeded(pod.upgrade())


def test_a_handed_connection_with_an_open_transaction_is_committed(pod, tree):
    tree.env(HANDED.format(take="connection = context.config.attributes['connection']\nconnection.begin()"))
    succeeded(pod.upgrade())


def test_a_handed_connection_with_a_failing_revision_is_rolled_back(pod, tree, database):
    tree.env(HANDED.format(take="connection = context.config.attributes['connection']\nconnection.begin()"))
    tree.revision("cccc3333", up='op.execute("SELECT 1/0")')
    result = pod.upgrade()
    assert (result.reason, result.failure["revision"], result.current) == ("MigrationFailed", "cccc3333", [])
    assert database.tables == set()


def test_an_env_that_only_may_take_a_connection_makes_its_own(pod, tree):
    taken = "from alembic import context\nassert context.config.attributes.get('connection') is None\n"
    tree.env(taken + ENV)
    succeeded(pod.upgrade())


@pytest.mark.parametrize("options", ["transaction_per_migration=True", "transactional_ddl=False", "compare_type=True"])
def test_each_way_to_commit(any_pod, tree, options):
    text = (tree.path / "migrations/env.py").read_text()
    tree.write("migrations/env.py", text.replace("target_metadata=None", f"target_metadata=None, {options}"))
    if "target_metadata=target_metadata" in text:
        tree.env(options=options)
    succeeded(any_pod.upgrade())
    assert any_pod.downgrade("base").current == []


def test_blocks_outside_of_the_transaction(pod_with_blocks, tree, database):
    up = 'with op.get_context().autocommit_block():\n    op.execute("CREATE INDEX CONCURRENTLY i ON t_aaaa1111 (id)")'
    tree.revision("cccc3333", up=up, down='op.execute("DROP INDEX i")')
    assert pod_with_blocks.upgrade().current == ["cccc3333"]
    assert database.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass") == [(True,)]
    assert pod_with_blocks.downgrade("base").outcome == "Succeeded"


def test_a_revision_that_commits_by_itself(pod, tree):
    tree.revision("cccc3333", up='op.execute("CREATE TABLE own ()")\nop.execute("COMMIT")')
    assert pod.upgrade().current == ["cccc3333"]


def test_an_application_that_is_slow_and_noisy(pod, tree):
    noise = """\
import atexit, logging.config, os, sys, threading, time, warnings
time.sleep(2)
warnings.warn("deprecated")
logging.config.dictConfig({"version": 1, "disable_existing_loggers": True, "handlers": {}, "root": {"level": "DEBUG"}})
logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))
print("dbmigrations: {not json", flush=True)
print("x" * 100_000, file=sys.stderr)
sys.stderr = open(os.devnull, "w")
threading.Thread(target=time.sleep, args=(600,)).start()
atexit.register(time.sleep, 600)
"""
    tree.write("application.py", noise)
    tree.env("import application\n" + ENV)
    result = pod.upgrade()
    assert (result.status, result.outcome, result.executed) == (0, "Succeeded", ["aaaa1111", "bbbb2222"])


def test_an_env_without_a_connection_is_refused(pod, tree, database):
    tree.env(HANDED.format(take="").replace("connection=connection", "url='postgresql://'"))
    result = pod.upgrade()
    assert (result.reason, result.executed) == ("EnvironmentFailed", [])
    assert "configures no connection" in result.message
    assert database.tables == set()


MULTIDB = """\
from alembic import context
from sqlalchemy import engine_from_config, pool

config = context.config
engines = {}
for name in ("shop", "reports"):
    section = context.config.get_section(name)
    engines[name] = {"engine": engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool)}
for rec in engines.values():
    rec["connection"] = rec["engine"].connect()
    rec["transaction"] = rec["connection"].begin()
try:
    for name, rec in engines.items():
        context.configure(
            connection=rec["connection"], upgrade_token=f"{name}_upgrades", downgrade_token=f"{name}_downgrades"
        )
        context.run_migrations(engine_name=name)
    for rec in engines.values():
        rec["transaction"].commit()
except:
    for rec in engines.values():
        rec["transaction"].rollback()
    raise
finally:
    for rec in engines.values():
        rec["connection"].close()
"""


def test_an_env_for_two_databases_is_refused(pod, tree, database, make_database):
    other = make_database()

    def section(name, of):
        secret = of.secret
        url = f"postgresql://{of.user}:{of.password}@{secret['host']}:{secret['port']}/{of.name}"
        return f"[{name}]\nsqlalchemy.url = {url}\n"

    ini(tree, "[loggers]", section("shop", database) + section("reports", other) + "[loggers]")
    tree.env(MULTIDB)
    for file in (tree.path / "migrations/versions").iterdir():
        file.write_text(file.read_text().replace("grade():", "grade(engine_name):"))
    result = pod.upgrade()
    assert (result.outcome, result.reason) == ("Failed", "EnvironmentFailed")
    assert other.name in result.message
    assert database.name in result.message
    assert database.tables == other.tables == set()
    assert database.revisions == other.revisions == []
