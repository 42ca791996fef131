"""Plans: what would run, said before, with nothing run."""

import hashlib
import re
import subprocess

import pytest

from trees import ASYNC_ENV, ENV

# Only online where the template chooses.
ONLINE = re.compile(r"\n(asyncio\.run\(run_async_migrations\(\)\)|run_migrations_online\(\))\n$")
OFFLINE = """
if context.is_offline_mode():
    context.configure(url="postgresql://", literal_binds=True, dialect_opts={"paramstyle": "named"}{options})
    with context.begin_transaction():
        context.run_migrations()
else:
    \\1
"""
PLAN_KEYS = ["version", "target", "resolvedTarget", "from", "to", "direction", "baseline", "steps", "wayBack"]
KEYS = [
    "revision",
    "message",
    "direction",
    "sql",
    "rendered",
    "whyNot",
    "operations",
    "destroys",
    "hazards",
    "cannotBeUndone",
    "sourceSha256",
]


@pytest.fixture(autouse=True)
def history(tree):
    tree.linear("aaaa1111", "bbbb2222", "cccc3333")


def nothing_happened(database):
    return database.tables == set() and database.query("SELECT to_regclass('alembic_version')") == [(None,)]


def script(plan):
    return "\n".join(step["sql"] for step in plan["steps"])


def test_a_plan_shows_each_step_and_runs_none(any_pod, database):
    result = any_pod.plan("bbbb2222")
    assert (result.status, result.outcome, result.reason, result.direction) == (0, "Succeeded", None, "Upgrade")
    assert (result.from_, result.current, result.resolvedTarget, result.pending) == ([], [], ["bbbb2222"], 2)
    assert result.steps == {"executed": 0, "total": 2, "revisions": []}
    assert nothing_happened(database)
    plan = result.plan_document
    assert list(plan) == PLAN_KEYS
    assert (plan["target"], plan["from"], plan["to"], plan["wayBack"]) == ("bbbb2222", [], ["bbbb2222"], None)
    step = plan["steps"][1]
    assert list(step) == KEYS
    assert (step["revision"], step["message"], step["direction"]) == ("bbbb2222", "bbbb2222.", "Upgrade")
    assert (step["rendered"], step["whyNot"], step["destroys"], step["hazards"]) == (True, None, [], [])
    assert step["operations"] == [{"kind": "create_table", "object": "t_bbbb2222"}]
    assert "CREATE TABLE t_bbbb2222" in step["sql"]
    source = any_pod.tree.path / "migrations/versions/bbbb2222.py"
    assert step["sourceSha256"] == hashlib.sha256(source.read_bytes()).hexdigest()


def test_the_result_says_in_short_what_the_plan_says(pod, tree):
    tree.revision("dddd4444", up='op.drop_table("t_aaaa1111")')
    told = pod.plan().document["plan"]
    assert (told["steps"], told["destructive"]) == (4, True)
    assert told["summary"][0] == {"revision": "aaaa1111", "message": "aaaa1111.", "destroys": 0}
    assert told["summary"][3] == {"revision": "dddd4444", "message": "dddd4444.", "destroys": 1}


def test_a_plan_at_the_target_has_no_steps(any_pod):
    any_pod.upgrade()
    result = any_pod.plan(wayBack=True)
    plan = result.plan_document
    assert (plan["direction"], plan["steps"], plan["wayBack"]) == ("None", [], None)
    assert (plan["from"], plan["to"], result.document["plan"]["destructive"]) == (["cccc3333"], ["cccc3333"], False)


def test_a_way_down_is_planned_as_it_would_run(any_pod, database):
    any_pod.upgrade()
    result = any_pod.plan("aaaa1111", downgrade="Allowed")
    plan = result.plan_document
    assert (plan["direction"], plan["from"], plan["to"]) == ("Downgrade", ["cccc3333"], ["aaaa1111"])
    assert [step["revision"] for step in plan["steps"]] == ["cccc3333", "bbbb2222"]
    assert plan["steps"][0]["destroys"] == ["drops table t_cccc3333"]
    assert database.revisions == ["cccc3333"]


def test_the_way_back_is_rendered_with_the_way_up(any_pod):
    any_pod.upgrade("aaaa1111")
    back = any_pod.plan(wayBack=True).plan_document["wayBack"]
    assert list(back) == ["whyNot", "from", "to", "direction", "steps"]
    assert (back["whyNot"], back["direction"]) == (None, "Downgrade")
    assert (back["from"], back["to"]) == (["cccc3333"], ["aaaa1111"])
    assert [step["revision"] for step in back["steps"]] == ["cccc3333", "bbbb2222"]
    assert "DROP TABLE t_cccc3333;" in back["steps"][0]["sql"]
    assert "UPDATE alembic_version SET version_num='aaaa1111'" in back["steps"][1]["sql"]


def test_the_way_back_ends_where_a_revision_cannot_be_undone(pod, tree):
    tree.revision("dddd4444", down="raise NotImplementedError").revision("eeee5555")
    plan = pod.plan(wayBack=True).plan_document
    assert "raises" in plan["steps"][3]["cannotBeUndone"]
    assert plan["steps"][4]["cannotBeUndone"] is None
    back = plan["wayBack"]
    assert [step["revision"] for step in back["steps"]] == ["eeee5555"]
    assert back["to"] == ["dddd4444"]
    assert "dddd4444" in back["whyNot"]


def test_a_downgrade_that_does_nothing_is_marked(pod, tree):
    tree.revision("dddd4444", down="pass").revision("eeee5555", up="pass", down="pass")
    plan = pod.plan(wayBack=True).plan_document
    assert "does nothing" in plan["steps"][3]["cannotBeUndone"]
    assert plan["steps"][4]["cannotBeUndone"] is None
    assert "does nothing" in plan["wayBack"]["steps"][1]["hazards"][0]


OPTIONS = ["", "transaction_per_migration=True", "transactional_ddl=False", "version_table='versions_of_ours'"]
BLOCK = "with op.get_context().autocommit_block():\n    op.execute('CREATE INDEX CONCURRENTLY i ON t_aaaa1111 (id)')"


@pytest.mark.parametrize("options", OPTIONS)
def test_the_sql_is_what_alembic_itself_prints(any_pod, tree, database, options):
    tree.revision("dddd4444", up=BLOCK, down="op.drop_index('i', 't_aaaa1111')")
    tree.revision("eeee5555", up="op.execute(\"UPDATE t_aaaa1111 SET id = 1 WHERE '5%' LIKE 'a%'\")", down="pass")
    tree.env(ONLINE.sub(OFFLINE, ASYNC_ENV if "asyncpg" in any_pod.python else ENV), options)
    assert script(any_pod.plan().plan_document).split() == alembic(any_pod, "upgrade", "base:head").split()
    # Before 1.19 Alembic ends with a DROP TABLE of its own table, which no run does.
    table = "versions_of_ours" if "version_table" in options else "alembic_version"
    database.query(f"CREATE TABLE {table} AS SELECT 'eeee5555'::varchar(32) AS version_num")
    database.query(f"GRANT ALL ON {table} TO public")
    expected = {"revisions": ["eeee5555"]}
    plan = any_pod.plan("base", downgrade="Allowed", expected=expected).plan_document
    plain = alembic(any_pod, "downgrade", "head:base")
    assert script(plan).split() == plain.replace(f"DROP TABLE {table};\n\n", "").split()


def alembic(pod, *command):
    done = subprocess.run(
        [pod.python, "-m", "alembic", *command, "--sql"], cwd=pod.tree.path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
