"""A data migration that is half-way: what a blind retry makes of it, and what the runner does instead.

The revision multiplies every balance, leaves its transaction, and builds an index, for which PostgreSQL waits until
nobody sees the table as it was before.
"""

import contextlib

import pytest

from plain import alembic
from pod import wait_until

AFTER = 'op.execute("ALTER TABLE orders ADD note text")'
UP = """
op.execute("UPDATE accounts SET balance = balance * 100")
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS accounts_balance ON accounts (balance)")
"""
TIMEOUT = {"PGOPTIONS": "-c lock_timeout=500ms"}
INDEX_IS_VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'accounts_balance'::regclass"

pytestmark = pytest.mark.usefixtures("old_and_new", "history")


@pytest.fixture
def history(pod, tree, database):
    tables = 'op.execute("CREATE TABLE accounts (balance int); CREATE TABLE orders ()")'
    tree.revision("aaaa1111", up=tables)
    assert pod.upgrade().outcome == "Succeeded"
    database.query("INSERT INTO accounts VALUES (1)")
    tree.revision("bbbb2222", up=UP)


@contextlib.contextmanager
def old_transaction(database, statement="SELECT FROM accounts", isolation="REPEATABLE READ"):
    """Keep a transaction open that has done this."""
    with database.connect() as other:
        other.execute(f"BEGIN ISOLATION LEVEL {isolation}; {statement}")
        yield other


def balance(database):
    return database.query("SELECT balance FROM accounts")[0][0]


def index_is_valid(database):
    return database.query(INDEX_IS_VALID)[0][0]


def test_alembic_alone_says_that_all_is_well(pod, database):
    with old_transaction(database):
        status, said = alembic(pod, "upgrade", "head", **TIMEOUT)
    assert status != 0
    assert "lock timeout" in said
    assert (balance(database), database.revisions) == (100, ["aaaa1111"])

    assert alembic(pod, "upgrade", "head", **TIMEOUT)[0] == 0
    assert (balance(database), database.revisions) == (10_000, ["bbbb2222"])
    assert not index_is_valid(database)


def test_the_index_is_waited_for_and_the_data_multiplied_once(pod, database):
    with old_transaction(database) as other:
        process = pod.start("head", lockTimeoutMillis=500)
        waits = "query LIKE 'CREATE INDEX CONC%' AND wait_event_type = 'Lock' AND now() - query_start > '1 s'"
        count = f"SELECT count(*) FROM pg_stat_activity WHERE {waits}"
        wait_until(lambda: database.query(count)[0][0], "the index has waited for twice the lock time-out")
        other.execute("COMMIT")
        result = pod.finished(process)
    assert (result.outcome, result.current) == ("Succeeded", ["bbbb2222"])
    assert balance(database) == 100
    assert index_is_valid(database)


def test_a_lock_timeout_after_the_index_leaves_facts_and_no_second_run(pod, tree, database):
    tree.last = "aaaa1111"
    tree.revision("bbbb2222", up=UP + AFTER)
    with old_transaction(database, "LOCK TABLE orders", "READ COMMITTED"):
        result = pod.upgrade(lockTimeoutMillis=500)
    assert (result.outcome, result.reason) == ("Failed", "PartiallyApplied")
    assert result.failure["sqlstate"] == "55P03"
    assert result.current == database.revisions == ["aaaa1111"]
    assert result.partial == {
        "revisions": ["bbbb2222"],
        "invalidIndexes": [],
        "committed": [
            "UPDATE accounts SET balance = balance * 100",
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS accounts_balance ON accounts (balance)",
        ],
    }
    assert result.message == (
        "revision bbbb2222 failed: canceling statement due to lock timeout (SQLSTATE 55P03); revision bbbb2222 is not "
        "recorded, but committed `UPDATE accounts SET balance = balance * 100`, `CREATE INDEX CONCURRENTLY IF NOT "
        "EXISTS accounts_balance ON accounts (balance)`; the version table says aaaa1111; finish it or undo it by "
        "hand, then set the annotation dbmigrations.dev/retry"
    )
    assert balance(database) == 100


def test_an_index_that_is_given_up_is_named(pod, tree, database):
    with old_transaction(database):
        result = pod.upgrade(statementTimeoutMillis=1000)
    assert (result.outcome, result.reason) == ("Failed", "PartiallyApplied")
    assert result.failure["sqlstate"] == "57014"
    assert result.partial == {
        "revisions": ["bbbb2222"],
        "invalidIndexes": ["public.accounts_balance"],
        "committed": ["UPDATE accounts SET balance = balance * 100"],
    }
    assert "index public.accounts_balance is invalid" in result.message
    assert "`UPDATE accounts SET balance = balance * 100`" in result.message

    # A person finishes the step, says so in the version table, and lets the run go on.
    database.query("REINDEX INDEX CONCURRENTLY accounts_balance")
    database.query("UPDATE alembic_version SET version_num = 'bbbb2222'")
    tree.revision("cccc3333")
    result = pod.upgrade()
    assert (result.outcome, result.executed) == ("Succeeded", ["cccc3333"])
    assert (balance(database), index_is_valid(database)) == (100, True)


def test_what_is_undone_by_hand_runs_again_whole(pod, database):
    with old_transaction(database):
        assert pod.upgrade(statementTimeoutMillis=1000).reason == "PartiallyApplied"

    database.query("DROP INDEX CONCURRENTLY accounts_balance")
    database.query("UPDATE accounts SET balance = balance / 100")
    result = pod.upgrade()
    assert (result.outcome, result.executed) == ("Succeeded", ["bbbb2222"])
    assert (balance(database), index_is_valid(database)) == (100, True)


def test_a_retry_before_anything_was_mended_runs_nothing(pod, database):
    with old_transaction(database):
        assert pod.upgrade(statementTimeoutMillis=1000).reason == "PartiallyApplied"
    for result in (pod.upgrade(), pod.upgrade("bbbb2222")):
        assert (result.outcome, result.reason, result.executed) == ("Failed", "PartiallyApplied", [])
        assert "index public.accounts_balance is invalid, and IF NOT EXISTS in revision bbbb2222" in result.message
    assert (balance(database), database.revisions) == (100, ["aaaa1111"])


def test_what_alembic_alone_left_half_way_is_found_out_as_well(pod, database):
    with old_transaction(database):
        assert alembic(pod, "upgrade", "head", **TIMEOUT)[0] != 0
    assert pod.plan().reason == "PartiallyApplied"
    assert pod.upgrade().reason == "PartiallyApplied"
    assert balance(database) == 100


def test_a_revision_that_drops_the_invalid_index_itself_goes_on(pod, tree, database):
    tree.last = "aaaa1111"
    drop = 'op.execute("DROP INDEX CONCURRENTLY IF EXISTS accounts_balance")'
    tree.revision("bbbb2222", up=UP.replace("    op.", f"    {drop}\n    op."))
    with old_transaction(database):
        assert alembic(pod, "upgrade", "head", **TIMEOUT)[0] != 0
    assert pod.upgrade().outcome == "Succeeded"
    assert index_is_valid(database)
