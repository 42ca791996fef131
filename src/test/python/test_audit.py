"""The table in the database that keeps each step: written with the step, or nothing runs."""

from pathlib import Path

import pytest

from dbmigrations_runner.audit import COLUMNS as ALL_COLUMNS
from trees import ENV

FAILS = 'op.execute("SELECT 1/0")'
BLOCK = 'with op.get_context().autocommit_block():\n    op.execute("CREATE INDEX CONCURRENTLY i ON t_aaaa1111 (id)")'
DIGEST = "registry.example.com/app-migrations@sha256:" + "0" * 64
COLUMNS = "revision, down_revisions, direction"


def audit(table="ops.migrations", **facts):
    return {"table": table, "resource": "production/shop", "imageDigest": None, "approvedBy": None, **facts}


def steps(database, table="ops.migrations", columns=COLUMNS):
    return database.query(f"SELECT {columns} FROM {table} ORDER BY id")


def refused(result, database, *words):
    assert (result.outcome, result.reason, result.executed) == ("Failed", "AuditTableUnusable", []), result.log
    assert "the audit table ops.migrations " in result.message
    assert result.message.endswith("; nothing was run")
    for word in words:
        assert word in result.message
    assert (database.tables, database.revisions) == (set(), [])


def test_the_page_has_each_column():
    page = (Path(__file__).parents[3] / "docs/resource.md").read_text("utf-8")
    history = page.split("\n## History")[1].split("\n## ")[0]
    assert all(f"`{name}`" in history for name, _, _ in ALL_COLUMNS)


@pytest.fixture
def schema(database):
    database.query(f"CREATE SCHEMA ops AUTHORIZATION {database.user}")


@pytest.mark.usefixtures("schema")
def test_each_step_is_a_row(any_pod, tree, database):
    tree.linear("aaaa1111", "bbbb2222")
    wanted = audit(approvedBy="o'brien@example.com", imageDigest=DIGEST)
    assert any_pod.upgrade(audit=wanted).outcome == "Succeeded"
    assert any_pod.downgrade("aaaa1111", audit=audit()).outcome == "Succeeded"

    assert steps(database) == [
        ("aaaa1111", [], "Upgrade"),
        ("bbbb2222", ["aaaa1111"], "Upgrade"),
        ("bbbb2222", ["aaaa1111"], "Downgrade"),
    ]
    same = "resource, resource_uid, image, ran_as, logged_in_as"
    image = "registry.example.com/app-migrations:1.4.2"
    assert set(steps(database, columns=same)) == {
        ("production/shop", any_pod.uid, image, database.user, database.user),
    }
    assert steps(database, columns="attempt, image_digest, approved_by") == [
        (1, DIGEST, "o'brien@example.com"),
        (1, DIGEST, "o'brien@example.com"),
        (2, None, None),
    ]
    # The very transaction of the step, and the time within it.
    assert all(row[0] for row in steps(database, columns="transaction_id = xmin::text::bigint"))
    last = database.query("SELECT xmin::text::bigint FROM alembic_version")[0][0]
    assert [row[0] == last for row in steps(database, columns="transaction_id")] == [False, False, True]
    assert all(row[0] for row in steps(database, columns="at BETWEEN now() - interval '1 min' AND clock_timestamp()"))


@pytest.mark.usefixtures("schema", "old_and_new")
def test_what_is_rolled_back_leaves_no_row(pod, tree, database):
    tree.linear("aaaa1111", "bbbb2222").revision("cccc3333", up=FAILS)
    assert pod.upgrade(audit=audit()).reason == "MigrationFailed"
    assert steps(database) == []

    tree.env(options="transaction_per_migration=True")
    assert pod.upgrade(audit=audit()).reason == "MigrationFailed"
    assert [row[0] for row in steps(database)] == ["aaaa1111", "bbbb2222"]
    assert database.revisions == ["bbbb2222"]
    assert len({row[0] for row in steps(database, columns="transaction_id")}) == 2


@pytest.mark.usefixtures("schema")
def test_a_step_with_a_block_is_a_row_with_its_version(pod_with_blocks, tree, database):
    tree.linear("aaaa1111").revision("bbbb2222", up=BLOCK).revision("cccc3333").revision("dddd4444", up=FAILS)
    assert pod_with_blocks.upgrade(audit=audit()).reason == "PartiallyApplied"
    assert [row[0] for row in steps(database)] == database.revisions == ["aaaa1111"]


