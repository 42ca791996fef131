"""Any env.py: how it finds the database, and what happens when it does something else."""

import uuid

import pytest

from trees import ASYNC_ENV, ENV

MINIMAL = """\
import os
from alembic import context
from sqlalchemy import create_engine
{before}
engine = create_engine({url})
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
{after}
"""
NASTY = "p%40 %@:/?#&=+'\"\\{}$;Ünïcødé日本"


@pytest.fixture(autouse=True)
def history(tree):
    tree.linear("aaaa1111", "bbbb2222")


def minimal(url='"postgresql://"', before="", after=""):
    return MINIMAL.format(url=url, before=before, after=after)


URLS = {
    "DB_ variables, escaped": (
        "f\"postgresql://{e['DB_USER']}:{quote(e['DB_PASSWORD'], safe='')}"
        "@{e['DB_HOST']}:{e['DB_PORT']}/{e['DB_NAME']}\""
    ),
    "DATABASE_URL": "e['DATABASE_URL']",
    "DATABASE_URL through the Config without escaping": "through_config(e['DATABASE_URL'])",
    "sqlalchemy.url": "context.config.get_main_option('sqlalchemy.url')",
    "PG variables": "'postgresql://'",
    "only host": "f\"postgresql://{e['DB_HOST']}\"",
    "wrong user and password": "f\"postgresql://someone:else@{e['DB_HOST']}/{e['DB_NAME']}\"",
}


@pytest.mark.parametrize("password", ["plain-Passw0rd", NASTY], ids=["plain", "nasty"])
@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
def test_env_finds_the_database_however_it_looks(pod, tree, make_database, url, password):
    pod.database = make_database(password=password)
    helpers = """
from urllib.parse import quote
e = os.environ
def through_config(url):
    context.config.set_main_option('sqlalchemy.url', url)
    return context.config.get_main_option('sqlalchemy.url')
"""
    tree.env(minimal(url, before=helpers))
    result = pod.upgrade()
    assert result.outcome == "Succeeded", result.log
    assert password not in result.log


def test_database_url_names_a_driver_that_the_image_has(any_pod, tree):
    env = tree.path / "migrations/env.py"
    engine = "import os\nfrom sqlalchemy import create_engine\ncreate_engine(os.environ['DATABASE_URL'])\n"
    env.write_text(env.read_text() + engine)
    result = any_pod.upgrade()
    assert result.outcome == "Succeeded", result.log


def test_a_variable_of_the_teams_own_is_filled(pod, tree):
    variables = {"APP_URL": "url", "APP_PASSWORD": "password", "APP_DB": "dbname"}
    check = "assert os.environ['APP_PASSWORD'] and os.environ['APP_DB']"
    tree.env(minimal("os.environ['APP_URL']", before=check))
    assert pod.upgrade(credentials={"env": variables}).outcome == "Succeeded"


def test_the_driver_is_the_one_that_the_ini_file_names(pod, tree):
    tree.ini(url="postgresql+psycopg2://x:y@localhost/z")
    tree.env(ENV + "\nassert config.get_main_option('sqlalchemy.url').startswith('postgresql+psycopg2://')\n")
    assert pod.upgrade().outcome == "Succeeded"


def test_arguments_reach_env(pod, tree):
    tree.env(minimal(after="assert context.get_x_argument(as_dictionary=True) == {'tenant': 'a=b', 'x': '1'}"))
    assert pod.upgrade(alembic={"arguments": ["tenant=a=b", "x=1"]}).outcome == "Succeeded"


def test_another_section_and_another_file(pod, tree):
    text = (tree.path / "alembic.ini").read_text().replace("[alembic]", "[shop]")
    tree.write("config/shop.ini", text)
    assert pod.upgrade(alembic={"config": "config/shop.ini", "section": "shop"}).outcome == "Succeeded"


def test_a_tree_that_is_configured_in_pyproject(pod, tree):
    (tree.path / "alembic.ini").unlink()
    tree.write("pyproject.toml", '[tool.alembic]\nscript_location = "%(here)s/migrations"\n')
    tree.env(minimal())
    assert pod.upgrade().outcome == "Succeeded"


