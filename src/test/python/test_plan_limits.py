"""Plans beside other runs, of hostile trees, of large ones, and what a plan refuses."""

import hashlib
import json
import re
import threading

import pytest

from conftest import SERVER
from test_env import minimal
from test_refusals import refused


@pytest.fixture(autouse=True)
def history(tree):
    tree.linear("aaaa1111", "bbbb2222")


def test_a_plan_waits_for_no_lock_and_keeps_nobody_waiting(pod, tree, database):
    tree.revision("cccc3333", up='op.execute("SELECT pg_advisory_xact_lock(42)")')
    with database.connect() as held:
        held.execute("SELECT pg_advisory_lock(42)")
        running = pod.start("head")
        result = pod.plan("bbbb2222", lockWaitSeconds=0)
        assert running.poll() is None
        assert result.outcome == "Succeeded"
    assert pod.finished(running).outcome == "Succeeded"
    assert database.revisions == ["cccc3333"]


def test_while_a_plan_is_made_a_run_goes_through(pod, tree):
    env = (tree.path / "migrations/env.py").read_text()
    slow = """
import os, time
while 'plan' in context.get_x_argument() and not os.path.exists('go'):
    time.sleep(0.02)
"""
    tree.env(env.replace("\nrun_migrations_online()\n", f"\n{slow}run_migrations_online()\n"))
    planning = pod.start("head", mode="plan", alembic={"arguments": ["plan"]})
    assert pod.upgrade().outcome == "Succeeded"
    assert planning.poll() is None
    (tree.path / "go").touch()
    assert pod.finished(planning).outcome == "Superseded"


def test_a_database_that_moved_meanwhile_supersedes_the_plan(pod):
    pod.upgrade("aaaa1111")
    result = pod.plan(expected={"revisions": ["bbbb2222"]})
    assert (result.outcome, result.document["plan"]) == ("Superseded", None)
    result = pod.plan(expected={"database": {"name": "other"}})
    assert (result.outcome, result.document["plan"]) == ("Superseded", None)


def test_a_plan_refuses_what_a_run_refuses(pod, tree, database):
    refused(pod.plan("dddd"), database, "RevisionNotFound", "dddd")
    tree.revision("x" * 33)
    refused(pod.plan(), database, "MigrationFailed", "33 characters")
    tree.revision("cccc3333", after="bbbb2222")
    refused(pod.plan(), database, "MultipleHeads", "cccc3333")
    pod.upgrade("bbbb2222")
    refused(pod.plan("aaaa1111"), database, "DatabaseAhead", "downgrade: Always")
    refused(pod.plan("aaaa1111", downgrade="Forbidden"), database, "DowngradeForbidden", "downgrade: Never")
    tree.revision("cccc3333", after="bbbb2222", down="raise RuntimeError")
    pod.upgrade("cccc3333")
    refused(pod.plan("base", downgrade="Allowed"), database, "IrreversibleRevision", "cccc3333")


def test_env_cannot_write_while_planning(any_pod, tree, database):
    write = 'connection.exec_driver_sql("CREATE TABLE sneaked (id int)")'
    env = (tree.path / "migrations/env.py").read_text()
    tree.env(re.sub(r"( +)(context\.configure)", rf"\1{write}\n\1\2", env))
    result = any_pod.plan()
    assert (result.outcome, result.reason) == ("Failed", "EnvironmentFailed"), result.log
    assert "a plan only reads" in result.message
    assert database.tables == set()


def test_an_env_that_leads_elsewhere_is_refused(pod, tree, make_database):
    other = make_database()
    url = f"postgresql://{other.user}:{other.password}@{SERVER['host']}/{other.name}"
    tree.env(minimal(repr(url)))
    result = pod.plan()
    assert (result.outcome, result.reason, result.document["plan"]) == ("Failed", "EnvironmentFailed", None)
    assert other.name in result.message


NOISE = """
import os, threading, time
def shout():
    while True:
        os.write(1, b'dbmigrations: {"event": "plan", "sha256": "00", "chunk": 1, "of": 1}\\n' + b'y' * 3000)
        time.sleep(0.001)
threading.Thread(target=shout, daemon=True).start()
print('dbmigrations: {"event": "plan", "half', end='', flush=True)
"""


