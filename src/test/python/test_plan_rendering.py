"""Revisions that cannot be written down: the plan says which and why, and goes on with the others."""

import pytest

SESSION = """
from sqlalchemy.orm import Session
session = Session(bind=op.get_bind())
session.execute(sa.text("SELECT 1")).fetchall()
"""
OWN_ENGINE = """
engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    connection.execute(sa.text("SET default_transaction_read_only = off"))
    connection.execute(sa.text("DROP TABLE t_aaaa1111"))
"""
CAUGHT = """
try:
    rows = op.get_bind().execute(sa.text("SELECT id FROM t_aaaa1111")).fetchall()
except Exception:
    rows = []
"""
REVISIONS = {
    "fetchall": ("op.get_bind().execute(sa.text('SELECT id FROM t_aaaa1111')).fetchall()", "SELECT id FROM t_aaaa1111"),
    "scalar": ("op.get_bind().execute(sa.text('SELECT 1')).scalar()", "it reads the database"),
    "loop": ("for row in op.get_bind().execute(sa.text('SELECT 1')):\n    pass", "it reads the database"),
    "truth": ("if op.get_bind().execute(sa.text('SELECT 1')):\n op.drop_table('t_aaaa1111')", "it reads the database"),
    "rowcount": ("assert op.get_bind().execute(sa.text('DELETE FROM t_aaaa1111')).rowcount >= 0", "reads the database"),
    "caught": (CAUGHT, "it reads the database"),
    "inspection": ("sa.inspect(op.get_bind()).get_table_names()", ""),
    "session": (SESSION, ""),
    "commit": ("op.get_bind().commit()", "it needs a connection (commit)"),
    "driver SQL": ("op.get_bind().exec_driver_sql('SELECT 1')", "it needs a connection (exec_driver_sql)"),
    "context's connection": ("context.get_bind().execute(sa.text('SELECT 1')).scalar()", "it reads the database"),
    "own engine": (OWN_ENGINE, "connection of its own: SET default_transaction_read_only"),
    "raises": ("raise ValueError('no such tenant')", "ValueError: no such tenant"),
    "exits": ("import sys\nsys.exit(3)", "SystemExit: 3"),
    "asks": ("if not context.is_offline_mode():\n    op.drop_table('t_aaaa1111')", "whether it runs offline"),
    "as_sql": ("if not op.get_context().as_sql:\n    op.drop_table('t_aaaa1111')", "whether it runs offline"),
    "literal": (
        "t = sa.table('t_aaaa1111', sa.column('id', sa.LargeBinary))\nop.bulk_insert(t, [{'id': object()}])",
        "rendering it fails",
    ),
}


@pytest.fixture(autouse=True)
def history(tree):
    tree.linear("aaaa1111")


@pytest.mark.parametrize("name", REVISIONS)
def test_a_step_that_cannot_be_rendered_is_only_one(any_pod, tree, database, name):
    up, why = REVISIONS[name]
    tree.revision("bbbb2222", up=f'op.create_table("before", sa.Column("id", sa.Integer))\n{up}').linear("cccc3333")
    result = any_pod.plan(wayBack=True)
    assert result.outcome == "Succeeded", result.log
    first, second, third = result.plan_document["steps"]
    assert (first["rendered"], third["rendered"], second["rendered"]) == (True, True, False)
    assert why in second["whyNot"]
    assert second["destroys"][0] == "cannot be rendered, so it may destroy anything"
    assert f"-- this step is not rendered whole: {second['whyNot']}" in second["sql"]
    assert "CREATE TABLE before" in second["sql"]
    assert "SET version_num='bbbb2222'" in second["sql"]
    assert len(second["sourceSha256"]) == 64
    assert "CREATE TABLE t_cccc3333" in third["sql"]
    assert result.document["plan"]["destructive"]
    assert database.tables == set()