def test_folders_that_hide_modules_do_no_harm(pod, tree):
    for name in ("report", "image", "locks", "document"):
        tree.write(f"{name}.py", f"WHO = '{name}'\n")
    tree.env(minimal(before="import report, image, locks, document\nassert report.WHO == 'report'"))
    assert pod.upgrade().outcome == "Succeeded"


def test_an_env_that_leads_to_another_database_is_stopped_before_the_first_statement(pod, tree, make_database):
    other = make_database()
    url = f"postgresql://{other.user}:{other.password}@{other.secret['host']}:{other.secret['port']}/{other.name}"
    tree.env(minimal(repr(url)))
    result = pod.upgrade()
    assert (result.outcome, result.reason) == ("Failed", "EnvironmentFailed")
    assert other.name in result.message
    assert pod.database.name in result.message
    assert other.password not in result.message
    assert other.query("SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'") == [(0,)]
    assert other.tables == pod.database.tables == set()


def test_the_same_database_under_another_name_is_the_same(pod, tree, database):
    address = database.query("SELECT host(inet_server_addr())")[0][0]
    url = f"postgresql://{database.user}:{database.password}@{address}:{database.secret['port']}/{database.name}"
    tree.env(minimal(repr(url)))
    assert pod.upgrade().outcome == "Succeeded"


def test_an_env_that_raises_is_named_with_its_error(pod, tree):
    tree.env("raise KeyError('APP_SETTINGS')\n")
    result = pod.upgrade()
    assert (result.status, result.reason) == (1, "EnvironmentFailed")
    assert "KeyError: 'APP_SETTINGS'" in result.message
    assert "Traceback" in result.log


def test_an_env_that_exits_has_failed(pod, tree):
    tree.env("import sys\nsys.exit(3)\n")
    assert pod.upgrade().reason == "EnvironmentFailed"


def test_an_env_that_exits_with_success_after_its_work_has_succeeded(pod, tree):
    tree.env(minimal(after="import sys; sys.exit(0)"))
    assert pod.upgrade().outcome == "Succeeded"


def test_an_env_that_fails_after_its_work_is_reported_with_the_target_reached(pod, tree):
    tree.env(minimal(after="raise RuntimeError('webhook unreachable')"))
    result = pod.upgrade()
    assert (result.outcome, result.reason, result.current) == ("Failed", "EnvironmentFailed", ["bbbb2222"])
    assert "webhook unreachable" in result.message


def test_an_env_that_never_runs_the_migrations_has_applied_nothing(pod, tree):
    tree.env("print('nothing to do')\n")
    result = pod.upgrade()
    assert (result.outcome, result.reason) == ("Failed", "NotApplied")
    assert "run_migrations" in result.message


def test_sql_before_configure_is_found_out(pod, tree, database):
    text = minimal().replace(
        "    context.configure", "    connection.exec_driver_sql('SELECT 1')\n    context.configure"
    )
    tree.env(text)
    result = pod.upgrade()
    assert (result.status, result.reason, result.current) == (1, "NotApplied", [])
    assert "before context.configure()" in result.message
    assert database.tables == set()


def test_an_env_that_swallows_the_error_has_not_succeeded(pod, tree):
    body = minimal().splitlines()
    tree.env("try:\n" + "\n".join("    " + line for line in body) + "\nexcept Exception:\n    pass\n")
    tree.revision("cccc3333", up='op.execute("SELECT 1/0")')
    result = pod.upgrade()
    assert (result.outcome, result.reason) == ("Failed", "MigrationFailed")
    assert result.failure["sqlstate"] == "22012"
    pod.upgrade("aaaa1111")
    refused = pod.run("base")
    assert refused.reason == "DatabaseAhead"


def test_output_may_be_flooded_closed_and_redirected(pod, tree):
    flood = "import sys, os, logging\nlogging.disable()\nprint('x' * 3_000_000)\nsys.stdout.close()\nos.close(1)\n"
    tree.env(minimal(before=flood))
    result = pod.upgrade()
    assert (result.status, result.outcome) == (0, "Succeeded")
    assert result.events[-1]["event"] == "result"


def test_threads_of_env_do_not_hold_the_pod(pod, tree):
    tree.env(minimal(before="import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()"))
    assert pod.upgrade().status == 0


