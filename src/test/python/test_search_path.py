"""A database whose owner has planted functions and operators that are found before PostgreSQL's own."""

import psycopg
import pytest

# Whatever of these our own queries would use raises; the migration's and Alembic's may use them as they like.
OURS = "pg_locks|pg_settings|pg_stat_activity|pg_index|pg_inherits|pg_postmaster_start_time|to_regclass|current_setting"
TYPES = ("text", "name", "oid", "bigint", "integer", "boolean", '"char"')
MIXED = (("name", "text"), ("oid", "regclass"), ("bigint", "integer"), ("smallint", "integer"), ("numeric", "bigint"))


def planted():
    """Return the statements that plant operators and functions in the schema public."""
    yield f"""
        CREATE FUNCTION public.spring() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
            IF session_user OPERATOR(pg_catalog.<>) 'postgres'
               AND pg_catalog.textregexeq(pg_catalog.current_query(), '{OURS}') THEN
                RAISE EXCEPTION 'trapped: %', pg_catalog.current_query();
            END IF;
            RETURN true;
        END $$"""
    for left, right in [(kind, kind) for kind in TYPES] + list(MIXED):
        for sign, name in (("=", "trap_eq"), (">", "trap_gt")):
            yield (
                f"CREATE FUNCTION public.{name}({left}, {right}) RETURNS boolean LANGUAGE sql AS "
                f"$$ SELECT public.spring() AND $1 OPERATOR(pg_catalog.{sign}) $2 $$"
            )
            yield f"CREATE OPERATOR public.{sign} (FUNCTION = public.{name}, LEFTARG = {left}, RIGHTARG = {right})"
    for signature, type_, call in (
        ("set_config(text, text, boolean)", "text", "set_config($1, $2, $3)"),
        ("current_database()", "name", "current_database()"),
        ("current_schema()", "name", "current_schema()"),
        ("format_type(oid, integer)", "text", "format_type($1, $2)"),
    ):
        yield (
            f"CREATE FUNCTION public.{signature} RETURNS {type_} LANGUAGE sql AS "
            f"$$ SELECT CASE WHEN public.spring() THEN pg_catalog.{call} END $$"
        )
    for view in ("pg_locks", "pg_stat_activity", "pg_settings", "pg_index"):
        yield f"CREATE VIEW public.{view} AS SELECT 1 / (SELECT 0) AS oid"


@pytest.fixture(params=["ALTER ROLE {role} SET", "ALTER DATABASE {database} SET"], ids=["role", "database"])
def trapped(request, database):
    """Let the database's public schema come first, as its owner or an administrator may set it."""
    for statement in planted():
        database.query(statement)
    who = request.param.format(role=f'"{database.user}"', database=f'"{database.name}"')
    database.query(f"{who} search_path = public, pg_catalog")


@pytest.mark.usefixtures("trapped")
def test_the_traps_are_there(database):
    with pytest.raises(Exception, match="trapped"):
        database_as_user(database, "SELECT FROM pg_catalog.pg_settings WHERE name = 'port'")


@pytest.mark.usefixtures("trapped")
def test_nothing_planted_runs_in_the_runners_own_queries(any_pod, tree, database):
    tree.linear("aaaa1111", "bbbb2222")
    result = any_pod.upgrade()
    assert result.outcome == "Succeeded", result.log
    assert database_as_user(database, "SELECT version_num FROM alembic_version") == [("bbbb2222",)]
    down = any_pod.downgrade("base")
    assert (down.outcome, database.tables) == ("Succeeded", set()), down.log


@pytest.mark.usefixtures("trapped")
def test_nothing_planted_runs_while_a_plan_looks_at_sizes(pod, tree):
    tree.revision("aaaa1111", up='op.create_table("shop", sa.Column("name", sa.Text))')
    assert pod.upgrade().outcome == "Succeeded"
    tree.revision("bbbb2222", up='op.create_index("names", "shop", ["name"])')
    result = pod.plan()
    assert result.outcome == "Succeeded", result.log
    assert "about 0 rows" in result.plan_document["steps"][0]["hazards"][0]


@pytest.mark.usefixtures("trapped")
def test_the_migration_has_the_search_path_of_its_role(any_pod, tree):
    check = 'assert op.get_bind().exec_driver_sql("SHOW search_path").scalar() == "public, pg_catalog"'
    tree.revision("aaaa1111", up=check)
    assert any_pod.upgrade().outcome == "Succeeded"


def database_as_user(database, statement):
    """Ask as the migrating role does, with its search path."""
    secret = database.secret
    with psycopg.connect(
        host=secret["host"],
        port=secret["port"],
        user=database.user,
        password=database.password,
        dbname=database.name,
        autocommit=True,
    ) as connection:
        return connection.execute(statement).fetchall()