@pytest.mark.usefixtures("schema")
def test_a_run_in_autocommit_is_written_step_by_step(any_pod, tree, database):
    if "asyncpg" in any_pod.python:
        pytest.skip("its env.py is another")
    autocommit = "connectable.connect().execution_options(isolation_level='AUTOCOMMIT') as"
    tree.env(ENV.replace("connectable.connect() as", autocommit))
    tree.linear("aaaa1111").revision("bbbb2222", up=FAILS)
    assert any_pod.upgrade(audit=audit()).outcome == "Failed"
    assert [row[0] for row in steps(database)] == database.revisions == ["aaaa1111"]


@pytest.mark.usefixtures("old_and_new")
def test_without_a_schema_it_is_beside_the_version_table(pod, tree, database):
    database.query(f"CREATE SCHEMA kept AUTHORIZATION {database.user}")
    tree.env(options='version_table_schema="kept"').linear("aaaa1111")
    assert pod.upgrade(audit=audit("steps")).outcome == "Succeeded"
    assert steps(database, "kept.steps") == [("aaaa1111", [], "Upgrade")]


def test_names_that_need_quotes(any_pod, tree, database):
    database.query(f'CREATE SCHEMA "Größen & 100%s" AUTHORIZATION {database.user}')
    tree.linear("aaaa1111")
    name = 'Größen & 100%s.Who\'s "who" \\ %(x)s $1 :a'
    quoted = '"Größen & 100%%s"."Who\'s ""who"" \\ %%(x)s $1 :a"'.replace("%%", "%")
    result = any_pod.upgrade(audit=audit(name, approvedBy="100% \\'"))
    assert result.outcome == "Succeeded", result.message
    assert steps(database, quoted, "revision, approved_by") == [("aaaa1111", "100% \\'")]


@pytest.mark.usefixtures("old_and_new")
def test_env_py_s_own_role_and_search_path_do_not_matter(pod, tree, database):
    database.query(f"CREATE SCHEMA ops AUTHORIZATION {database.user}")
    other = f"{database.user}_other"
    database.query(f"CREATE ROLE {other} ROLE {database.user}; CREATE SCHEMA app AUTHORIZATION {other}")
    try:
        sets = f"SET ROLE {other}; SET search_path TO app"
        early = f"        connection.exec_driver_sql('{sets}')\n        connection.connection.commit()\n"
        commit = "        connection.get_transaction() and connection.get_transaction().commit()\n"
        tree.env(ENV.replace("        context.configure(", early + commit + "        context.configure("))
        tree.linear("aaaa1111", "bbbb2222")
        result = pod.upgrade(audit=audit())
        assert result.outcome == "Succeeded", result.message
        assert steps(database, columns="ran_as, logged_in_as") == [(other, database.user)] * 2
        owners = database.query("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'app'")
        assert owners == [(other,)]
    finally:
        database.query(f"DROP OWNED BY {other} CASCADE; DROP ROLE {other}")


