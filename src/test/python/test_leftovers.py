"""Rule 10: what a failed run left behind is known, and what left nothing behind is not suspected."""

import pytest

FAILS = 'op.execute("SELECT 1/0")'
BLOCK = 'with op.get_context().autocommit_block():\n    op.execute("CREATE INDEX CONCURRENTLY i ON t_aaaa1111 (id)")'
PER_MIGRATION = "transaction_per_migration=True"


@pytest.fixture(autouse=True)
def history(tree):
    tree.linear("aaaa1111")


def partial(result, *revisions, indexes=()):
    assert (result.outcome, result.reason) == ("Failed", "PartiallyApplied"), result.log
    assert (result.partial["revisions"], result.partial["invalidIndexes"]) == (list(revisions), list(indexes))
    for name in (*revisions, *indexes):
        assert name in result.message


def clean(result, reason="MigrationFailed"):
    assert (result.outcome, result.reason) == ("Failed", reason), result.log
    assert result.partial is None


def test_a_block_whose_row_is_rolled_back_later_is_partial(pod_with_blocks, tree, database):
    tree.revision("bbbb2222", up=BLOCK).revision("cccc3333").revision("dddd4444", up=FAILS)
    result = pod_with_blocks.upgrade()
    partial(result, "bbbb2222")
    assert result.failure["revision"] == "dddd4444"
    assert result.current == database.revisions == ["aaaa1111"]


def test_a_block_whose_row_is_committed_is_not(pod, tree, database):
    tree.env(options=PER_MIGRATION)
    tree.revision("bbbb2222", up=BLOCK).revision("cccc3333").revision("dddd4444", up=FAILS)
    result = pod.upgrade()
    clean(result)
    assert result.current == database.revisions == ["cccc3333"]
    assert result.executed == ["aaaa1111", "bbbb2222", "cccc3333"]
    assert result.pending == 1


def test_a_failure_before_anything_was_committed_leaves_nothing(pod, tree):
    tree.env(options=PER_MIGRATION)
    tree.revision("bbbb2222", up=FAILS + "\n" + BLOCK)
    clean(pod.upgrade())


def test_a_statement_before_the_block_is_committed_by_it(pod, tree, database):
    tree.revision(
        "bbbb2222", up=f'op.execute("CREATE TABLE half ()")\nwith op.get_context().autocommit_block():\n    {FAILS}'
    )
    partial(pod.upgrade(), "bbbb2222")
    assert "half" in database.tables


def test_a_block_in_which_the_first_statement_fails_leaves_nothing(pod, tree):
    tree.env(options=PER_MIGRATION)
    tree.revision("bbbb2222", up=f"with op.get_context().autocommit_block():\n    {FAILS}")
    clean(pod.upgrade())


def test_an_invalid_index_is_named(pod_with_blocks, tree, database):
    pod_with_blocks.upgrade("aaaa1111")
    database.query("ALTER TABLE t_aaaa1111 ADD same int; INSERT INTO t_aaaa1111 VALUES (1, 1), (2, 1)")
    unique = 'op.execute("CREATE UNIQUE INDEX CONCURRENTLY twice ON t_aaaa1111 (same)")'
    tree.revision("bbbb2222", up=f"with op.get_context().autocommit_block():\n    {unique}")
    result = pod_with_blocks.upgrade()
    partial(result, indexes=["public.twice"])
    assert result.failure["sqlstate"] == "23505"


def test_an_invalid_index_at_the_target_is_no_success(pod, tree, database):
    pod.upgrade("aaaa1111")
    database.query("ALTER TABLE t_aaaa1111 ADD same int; INSERT INTO t_aaaa1111 VALUES (1, 1), (2, 1)")
    up = """
try:
    with op.get_context().autocommit_block():
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY twice ON t_aaaa1111 (same)")
except sa.exc.IntegrityError:
    pass
"""
    tree.revision("bbbb2222", up=up)
    result = pod.upgrade()
    partial(result, indexes=["public.twice"])
    assert result.current == ["bbbb2222"]


def test_an_index_that_was_invalid_before_does_not_matter(pod, tree, database):
    pod.upgrade("aaaa1111")
    database.query("ALTER TABLE t_aaaa1111 ADD same int; INSERT INTO t_aaaa1111 VALUES (1, 1), (2, 1)")
    with pytest.raises(Exception, match="could not create unique index"):
        database.query("CREATE UNIQUE INDEX CONCURRENTLY twice ON t_aaaa1111 (same)")
    tree.revision("bbbb2222")
    assert pod.upgrade().outcome == "Succeeded"


@pytest.mark.parametrize(
    "commit",
    [
        "op.get_bind().commit()",
        "op.get_bind().get_transaction().commit()",
        'op.execute("COMMIT")',
        'op.execute("/* now */ commit; BEGIN")',
        "op.get_bind().connection.commit()",
        "op.get_bind().connection.dbapi_connection.commit()",
    ],
)
def test_a_commit_within_a_failing_revision_is_partial(pod, tree, database, commit):
    tree.revision("bbbb2222", up=f'op.execute("CREATE TABLE half ()")\n{commit}\n{FAILS}')
    partial(pod.upgrade(), "bbbb2222")
    assert "half" in database.tables


def test_statements_after_a_commit_by_text_commit_by_themselves(pod, tree, database):
    tree.env(options=PER_MIGRATION)
    tree.revision("bbbb2222", up=f'op.execute("COMMIT")\nop.execute("CREATE TABLE half ()")\n{FAILS}')
    partial(pod.upgrade(), "bbbb2222")
    assert "half" in database.tables