PARAMETERS = """
bind = op.get_bind()
bind.execute(sa.text("INSERT INTO t_aaaa1111 VALUES (:id)"), {"id": 7})
bind.execute(sa.text("UPDATE t_aaaa1111 SET id = :new WHERE id = :old"), [{"new": 1, "old": 2}, {"new": 3, "old": 4}])
bind.execute(sa.table("t_aaaa1111", sa.column("id", sa.Integer)).insert(), [{"id": 8}, {"id": 9}])
"""


def test_parameters_are_shown_as_values(any_pod, tree):
    tree.revision("bbbb2222", up=PARAMETERS)
    step = any_pod.plan().plan_document["steps"][1]
    assert (step["rendered"], step["destroys"]) == (True, [])
    for value in ("VALUES (7)", "SET id = 1 WHERE id = 2", "SET id = 3 WHERE id = 4", "VALUES (8)", "VALUES (9)"):
        assert value in step["sql"]


def test_what_is_read_and_thrown_away_is_rendered(any_pod, tree):
    tree.revision("bbbb2222", up="op.get_bind().execute(sa.text(\"SELECT setval('ids', 5)\"))")
    step = any_pod.plan().plan_document["steps"][1]
    assert (step["rendered"], step["destroys"]) == (True, [])
    assert "SELECT setval('ids', 5);" in step["sql"]


OPERATIONS = """
op.add_column("t_aaaa1111", sa.Column("name", sa.String(20)))
op.alter_column("t_aaaa1111", "name", type_=sa.String(10), existing_type=sa.String(20), schema="public")
op.create_index("ix_name", "t_aaaa1111", ["name"])
op.create_unique_constraint("uq_name", "t_aaaa1111", ["name"])
with op.batch_alter_table("t_aaaa1111") as batch:
    batch.drop_column("name")
op.rename_table("t_aaaa1111", "users")
op.execute("DELETE FROM users")
op.bulk_insert(sa.table("users", sa.column("id", sa.Integer)), [{"id": 1}, {"id": 2}])
"""


def test_operations_are_told_by_kind_and_object(any_pod, tree):
    tree.revision("bbbb2222", up=OPERATIONS)
    step = any_pod.plan().plan_document["steps"][1]
    assert [(operation["kind"], operation["object"]) for operation in step["operations"]] == [
        ("add_column", "t_aaaa1111.name"),
        ("alter_column", "public.t_aaaa1111.name"),
        ("create_index", "ix_name on t_aaaa1111"),
        ("create_unique_constraint", "uq_name on t_aaaa1111"),
        ("drop_column", "t_aaaa1111.name"),
        ("rename_table", "t_aaaa1111"),
        ("execute", ""),
        ("bulk_insert", "users"),
    ]
    assert step["rendered"], step["whyNot"]
    assert step["destroys"] == [
        "changes column public.t_aaaa1111.name from varchar(20) to varchar(10), which may lose data",
        "drops column t_aaaa1111.name",
        "deletes all rows of table users",
    ]
    assert len([line for line in step["sql"].splitlines() if line.startswith("INSERT INTO users")]) == 2


def test_a_revision_never_renders_twice_the_same_and_is_planned_all_the_same(pod, tree):
    tree.revision("bbbb2222", up="import uuid\nop.execute(f\"INSERT INTO ids VALUES ('{uuid.uuid4()}')\")")
    first, second = pod.plan(), pod.plan()
    assert first.plan_document["steps"][1]["rendered"]
    assert first.document["plan"]["sha256"] != second.document["plan"]["sha256"]


def test_arguments_of_run_migrations_reach_upgrade(pod, tree):
    env, revision = tree.path / "migrations/env.py", tree.path / "migrations/versions/aaaa1111.py"
    env.write_text(env.read_text().replace("context.run_migrations()", "context.run_migrations(tenant='a')"))
    revision.write_text(
        revision.read_text().replace("grade():", "grade(tenant):").replace('"t_aaaa1111"', '"t_" + tenant')
    )
    assert "CREATE TABLE t_a" in pod.plan().plan_document["steps"][0]["sql"]
