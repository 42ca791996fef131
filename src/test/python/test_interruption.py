"""SIGTERM, time-outs and kills: nothing stays half done, and the result is written."""

import signal

import pytest

from pod import wait_until

SLEEPS = 'op.execute("SELECT pg_sleep(600)")'


@pytest.fixture(autouse=True)
def history(tree):
    tree.linear("aaaa1111").revision("bbbb2222", up='op.execute("CREATE TABLE half (id int)")\n' + SLEEPS)


def sleeping(database):
    return database.query(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(600)%' "
        "AND state = 'active' AND pid <> pg_backend_pid()"
    )


def test_sigterm_cancels_the_statement_and_rolls_back(any_pod, database):
    process = any_pod.start("head")
    wait_until(lambda: sleeping(database), "the revision runs")
    process.send_signal(signal.SIGTERM)
    result = any_pod.finished(process)
    assert (result.status, result.outcome, result.reason) == (1, "Failed", "Interrupted"), result.log
    assert "SIGTERM" in result.message
    assert "did not come back" not in result.message
    assert result.failure["revision"] == "bbbb2222"
    assert result.current == database.revisions == []
    assert database.tables == set()


def test_the_timeout_of_the_attempt_does_the_same(pod, database):
    result = pod.upgrade(timeoutSeconds=1)
    assert result.reason == "Interrupted"
    assert database.revisions == []
    assert "timeout of 1 s" in result.message
    assert not sleeping(database)


def test_a_migration_that_does_not_come_back_is_cut_off(pod, tree, database):
    loop = "import time\nopen('looping', 'w')\nwhile True:\n    time.sleep(0.1)"
    tree.revision("cccc3333", up=loop)
    (tree.path / "migrations/versions/bbbb2222.py").unlink()
    tree.last = "aaaa1111"
    tree.revision("cccc3333", up=loop)
    process = pod.start("head")
    wait_until((tree.path / "looping").exists, "the revision runs")
    process.send_signal(signal.SIGTERM)
    result = pod.finished(process)
    assert (result.status, result.reason) == (1, "Interrupted")
    assert "did not come back" in result.message
    wait_until(
        lambda: database.query("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", database.user) == [(0,)],
        "its sessions are gone",
    )
    assert database.revisions == []


def test_sigterm_while_waiting_for_the_lock_ends_the_waiting(pod, database):
    with database.connect() as other:
        other.execute(f"SELECT pg_advisory_lock({0x64626D6967726174})")
        process = pod.start("head")
        wait_until(lambda: "holds the lock" in process.log.read_text(), "the run waits")
        process.send_signal(signal.SIGTERM)
        assert pod.finished(process).reason == "Interrupted"


def test_a_migration_that_swallows_the_cancellation_is_stopped_all_the_same(pod, tree, database):
    (tree.path / "migrations/versions/bbbb2222.py").unlink()
    tree.last = "aaaa1111"
    tree.revision(
        "cccc3333", up=f"for _ in range(100):\n    try:\n        {SLEEPS}\n    except Exception:\n        pass"
    )
    process = pod.start("head")
    wait_until(lambda: sleeping(database), "the revision runs")
    process.send_signal(signal.SIGTERM)
    assert pod.finished(process).reason == "Interrupted"
    assert database.revisions == []


def test_a_kill_leaves_the_facts_there(pod, database):
    process = pod.start("head")
    wait_until(lambda: sleeping(database), "the revision runs")
    process.kill()
    process.wait()
    message = pod.message_of(process)
    assert (message["outcome"], message["reason"]) == ("Failed", "Interrupted")
    assert (message["from"], message["resolvedTarget"], message["direction"]) == ([], ["bbbb2222"], "Upgrade")
    assert message["steps"] == {"executed": 1, "total": 2, "revisions": ["aaaa1111"]}
    assert message["partial"] is None
    assert "bbbb2222" in message["message"]
    wait_until(lambda: not sleeping(database), "client_connection_check_interval ends the backend")


def test_a_kill_within_a_step_that_has_committed_leaves_its_mark(pod, tree, database):
    (tree.path / "migrations/versions/bbbb2222.py").unlink()
    tree.last = "aaaa1111"
    tree.revision(
        "cccc3333",
        up=f'with op.get_context().autocommit_block():\n    op.execute("CREATE TABLE half ()")\n    {SLEEPS}',
    )
    process = pod.start("head")
    wait_until(lambda: sleeping(database), "the revision runs")
    process.kill()
    process.wait()
    assert pod.message_of(process)["partial"]["revisions"] == ["cccc3333"]


def test_an_administrator_who_ends_the_session_interrupts(any_pod, database):
    process = any_pod.start("head")
    pid = wait_until(lambda: sleeping(database), "the revision runs")[0][0]
    database.query("SELECT pg_terminate_backend(%s)", pid)
    result = any_pod.finished(process)
    assert result.outcome == "Failed"
    assert result.reason in ("Interrupted", "DatabaseUnreachable")
    assert result.current == []


def test_a_database_that_goes_away_is_tried_again(pod, tree, database):
    others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE usename = current_user AND pid <> pg_backend_pid()"
    )
    itself = "SELECT pg_terminate_backend(pg_backend_pid())"
    (tree.path / "migrations/versions/bbbb2222.py").unlink()
    tree.last = "aaaa1111"
    tree.revision("cccc3333", up=f"op.execute('{others}')\nop.execute('{itself}')")
    result = pod.upgrade()
    assert (result.outcome, result.partial) == ("Failed", None)
    assert result.reason in ("Interrupted", "DatabaseUnreachable")
    assert (result.current, database.revisions) == ([], []), "read on a new connection"