@pytest.mark.usefixtures("old_and_new")
def test_what_a_savepoint_took_back_was_not_committed(pod, tree):
    up = f"""
bind = op.get_bind()
op.execute("CREATE TABLE half ()")
try:
    with bind.begin_nested():
        op.execute("INSERT INTO half DEFAULT VALUES")
        {FAILS}
except sa.exc.DataError:
    op.execute("INSERT INTO half SELECT")
with bind.begin_nested():
    op.execute("ANALYZE half")
op.execute("COMMIT")
{FAILS}
"""
    tree.revision("bbbb2222", up=up)
    result = pod.upgrade()
    partial(result, "bbbb2222")
    assert result.partial["committed"] == ["CREATE TABLE half ()", "INSERT INTO half SELECT", "ANALYZE half"]


@pytest.mark.usefixtures("old_and_new")
def test_of_many_statements_the_first_are_named(pod, tree):
    up = 'for number in range(25):\n    op.execute(f"CREATE TABLE half{number} ()")\nop.execute("COMMIT")\n' + FAILS
    tree.revision("bbbb2222", up=up)
    committed = pod.upgrade().partial["committed"]
    assert committed == [*(f"CREATE TABLE half{number} ()" for number in range(10)), "… and 15 more"]


def test_a_commit_of_nothing_leaves_nothing(pod, tree):
    tree.env(options=PER_MIGRATION)
    tree.revision("bbbb2222", up=f"op.get_bind().execute(sa.text('SELECT 1'))\nop.get_bind().commit()\n{FAILS}")
    clean(pod.upgrade())


def test_an_engine_of_the_revisions_own_is_watched_too(pod, tree, database):
    own = (
        'with sa.create_engine(op.get_bind().engine.url).begin() as c:\n    c.execute(sa.text("CREATE TABLE half ()"))'
    )
    tree.revision("bbbb2222", up=f"{own}\n{FAILS}")
    partial(pod.upgrade(), "bbbb2222")
    assert "half" in database.tables


def test_autocommit_that_is_left_on_is_found_out(pod, tree, database):
    on = "driver = op.get_bind().connection.dbapi_connection\ndriver.rollback()\ndriver.autocommit = True"
    tree.env(options=PER_MIGRATION)
    tree.revision("bbbb2222", up=on).revision("cccc3333", up=f'op.execute("CREATE TABLE half ()")\n{FAILS}')
    partial(pod.upgrade(), "cccc3333")
    assert "half" in database.tables


def test_a_whole_run_in_autocommit_is_followed(pod, tree):
    text = (tree.path / "migrations/env.py").read_text()
    tree.env(
        text.replace(
            "connectable.connect() as", "connectable.connect().execution_options(isolation_level='AUTOCOMMIT') as"
        )
    )
    tree.revision("bbbb2222").revision("cccc3333", up=f'op.execute("CREATE TABLE half ()")\n{FAILS}')
    result = pod.upgrade()
    partial(result, "cccc3333")
    assert result.current == ["bbbb2222"]


def test_a_failing_downgrade_is_followed_the_same_way(pod, tree, database):
    tree.revision(
        "bbbb2222", down=f'op.get_bind().commit()\nop.execute("DROP TABLE t_bbbb2222")\nop.get_bind().commit()\n{FAILS}'
    )
    tree.revision("cccc3333")
    pod.upgrade()
    result = pod.downgrade("aaaa1111")
    partial(result, "bbbb2222")
    assert result.current == database.revisions == ["cccc3333"] or result.current == ["bbbb2222"]


def test_a_constraint_that_fails_at_commit_leaves_nothing(pod, tree, database):
    tree.revision(
        "bbbb2222",
        up='op.execute("ALTER TABLE t_aaaa1111 ADD up int REFERENCES t_aaaa1111 DEFERRABLE INITIALLY DEFERRED")\n'
        'op.execute("INSERT INTO t_aaaa1111 (id, up) VALUES (1, 2)")',
    )
    result = pod.upgrade()
    clean(result)
    assert result.failure["sqlstate"] == "23503"
    assert database.revisions == []


def test_the_first_error_of_a_transaction_is_the_one_that_counts(pod, tree):
    tree.revision("bbbb2222", up=f"try:\n    {FAILS}\nexcept Exception:\n    pass\nop.execute('SELECT 2')")
    result = pod.upgrade()
    clean(result)
    assert result.failure == {"revision": "bbbb2222", "sqlstate": "22012", "statement": "SELECT 1/0"}


def test_a_python_error_names_its_revision(pod, tree):
    tree.revision("bbbb2222", up="raise LookupError('no such country')")
    result = pod.upgrade()
    clean(result)
    assert "bbbb2222" in result.message
    assert "LookupError: no such country" in result.message
    assert result.failure == {"revision": "bbbb2222", "sqlstate": None, "statement": None}


def test_an_error_of_the_driver_itself_is_the_revisions_own(pod, tree):
    tree.revision("bbbb2222", up='op.get_bind().execute(sa.text("SELECT :x"), {"x": {"no": "type"}})')
    clean(pod.upgrade())


def test_what_was_committed_counts_when_the_database_cannot_be_read_back(pod, tree, database):
    closes = f"REVOKE CONNECT ON DATABASE {database.name} FROM PUBLIC, {database.user}"
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = user AND pid <> pg_backend_pid()"
    down = f"op.execute('{closes}')\nop.get_bind().commit()\nop.execute('{others}')\n{FAILS}"
    tree.revision("bbbb2222", down=down)
    pod.upgrade()
    result = pod.downgrade("aaaa1111")
    partial(result, "bbbb2222")
    assert result.failure["sqlstate"] == "22012"
    assert result.current is None