def test_a_version_table_that_env_configures_is_reported(pod, tree, database):
    database.query(f'CREATE SCHEMA "My %s Schema" AUTHORIZATION {database.user}')
    table = {"schema": "My %s Schema", "name": 'The "Version" Table'}
    options = f"version_table={table['name']!r}, version_table_schema={table['schema']!r}"
    tree.env(options=options)
    assert pod.upgrade().versionTable == table
    result = pod.downgrade("aaaa1111", expected={"revisions": ["bbbb2222"]})
    assert (result.outcome, result.current, result.versionTable) == ("Succeeded", ["aaaa1111"], table)


def test_a_version_table_of_the_resource_is_used_where_env_names_none(pod, database):
    result = pod.upgrade(alembic={"versionTable": "revisions"})
    assert result.versionTable == {"schema": "public", "name": "revisions"}
    assert database.query("SELECT version_num FROM revisions") == [("bbbb2222",)]


def test_a_version_table_that_contradicts_env_is_refused(pod, tree, database):
    tree.env(options="version_table='mine'")
    result = pod.upgrade(alembic={"versionTable": "yours"})
    assert result.reason == "EnvironmentFailed"
    assert "mine" in result.message
    assert "yours" in result.message
    assert database.tables == set()


def test_a_second_version_table_in_one_run_is_refused(pod, tree):
    again = """
with engine.connect() as connection:
    context.configure(connection=connection, version_table='second')
    with context.begin_transaction():
        context.run_migrations()
"""
    tree.env(minimal(after=again))
    result = pod.upgrade()
    assert result.reason == "EnvironmentFailed"
    assert "second" in result.message


def test_a_role_is_taken_on_by_the_migration(pod, database):
    role = f"Owner {uuid.uuid4()}"
    database.query(f'CREATE ROLE "{role}"')
    database.query(f'GRANT "{role}" TO {database.user}')
    database.query(f'GRANT CREATE ON SCHEMA public TO "{role}"')
    try:
        assert pod.upgrade(databaseRole=role).outcome == "Succeeded"
        assert database.query("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'") == [(role,)]
    finally:
        database.query(f'REASSIGN OWNED BY "{role}" TO postgres')
        database.query(f'DROP OWNED BY "{role}"')
        database.query(f'DROP ROLE "{role}"')


def test_a_role_that_cannot_be_taken_on_is_named(pod):
    result = pod.upgrade(databaseRole="nobody_knows")
    assert result.reason == "CredentialsRefused"
    assert "nobody_knows" in result.message


def test_an_error_of_ten_thousand_characters_is_shortened(pod, tree):
    tree.revision("cccc3333", up='op.execute("DO $$ BEGIN RAISE EXCEPTION \'" + "é" * 10_000 + "\'; END $$")')
    result = pod.upgrade()
    assert (result.reason, result.failure["sqlstate"]) == ("MigrationFailed", "P0001")
    assert len(result.failure["statement"]) <= 500
    assert len(result.message) <= 1000
    assert "é" * 10_000 in result.log


def test_the_async_template_works_with_a_driver_that_can(pod, tree):
    pod.python = pod.python.replace("psycopg2-sqlalchemy20", "asyncpg")
    tree.env(ASYNC_ENV)
    tree.revision("cccc3333", up='op.execute("SELECT 1/0")')
    result = pod.upgrade()
    assert (result.reason, result.failure["sqlstate"]) == ("MigrationFailed", "22012")


def test_env_may_have_changed_where_python_finds_modules(pod, tree):
    unfindable = "import sys; sys.path.clear(); sys.path_importer_cache.clear()\n"
    tree.env(minimal().replace("context.run_migrations()", f"{unfindable}        context.run_migrations()"))
    result = pod.upgrade()
    assert (result.outcome, result.executed) == ("Succeeded", ["aaaa1111", "bbbb2222"]), result.log


def test_what_only_steps_need_is_not_loaded_for_nothing(pod, tree):
    loaded = "import sys; print(sorted(name for name in sys.modules if name.startswith('dbmigrations_runner.')))"
    tree.env(minimal(after=loaded))
    assert "dbmigrations_runner.preconditions" in pod.upgrade().log
    result = pod.upgrade()
    assert (result.direction, result.executed) == ("None", [])
    assert "dbmigrations_runner.migration" in result.log
    for module in ("audit", "bookkeeping", "preconditions", "sources", "rendering"):
        assert f"dbmigrations_runner.{module}'" not in result.log