def test_the_role_that_migrates_owns_it(pod, tree, database):
    role = f"{database.user}_owner"
    database.query(f"CREATE ROLE {role} ROLE {database.user}; CREATE SCHEMA ops AUTHORIZATION {role}")
    database.query(f"GRANT CREATE ON SCHEMA public TO {role}")
    try:
        tree.linear("aaaa1111")
        assert pod.upgrade(audit=audit(), databaseRole=role).outcome == "Succeeded"
        assert steps(database, columns="ran_as, logged_in_as") == [(role, database.user)]
    finally:
        database.query(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


@pytest.mark.usefixtures("old_and_new")
def test_a_schema_that_is_not_there(pod, tree, database):
    tree.linear("aaaa1111")
    refused(pod.upgrade(audit=audit()), database, "there is no schema ops: create it")
    refused(pod.plan(audit=audit()), database, "there is no schema ops: create it")


@pytest.mark.parametrize("right", ["USAGE", "CREATE"])
def test_a_right_that_is_missing(pod, tree, database, right):
    database.query(f"CREATE SCHEMA ops; GRANT {'CREATE' if right == 'USAGE' else 'USAGE'} ON SCHEMA ops TO PUBLIC")
    tree.linear("aaaa1111")
    refused(pod.upgrade(audit=audit()), database, f'GRANT {right} ON SCHEMA "ops" TO the Secret\'s user')


def test_a_table_that_may_not_be_written_to(pod, tree, database):
    database.query(f"CREATE SCHEMA ops AUTHORIZATION {database.user}")
    tree.linear("aaaa1111")
    pod.upgrade(audit=audit())
    pod.downgrade("base")
    database.query("ALTER TABLE ops.migrations OWNER TO postgres")
    refused(pod.upgrade(audit=audit()), database, 'GRANT INSERT ON "ops"."migrations" TO the Secret\'s user')


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ("CREATE TABLE ops.migrations (id bigint, revision int)", "lacks at timestamp with time zone"),
        ("CREATE VIEW ops.migrations AS SELECT 1 AS id", "is no table"),
    ],
)
@pytest.mark.usefixtures("old_and_new")
def test_another_table_of_that_name(pod, tree, database, made, words):
    database.query(f"CREATE SCHEMA ops AUTHORIZATION {database.user}; SET ROLE {database.user}; {made}")
    tree.linear("aaaa1111")
    refused(pod.upgrade(audit=audit()), database, words)


def test_columns_of_the_team_s_own(pod, tree, database):
    database.query(f"CREATE SCHEMA ops AUTHORIZATION {database.user}")
    tree.linear("aaaa1111")
    pod.upgrade(audit=audit())
    pod.downgrade("base")
    database.query("ALTER TABLE ops.migrations ADD note text, ADD seen boolean NOT NULL DEFAULT false")
    assert pod.upgrade(audit=audit()).outcome == "Succeeded"
    pod.downgrade("base")
    database.query("ALTER TABLE ops.migrations ALTER seen DROP DEFAULT")
    refused(pod.upgrade(audit=audit()), database, "wants a value in seen")


@pytest.mark.usefixtures("schema")
def test_nothing_is_made_where_nothing_is_to_be_run(pod, tree, database):
    tree.linear("aaaa1111")
    pod.upgrade()
    assert pod.upgrade(audit=audit()).outcome == "Succeeded"
    assert database.query("SELECT to_regclass('ops.migrations')") == [(None,)]


@pytest.mark.usefixtures("schema")
def test_a_plan_says_so_and_writes_nothing(any_pod, tree, database):
    tree.linear("aaaa1111", "bbbb2222")
    planned = any_pod.plan(audit=audit()).plan_document["steps"]
    assert planned[0]["sql"].startswith('-- dbmigrations: creates table "ops"."migrations"\n')
    assert all(step["sql"].endswith('-- dbmigrations: one row into "ops"."migrations"\n') for step in planned)
    assert database.query("SELECT to_regclass('ops.migrations')") == [(None,)]

    any_pod.upgrade("aaaa1111", audit=audit())
    planned = any_pod.plan(audit=audit()).plan_document["steps"]
    assert "creates table" not in planned[0]["sql"]
    assert len(steps(database)) == 1


@pytest.mark.usefixtures("schema", "old_and_new")
def test_what_cannot_be_written_down_is_not_done(pod, tree, database):
    up = 'op.execute("ALTER TABLE ops.migrations ADD seen int NOT NULL")'
    tree.revision("aaaa1111", up=up)
    result = pod.upgrade(audit=audit())
    assert (result.outcome, result.reason, database.revisions) == ("Failed", "AuditTableUnusable", []), result.message
    assert "revision aaaa1111 was run, and could not be written into the audit table ops.migrations" in result.message
    assert database.tables == set()


@pytest.mark.usefixtures("old_and_new")
def test_no_model_is_expected_for_it(pod, tree, database):
    models = "sa.MetaData()\nsa.Table('t_aaaa1111', target_metadata, sa.Column('id', sa.Integer, primary_key=True))\n"
    tree.env("import sqlalchemy as sa\n" + ENV.replace("target_metadata = None\n", f"target_metadata = {models}"))
    tree.linear("aaaa1111")
    pod.upgrade(audit=audit("steps"))
    assert steps(database, "steps") == [("aaaa1111", [], "Upgrade")]
    assert pod.check(audit=audit("steps")).models["differences"] == []
    assert len(pod.check().models["differences"]) == 1
