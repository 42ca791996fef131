"""Databases that had tables before they had revisions."""

import time

import pytest

from test_refusals import refused
from trees import ENV

ENV_OPTIONS = ["", "transaction_per_migration=True", "transactional_ddl=False"]


@pytest.fixture(autouse=True)
def history(tree):
    tree.linear("aaaa1111", "bbbb2222", "cccc3333")


def make(database, *names):
    """Make what revisions make, without them."""
    for name in names:
        as_user(database, f"CREATE TABLE t_{name} (id serial PRIMARY KEY)")


def as_user(database, statement):
    database.query(f"SET ROLE {database.user}; {statement}")


def no_version_table(database, name="alembic_version"):
    return database.query(f"SELECT to_regclass('{name}')") == [(None,)]


def test_a_database_that_fits_is_stamped_and_goes_on(any_pod, database):
    make(database, "aaaa1111", "bbbb2222")
    result = any_pod.upgrade(baseline="bbbb2222")
    assert (result.status, result.outcome, result.reason, result.direction) == (0, "Succeeded", None, "Upgrade")
    assert (result.from_, result.current, result.executed) == ([], ["cccc3333"], ["cccc3333"])
    assert result.steps == {"executed": 1, "total": 1, "revisions": ["cccc3333"]}
    assert result.baselined == {"revision": "bbbb2222", "unread": []}
    (event,) = [event for event in result.events if event["event"] == "baselined"]
    assert event["revision"] == "bbbb2222"
    assert database.revisions == ["cccc3333"]


@pytest.mark.usefixtures("old_and_new")
def test_it_is_stamped_once(pod, database):
    make(database, "aaaa1111", "bbbb2222")
    assert pod.upgrade("bbbb2222", baseline="bbbb2222").baselined["revision"] == "bbbb2222"
    assert database.revisions == ["bbbb2222"]
    # Whatever is written there afterwards: the version table decides.
    result = pod.upgrade(baseline="aaaa1111")
    assert (result.outcome, result.executed, result.baselined) == ("Succeeded", ["cccc3333"], None)
    assert pod.upgrade(baseline="nowhere").outcome == "Succeeded"


@pytest.mark.usefixtures("old_and_new")
def test_the_target_may_be_the_baseline(pod, database):
    make(database, "aaaa1111", "bbbb2222", "cccc3333")
    result = pod.upgrade(baseline="cccc")
    assert (result.outcome, result.direction, result.pending) == ("Succeeded", "None", 0)
    assert (result.from_, result.current) == ([], ["cccc3333"])
    assert result.baselined == {"revision": "cccc3333", "unread": []}


@pytest.mark.usefixtures("old_and_new")
def test_what_is_missing_is_named_and_nothing_is_written(pod, tree, database):
    columns = "".join(f'op.add_column("t_bbbb2222", sa.Column("c{number}", sa.Integer))\n' for number in range(4))
    tree.revision("dddd4444", up=columns)
    make(database, "bbbb2222", "cccc3333")
    as_user(database, "ALTER TABLE t_bbbb2222 ADD c0 int")
    result = pod.upgrade(baseline="dddd4444")
    refused(result, database, "BaselineRefused", "dddd4444", "table t_aaaa1111", "column t_bbbb2222.c1", "and 1 more")
    assert "c0" not in result.message
    assert result.baselined is None
    assert no_version_table(database)
    as_user(database, "CREATE TABLE t_aaaa1111 (x int); ALTER TABLE t_bbbb2222 ADD c1 int, ADD c2 int, ADD c3 int")
    result = pod.upgrade(baseline="dddd4444")
    assert "lacks column t_aaaa1111.id: write" in result.message


def test_a_version_table_without_rows_is_not_none(pod):
    pod.upgrade()
    pod.downgrade("base")
    assert pod.upgrade(baseline="cccc3333").executed == ["aaaa1111", "bbbb2222", "cccc3333"]