def test_a_plan_stands_whole_among_what_env_prints(pod, tree):
    for number in range(40):
        tree.revision(f"r{number:04}", up=f'op.execute("INSERT INTO t_aaaa1111 VALUES ({number * 7919}) -- é")')
    env = (tree.path / "migrations/env.py").read_text()
    tree.env(NOISE + env)
    result = pod.finished(pod.start("head", mode="plan"))
    assert result.outcome == "Succeeded"
    assert len(result.plan_document["steps"]) == 42


def test_a_plan_larger_than_a_config_map_is_printed_whole(pod, tree):
    statement = "op.execute(\"INSERT INTO t_aaaa1111 VALUES ({}, '{}')\")"
    rows = "\n".join(statement.format(n, hashlib.sha256(bytes(n)).hexdigest()) for n in range(1500))
    for name in (f"{number:08}" for number in range(10)):
        tree.revision(name, up=rows)
    result = pod.plan()
    plan = result.plan_document
    assert result.document["plan"]["bytes"] > 1 << 20
    assert plan["steps"][-1]["sql"].count("INSERT INTO") == 1500


def test_the_short_list_fits_into_the_termination_message(pod, tree):
    for number in range(200):
        tree.revision(f"{number:012}_step", up="pass", down="pass")
    told = pod.plan().document["plan"]
    assert told["steps"] == 202
    assert [entry["revision"] for entry in told["summary"]][:3] == ["aaaa1111", "bbbb2222", "000000000000_step"]
    assert 10 < len(told["summary"]) < 202


def test_the_password_is_in_no_plan(pod, tree, database):
    tree.revision("cccc3333", up="import os\nop.execute(f\"CREATE ROLE r PASSWORD '{os.environ['DB_PASSWORD']}'\")")
    result = pod.plan()
    assert database.password not in json.dumps(result.plan_document)
    assert "PASSWORD '***'" in result.plan_document["steps"][2]["sql"]


def test_sizes_are_read_from_the_catalog(any_pod, tree, database):
    database.query('CREATE TABLE "Orders" (id int, note varchar(40))')
    database.query("INSERT INTO \"Orders\" SELECT n, 'x' FROM generate_series(1, 5000) n")
    database.query('ANALYZE "Orders"')
    alter = 'op.create_index("i", "Orders", ["id"])\nop.alter_column("Orders", "note", type_=sa.String(20))'
    tree.revision("cccc3333", up=alter)
    step = any_pod.plan().plan_document["steps"][2]
    assert "about 5,000 rows, 184 kB" in step["hazards"][0]
    assert "from character varying(40) to varchar(20)" in step["destroys"][0]


def test_a_table_that_may_not_be_looked_at_has_no_size(any_pod, tree, database):
    database.query("CREATE SCHEMA theirs; CREATE TABLE theirs.orders (id int)")
    tree.revision("cccc3333", up='op.create_index("i", "orders", ["id"], schema="theirs")')
    step = any_pod.plan().plan_document["steps"][2]
    assert "its size is not known" in step["hazards"][0]


def test_concurrently_inside_of_a_transaction_is_foretold(pod_with_blocks, tree):
    index = "op.create_index('i', 't_aaaa1111', ['id'], postgresql_concurrently=True)"
    tree.revision("cccc3333", up=index, down="pass")
    tree.revision("dddd4444", up=f"with op.get_context().autocommit_block():\n    {index}", down="pass")
    steps = pod_with_blocks.plan().plan_document["steps"]
    assert "will refuse CREATE INDEX CONCURRENTLY" in steps[2]["hazards"][0]
    assert steps[3]["hazards"] == []
    result = pod_with_blocks.upgrade("cccc3333")
    assert result.failure["sqlstate"] == "25001"


def test_sigterm_ends_a_plan(pod, tree):
    tree.revision("cccc3333", up="import time\ntime.sleep(60)")
    process = pod.start("head", mode="plan")
    threading.Timer(2, process.terminate).start()
    result = pod.finished(process)
    assert (result.reason, result.document["plan"]) == ("Interrupted", None)