@pytest.mark.usefixtures("old_and_new")
class TestWhatItMeans:
    """An id or a unique prefix, on the way to the target."""

    def test_a_revision_that_is_not_there(self, pod, database):
        result = pod.upgrade(baseline="dddd4444")
        refused(result, database, "RevisionNotFound", "spec.baseline dddd4444", "app-migrations:1.4.2", "cccc3333")
        assert result.unknown is None

    @pytest.mark.parametrize("text", ["head", "base", "shop", "shop@cccc3333", "+1", "ccc"])
    def test_only_ids_and_prefixes(self, pod, tree, database, text):
        tree.revision("dddd4444", labels=("shop",))
        refused(pod.upgrade(baseline=text), database, "RevisionNotFound", f"spec.baseline {text}")
        assert no_version_table(database)

    def test_an_ambiguous_prefix(self, pod, tree, database):
        tree.revision("cccc4444")
        refused(pod.upgrade(baseline="cccc"), database, "AmbiguousRevision", "cccc3333", "cccc4444")

    def test_on_another_branch_than_the_target(self, pod, tree, database):
        tree.revision("dddd4444", after="bbbb2222")
        make(database, "aaaa1111", "bbbb2222", "dddd4444")
        result = pod.upgrade("cccc3333", baseline="dddd4444")
        refused(result, database, "BaselineRefused", "dddd4444", "another branch than target cccc3333")
        assert no_version_table(database)
        assert pod.upgrade("heads", baseline="dddd4444").current == ["cccc3333", "dddd4444"]

    @pytest.mark.parametrize(
        ("downgrade", "reason"), [("NotRequested", "DatabaseAhead"), ("Forbidden", "DowngradeForbidden")]
    )
    def test_beyond_the_target(self, pod, database, downgrade, reason):
        make(database, "aaaa1111", "bbbb2222")
        result = pod.upgrade("aaaa1111", baseline="bbbb2222", downgrade=downgrade)
        refused(result, database, reason, "aaaa1111", "bbbb2222")
        assert no_version_table(database)

    def test_longer_than_the_version_tables_column(self, pod, tree, database):
        name = "x" * 33
        tree.revision(name)
        make(database, "aaaa1111", "bbbb2222", "cccc3333", name)
        refused(pod.upgrade(baseline=name), database, "MigrationFailed", name, "33 characters")
        assert no_version_table(database)

    def test_what_it_depends_on_counts_and_the_rows_are_as_stamp_leaves_them(self, pod, tree, database):
        tree.revision("dddd1111", after=None).revision("eeee1111", after="cccc3333", depends="dddd1111")
        tree.revision("dddd2222", after="dddd1111")
        made = ["aaaa1111", "bbbb2222", "cccc3333", "eeee1111"]
        make(database, *made)
        refused(pod.upgrade("heads", baseline="eeee1111"), database, "BaselineRefused", "table t_dddd1111")
        make(database, "dddd1111")
        result = pod.upgrade("eeee1111", baseline="eeee1111")
        assert (result.outcome, result.current) == ("Succeeded", ["eeee1111"])
        assert pod.upgrade("heads").executed == ["dddd2222"]


@pytest.mark.parametrize("options", ENV_OPTIONS)
@pytest.mark.usefixtures("old_and_new")
def test_a_first_run_that_fails_leaves_no_version_table_and_names_the_baseline(pod, tree, database, options):
    tree.env(options=options)
    make(database, "aaaa1111", "bbbb2222")
    result = pod.upgrade()
    assert (result.reason, result.failure["sqlstate"], result.partial) == ("MigrationFailed", "42P07", None)
    assert result.message.endswith(
        "already exists (SQLSTATE 42P07); if the database was made without these revisions, "
        "write spec.baseline: bbbb2222, the newest up to which it has every table and column"
    )
    assert no_version_table(database)
    result = pod.upgrade(baseline="bbbb2222")
    assert (result.outcome, result.executed) == ("Succeeded", ["cccc3333"])


@pytest.mark.parametrize("options", ENV_OPTIONS)
@pytest.mark.usefixtures("old_and_new")
def test_a_baseline_that_is_too_old_is_told(pod, tree, database, options):
    tree.env(options=options)
    make(database, "aaaa1111", "bbbb2222", "cccc3333")
    result = pod.upgrade(baseline="aaaa1111")
    assert (result.reason, result.failure["revision"]) == ("MigrationFailed", "bbbb2222")
    assert "write spec.baseline: cccc3333" in result.message
    if options:  # the stamp was a transaction of its own
        assert (result.current, result.baselined["revision"]) == (["aaaa1111"], "aaaa1111")
        assert "drop its version table public.alembic_version and write" in result.message
        database.query("DROP TABLE alembic_version")
    assert no_version_table(database)
    assert pod.upgrade(baseline="cccc3333").current == ["cccc3333"]


def test_after_a_stamp_alone_the_next_attempt_goes_on(pod, tree, database):
    """As after a crash between the stamp and the steps."""
    tree.env(options="transaction_per_migration=True").revision("dddd4444", up='raise ValueError("no")')
    make(database, "aaaa1111", "bbbb2222", "cccc3333")
    result = pod.upgrade(baseline="cccc3333")
    assert (result.current, result.baselined["revision"]) == (["cccc3333"], "cccc3333")
    tree.revision("dddd4444", after="cccc3333")
    result = pod.upgrade(baseline="cccc3333")
    assert (result.from_, result.executed, result.baselined) == (["cccc3333"], ["dddd4444"], None)


@pytest.mark.usefixtures("old_and_new")
class TestEvidence:
    """What counts as being there."""

    def test_what_an_extension_owns_does_not(self, pod, database):
        make(database, "aaaa1111")
        database.query("ALTER EXTENSION plpgsql ADD TABLE t_aaaa1111")
        refused(pod.upgrade(baseline="aaaa1111"), database, "BaselineRefused", "table t_aaaa1111")

    def test_what_the_user_may_not_read_does(self, pod, tree, database):
        tree.revision("dddd4444", up='op.create_table("secrets", sa.Column("id", sa.Integer), schema="closed")')
        make(database, "aaaa1111", "bbbb2222", "cccc3333")
        database.query("CREATE SCHEMA closed; CREATE TABLE closed.secrets (id int)")
        assert pod.upgrade(baseline="dddd4444").current == ["dddd4444"]

    def test_a_view_of_that_name_does_not(self, pod, database):
        as_user(database, "CREATE VIEW t_aaaa1111 AS SELECT 1 AS id")
        refused(pod.upgrade(baseline="aaaa1111"), database, "BaselineRefused", "table t_aaaa1111")

    def test_only_in_the_schema_where_the_revisions_make_it(self, pod, database):
        make(database, "aaaa1111")
        as_user(database, f"CREATE SCHEMA {database.user}")
        result = pod.upgrade(baseline="aaaa1111")
        refused(result, database, "BaselineRefused", "table t_aaaa1111")
        as_user(database, f"ALTER TABLE t_aaaa1111 SET SCHEMA {database.user}")
        result = pod.upgrade("aaaa1111", baseline="aaaa1111")
        assert (result.outcome, result.versionTable["schema"]) == ("Succeeded", database.user)

    def test_what_the_role_of_the_run_sees(self, pod, database):
        role = database.user + "_owner"
        database.query(f"CREATE ROLE {role}; GRANT {role} TO {database.user}; CREATE SCHEMA AUTHORIZATION {role}")
        make(database, "aaaa1111")
        run = {"databaseRole": role, "baseline": "aaaa1111"}
        refused(pod.upgrade("aaaa1111", **run), database, "BaselineRefused", "table t_aaaa1111")
        database.query(f"CREATE TABLE {role}.t_aaaa1111 (id int)")
        result = pod.upgrade("aaaa1111", **run)
        assert (result.outcome, result.versionTable["schema"]) == ("Succeeded", role)
        owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'alembic_version'"
        assert database.query(owner) == [(role,)]
        database.query(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")

    def test_what_env_py_calls_its_version_table(self, pod, tree, database):
        as_user(database, "CREATE SCHEMA ops; CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        tree.env(options="version_table='versions', version_table_schema='ops'")
        make(database, "aaaa1111", "bbbb2222")
        result = pod.upgrade(baseline="bbbb2222")
        assert (result.outcome, result.executed) == ("Succeeded", ["cccc3333"])
        assert database.query("SELECT version_num FROM ops.versions") == [("cccc3333",)]
        assert database.query("SELECT count(*) FROM alembic_version") == [(0,)]

    def test_renamed_moved_and_dropped_things(self, pod, tree, database):
        tree.revision(
            "dddd4444",
            up="""
            op.rename_table("t_aaaa1111", "kept")
            op.drop_table("t_bbbb2222")
            op.alter_column("t_cccc3333", "id", new_column_name="number")
            op.execute("CREATE SCHEMA app; ALTER TABLE t_cccc3333 SET SCHEMA app")
            op.add_column("kept", sa.Column("note", sa.Text))
            op.drop_column("kept", "id")
            """,
        )
        make(database, "aaaa1111", "bbbb2222", "cccc3333")
        result = pod.upgrade(baseline="dddd4444")
        refused(result, database, "BaselineRefused", "lacks table kept, table app.t_cccc3333: write")
        as_user(
            database,
            "DROP TABLE t_aaaa1111, t_bbbb2222, t_cccc3333; CREATE TABLE kept (note text); CREATE SCHEMA app; "
            "CREATE TABLE app.t_cccc3333 (number int)",
        )
        assert pod.upgrade(baseline="dddd4444").current == ["dddd4444"]

    def test_what_is_not_understood_is_not_held_against_it_but_is_said(self, pod, tree, database):
        tree.revision(
            "dddd4444",
            up="""
            if sa.inspect(op.get_bind()).has_table("t_aaaa1111"):
                op.drop_table("t_aaaa1111")
            """,
            down='op.drop_table("t_bbbb2222")',
        )
        make(database, "cccc3333")
        # What downgrade() names is not in doubt.
        refused(pod.upgrade(baseline="dddd4444"), database, "BaselineRefused", "lacks table t_bbbb2222: write")
        make(database, "bbbb2222")
        result = pod.upgrade(baseline="dddd4444")
        assert (result.outcome, result.current) == ("Succeeded", ["dddd4444"])
        assert result.baselined == {"revision": "dddd4444", "unread": ["dddd4444"]}

    def test_so_is_sql_that_is_not_understood(self, pod, tree, database):
        tree.revision("dddd4444", up="op.execute('DO $$ BEGIN DROP TABLE t_aaaa1111; END $$')")
        make(database, "bbbb2222", "cccc3333")
        assert pod.upgrade(baseline="dddd4444").baselined == {"revision": "dddd4444", "unread": ["dddd4444"]}

    def test_revisions_before_the_baseline_touch_nothing(self, pod, tree, database):
        tree.revision("dddd4444", up='op.execute("DELETE FROM t_aaaa1111")').revision("eeee5555")
        make(database, "aaaa1111", "bbbb2222", "cccc3333")
        as_user(database, "INSERT INTO t_aaaa1111 VALUES (7)")
        assert pod.upgrade(baseline="dddd4444").executed == ["eeee5555"]
        assert database.query("SELECT id FROM t_aaaa1111") == [(7,)]


class TestPlans:
    """The stamp comes first, and is said to."""

    @pytest.fixture(autouse=True)
    def tables(self, database):
        make(database, "aaaa1111", "bbbb2222")

    def test_the_plan_begins_with_the_stamp(self, any_pod, database):
        result = any_pod.plan(baseline="bbbb2222", wayBack=True)
        assert (result.outcome, result.current, result.baselined) == ("Succeeded", [], None)
        plan = result.plan_document
        assert (plan["from"], plan["to"], plan["direction"]) == ([], ["cccc3333"], "Upgrade")
        assert [step["revision"] for step in plan["steps"]] == ["cccc3333"]
        assert (plan["baseline"]["revision"], plan["baseline"]["unread"]) == ("bbbb2222", [])
        sql = plan["baseline"]["sql"]
        assert "CREATE TABLE alembic_version" in sql
        assert "INSERT INTO alembic_version (version_num) VALUES ('bbbb2222')" in sql
        assert "CREATE TABLE alembic_version" not in plan["steps"][0]["sql"]
        assert plan["wayBack"]["to"] == ["bbbb2222"]
        assert no_version_table(database)

    @pytest.mark.usefixtures("old_and_new")
    def test_a_stamp_alone_is_a_plan(self, pod):
        result = pod.plan("bbbb2222", baseline="bbbb2222")
        plan = result.plan_document
        assert (plan["baseline"]["revision"], plan["steps"], plan["to"]) == ("bbbb2222", [], ["bbbb2222"])
        assert result.document["plan"]["baseline"] == "bbbb2222"

    @pytest.mark.usefixtures("old_and_new")
    def test_it_is_refused_as_a_run_would_be(self, pod, database):
        refused(pod.plan(baseline="cccc3333"), database, "BaselineRefused", "table t_cccc3333")

    @pytest.mark.usefixtures("old_and_new")
    def test_where_there_is_nothing_to_stamp_the_plan_says_so(self, pod):
        result = pod.plan()
        assert (result.plan_document["baseline"], result.document["plan"]["baseline"]) == (None, None)

    @pytest.mark.usefixtures("old_and_new")
    def test_a_planned_stamp_that_is_not_due_any_more_is_superseded(self, pod, database):
        run = {"baseline": "bbbb2222", "baselineRequired": True}
        as_user(database, "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        result = pod.upgrade(**run)
        assert (result.outcome, result.current) == ("Superseded", [])
        assert "alembic_version" in result.message
        database.query("DROP TABLE alembic_version")
        assert pod.upgrade(**run).executed == ["cccc3333"]


@pytest.mark.usefixtures("old_and_new")
class TestTheHint:
    """Which revision fits best."""

    def test_revisions_without_tables_go_with_those_before(self, pod, tree, database):
        tree.revision("dddd4444", up='op.create_index("i", "t_cccc3333", ["id"])').revision("eeee5555")
        make(database, "aaaa1111", "bbbb2222", "cccc3333")
        assert "write spec.baseline: dddd4444," in pod.upgrade().message

    def test_what_would_take_away_what_is_there_has_not_run(self, pod, tree, database):
        tree.revision("dddd4444", up='op.drop_table("t_aaaa1111")').revision("eeee5555", up="pass")
        make(database, "aaaa1111", "bbbb2222", "cccc3333")
        assert "write spec.baseline: cccc3333," in pod.upgrade().message

    def test_unless_a_later_one_has(self, pod, tree, database):
        tree.revision("dddd4444", up='op.drop_table("t_aaaa1111")').revision("eeee5555")
        make(database, "aaaa1111", "bbbb2222", "cccc3333", "eeee5555")
        assert "write spec.baseline: eeee5555," in pod.upgrade().message

    def test_none_fits(self, pod, database):
        make(database, "bbbb2222")
        assert "but it has all tables and columns of none" in pod.upgrade().message
        assert no_version_table(database)

    def test_other_things_than_tables(self, pod, tree, database):
        up = "op.execute(\"CREATE TYPE mood AS ENUM ('ok')\")"
        tree.revision("aaaa1111", up=up, after=None).revision("bbbb2222")
        as_user(database, "CREATE TYPE mood AS ENUM ('ok')")
        make(database, "bbbb2222")
        result = pod.upgrade("bbbb2222")
        assert result.failure["sqlstate"] == "42710"
        assert "write spec.baseline: bbbb2222," in result.message

    def test_an_empty_version_table_is_in_the_way(self, pod, database):
        make(database, "aaaa1111")
        as_user(database, "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        message = pod.upgrade().message
        assert "drop its version table public.alembic_version and write spec.baseline: aaaa1111," in message

    def test_a_database_with_rows_gets_none(self, pod, tree, database):
        pod.upgrade()
        tree.revision("dddd4444")
        make(database, "dddd4444")
        message = pod.upgrade().message
        assert "42P07" in message
        assert "baseline" not in message

    def test_other_failures_get_none(self, pod, tree):
        tree.revision("aaaa1111", up='op.execute("SELECT 1/0")', after=None).revision("bbbb2222")
        assert "baseline" not in pod.upgrade("bbbb2222").message

    def test_branches_are_looked_at_one_by_one(self, pod, tree, database):
        tree.revision("dddd1111", after="aaaa1111").revision("dddd2222")
        tree.revision("eeee1111", after=("cccc3333", "dddd2222"))
        make(database, "aaaa1111", "dddd1111", "dddd2222")
        assert "write spec.baseline: dddd2222," in pod.upgrade().message

    def test_nobody_calls_back_while_it_looks(self, pod, tree, database):
        said = "lambda **_: print('called back')"
        tree.env(ENV, options=f"on_version_apply={said}")
        make(database, "aaaa1111")
        result = pod.upgrade()
        assert "write spec.baseline: aaaa1111," in result.message
        assert "called back" not in result.log
        assert pod.upgrade(baseline="aaaa1111").log.count("called back") == 3


def test_a_thousand_revisions_are_looked_through_in_a_moment(pod, tree, database):
    names = [f"{number:04}abcd" for number in range(1000)]
    for number, name in enumerate(names[:-1]):
        columns = "".join(f', sa.Column("c{column}", sa.Integer)' for column in range(5))
        add = f'op.add_column("t_cccc3333", sa.Column("x{name}", sa.Text))'
        tree.revision(name, up=f'op.create_table("u_{name}"{columns})' if number % 2 else add)
    pod.upgrade(names[900])
    as_user(database, "DROP TABLE alembic_version")
    began = time.monotonic()
    message = pod.upgrade().message
    took = time.monotonic() - began
    print(f"took {took:.1f} s")
    assert f"write spec.baseline: {names[900]}," in message
    assert took < 30
