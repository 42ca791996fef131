"""What a statement destroys, locks, rewrites or is refused for, as the plan says it."""

import pytest

from dbmigrations_runner import columntypes, judging, statements
from dbmigrations_runner.catalog import Known


class Catalog(Known):
    """A catalog with one table in it."""

    def __init__(self):
        super().__init__()
        self._sizes[("users",)] = (1_200_000, 310 * 1024 * 1024)
        columns = {"age": "integer", "name": "character varying(50)", "price": "numeric(10,2)"}
        self._types.update({(("users",), column): type_ for column, type_ in columns.items()})


def judged(*steps, autocommit=False, blocks=()):
    judge = judging.Judge(Catalog(), autocommit)
    return [judge.step(judging.read(sql), blocks) for sql in steps]


def destroys(sql):
    return judged(sql)[0][0]


def hazards(sql, **options):
    return judged(sql, **options)[0][1]


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("DROP TABLE users", "drops table users"),
        ('DROP TABLE IF EXISTS public."User" CASCADE', 'drops table public."User", and whatever depends on it'),
        ("ALTER TABLE users DROP COLUMN name", "drops column users.name"),
        ("alter table only users drop if exists name cascade", "drops column users.name, and whatever depends on it"),
        ('ALTER TABLE "users" ADD COLUMN x INT, DROP "name"', "drops column users.name"),
        ("TRUNCATE users", "empties table users"),
        ("TRUNCATE TABLE ONLY users RESTART IDENTITY CASCADE", "empties table users, and every table that"),
        ("DELETE FROM users", "deletes all rows of table users"),
        ("DELETE FROM users WHERE true", "deletes all rows of table users"),
        ("delete from users where 1 = 1", "deletes all rows of table users"),
        ("DELETE FROM users /* WHERE id = 1 */ -- WHERE", "deletes all rows of table users"),
        ("UPDATE users SET name = 'where', age = 1", "overwrites name, age in all rows of table users"),
        ("UPDATE users SET (name, age) = (SELECT 'a', 1 WHERE true)", "overwrites name, age in all rows of"),
        ("WITH gone AS (DELETE FROM users) SELECT 1", "deletes all rows of table users"),
        ("WITH x AS (SELECT 1) DELETE FROM users", "deletes all rows of table users"),
        ("INSERT INTO old WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone", "deletes all rows of"),
        ("DROP SCHEMA app CASCADE", "drops schema app, and whatever depends on it"),
        ("DROP MATERIALIZED VIEW totals", "drops materialized view totals"),
        ("DROP SEQUENCE ids", "drops sequence ids"),
        ("DROP EXTENSION postgis", "drops extension postgis"),
        ("DROP TYPE mood CASCADE", "drops type mood, and whatever depends on it"),
        ("DROP OWNED BY somebody", "drops owned by somebody"),
        ("ALTER TYPE address DROP ATTRIBUTE street", "drops attribute street of type address"),
        ("DO $$ BEGIN DELETE FROM users; END $$", "runs what is not understood: DO $$ BEGIN DELETE"),
        ("CALL tidy_up()", "runs what is not understood: CALL tidy_up()"),
        ("SELECT tidy_up()", "calls tidy_up(), which may do anything"),
        ("SELECT app.count(1)", "calls count(), which may do anything"),
        ("LOAD 'library'", "runs what is not understood: LOAD"),
        ("EXECUTE prepared", "runs what is not understood: EXECUTE prepared"),
        ("EXPLAIN ANALYZE DELETE FROM users", "runs what is not understood"),
        ("COPY users FROM PROGRAM 'x'", "runs what is not understood"),
        ("ALTER TABLE users BLESS", "runs what is not understood: ALTER TABLE users BLESS"),
        ("DROP SOMETHING x", "runs what is not understood: DROP SOMETHING x"),
        ("SELECT 'never ends", "runs what is not understood"),
        ("SELECT 1 /* never ends", "runs what is not understood"),
        ("INSERT INTO a VALUES (1); SELECT $x$ never ends $y$", "runs what is not understood: SELECT $x$"),
        ("MERGE INTO users USING x ON true WHEN MATCHED THEN DELETE", "changes or deletes the rows that a MERGE finds"),
        ("ALTER TABLE users ALTER age TYPE smallint", "from integer to smallint, which may lose data"),
        ("ALTER TABLE users ALTER COLUMN name TYPE VARCHAR(49)", "from character varying(50) to varchar(49), which"),
        ("ALTER TABLE users ALTER price SET DATA TYPE NUMERIC(10, 1)", "from numeric(10,2) to numeric(10, 1), which"),
        ("ALTER TABLE users ALTER name TYPE text USING lower(name)", "by an expression of its own, which may"),
        ("ALTER TABLE users ALTER other TYPE text", "from a type that is not known to text, which may lose data"),
    ],
)
def test_what_destroys_data_is_said(sql, sentence):
    found = destroys(sql)
    assert len(found) == 1
    assert sentence in found[0]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO users VALUES (1, 'DROP TABLE users; --')",
        "INSERT INTO notes VALUES (E'it\\'s; DROP TABLE users')",
        "COMMENT ON TABLE users IS 'TRUNCATE'",
        "DELETE FROM users WHERE id = 1",
        "UPDATE users SET name = 'x' FROM other WHERE other.id = users.id",
        "CREATE TABLE t (id SERIAL PRIMARY KEY)",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $body$ DROP TABLE users; $body$",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC DELETE FROM users; SELECT CASE WHEN true THEN 1 END; END",
        "CREATE RULE r AS ON INSERT TO users DO ALSO (DELETE FROM users; SELECT 1)",
        "ALTER TABLE users DROP CONSTRAINT users_pkey",
        "ALTER TABLE users ALTER COLUMN age DROP NOT NULL, ALTER age SET DEFAULT 0",
        "ALTER TABLE users ALTER age TYPE bigint",
        "ALTER TABLE users ALTER age TYPE numeric",
        "ALTER TABLE users ALTER name TYPE varchar(80) USING name::varchar(80)",
        'ALTER TABLE users ALTER name TYPE TEXT COLLATE "C"',
        "DROP INDEX CONCURRENTLY IF EXISTS i",
        "DROP VIEW v; DROP FUNCTION f(integer, text); DROP TYPE mood; DROP TRIGGER t ON users",
        "SELECT setval(pg_get_serial_sequence('users', 'id'), max(id)) FROM users",
        "WITH x AS (SELECT id FROM users) SELECT count(*) FROM x",
        "SELECT pg_catalog.set_config('search_path', '', false)",
        "ALTER TYPE mood ADD VALUE 'sad'",
        "GRANT SELECT ON users TO reader; REVOKE ALL ON users FROM public",
        "SET lock_timeout = '5s'; BEGIN; COMMIT",
        "-- only a comment",
        "",
    ],
)
def test_what_leaves_data_alone_is_not_called_destructive(sql):
    assert destroys(sql) == []


SIZE = "(about 1,200,000 rows, 310 MB)"


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("CREATE INDEX i ON users (name)", f"without CONCURRENTLY: writes wait until it is built {SIZE}"),
        ("CREATE UNIQUE INDEX ON users (name)", "creates a unique index on table users"),
        ("ALTER TABLE users ALTER age TYPE bigint", "rewrites table users while nobody can read or write it"),
        ("ALTER TABLE users ALTER age SET NOT NULL", "sets NOT NULL on column users.age"),
        ("ALTER TABLE users ADD COLUMN u UUID DEFAULT gen_random_uuid()", "another for each row, gen_random_uuid()"),
        ("ALTER TABLE users ADD u BIGSERIAL", "with type bigserial"),
        ("ALTER TABLE users ADD u int GENERATED ALWAYS AS IDENTITY", "with an identity"),
        ("ALTER TABLE users ADD u int GENERATED ALWAYS AS (age * 2) STORED", "with a value computed for each row"),
        ("ALTER TABLE users ADD COLUMN u INT NOT NULL", "fails unless the table is empty"),
        ("ALTER TABLE users ADD COLUMN u INT UNIQUE", "builds an index on table users"),
        ("ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0)", "adds a CHECK without NOT VALID"),
        ("ALTER TABLE users ADD FOREIGN KEY (a) REFERENCES b (id)", "adds a FOREIGN KEY without NOT VALID"),
        ("ALTER TABLE users ADD CONSTRAINT c UNIQUE (age)", "adds UNIQUE without USING INDEX"),
        ("ALTER TABLE users ADD PRIMARY KEY (age)", "adds PRIMARY KEY without USING INDEX"),
        ("ALTER TABLE users RENAME TO people", "renames table users to people"),
        ("ALTER TABLE users RENAME COLUMN age TO years", "renames column users.age to years"),
        ("ALTER TABLE users SET UNLOGGED", "rewrites table users"),
        ("CLUSTER users USING i", "CLUSTER"),
        ("REINDEX TABLE users", "anew without CONCURRENTLY"),
        ("LOCK TABLE users IN ACCESS EXCLUSIVE MODE", "locks table users until the transaction ends"),
        ("REFRESH MATERIALIZED VIEW users", "while nobody can read it"),
        ("UPDATE users SET age = 1", f"writes every row of table users {SIZE}"),
        ("CREATE INDEX CONCURRENTLY i ON users (age)", "PostgreSQL will refuse CREATE INDEX CONCURRENTLY"),
        ("DROP INDEX CONCURRENTLY i", "PostgreSQL will refuse DROP INDEX CONCURRENTLY"),
        ("REINDEX INDEX CONCURRENTLY i", "PostgreSQL will refuse REINDEX CONCURRENTLY"),
        ("VACUUM", "PostgreSQL will refuse VACUUM"),
        ("CREATE DATABASE other", "PostgreSQL will refuse CREATE DATABASE"),
        ("ALTER TYPE mood ADD VALUE 'sad'", "before whose end it cannot be used"),
    ],
)
def test_what_hurts_is_said_with_the_tables_size(sql, sentence):
    found = hazards(sql)
    assert len(found) == 1
    assert sentence in found[0]


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users ADD COLUMN u TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL",
        "ALTER TABLE users ADD COLUMN u VARCHAR(20) DEFAULT 'a (b)' NOT NULL",
        "ALTER TABLE users ADD COLUMN u NUMERIC(10, 2)",
        "ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID",
        "ALTER TABLE users ADD CONSTRAINT c UNIQUE USING INDEX i",
        "ALTER TABLE users VALIDATE CONSTRAINT c",
        "ALTER TABLE users ALTER name TYPE varchar(80)",
        "ALTER TABLE users ALTER price TYPE numeric(12,2)",
        "CREATE TABLE fresh (id INT); CREATE INDEX i ON fresh (id); ALTER TABLE fresh ALTER id SET NOT NULL",
        "CREATE TEMP TABLE fresh (id INT); TRUNCATE fresh",
    ],
)
def test_what_is_done_in_a_moment_is_no_hazard(sql):
    assert hazards(sql) == []


def test_concurrently_is_fine_where_no_transaction_is():
    sql = "CREATE INDEX CONCURRENTLY i ON users (age)"
    assert hazards(sql, blocks=[(0, 100)]) == []
    assert hazards(sql, autocommit=True) == []
    assert hazards("COMMIT; " + sql) == []
    assert len(hazards("BEGIN; " + sql)) == 1


def test_a_column_that_the_step_itself_adds_can_be_filled():
    add, fill = "ALTER TABLE users ADD COLUMN nick TEXT", "UPDATE users SET nick = name"
    assert judged(f"{add}; {fill}")[0][0] == []
    assert judged(add, fill)[1][0] == ["overwrites nick in all rows of table users"]


def test_a_temporary_table_of_the_step_itself_is_nobodys_data():
    assert judged("CREATE TEMPORARY TABLE x AS SELECT 1; DROP TABLE x")[0][0] == []
    assert judged("CREATE TABLE x AS SELECT 1; DROP TABLE x")[0][0] == ["drops table x"]


def test_a_type_that_the_plan_changes_is_known_to_its_later_steps():
    first, second = judged("ALTER TABLE users ALTER age TYPE bigint", "ALTER TABLE users ALTER age TYPE integer")
    assert first[0] == []
    assert "from bigint to integer" in second[0][0]
    made = judged("CREATE TABLE a (b varchar(5))", "ALTER TABLE a RENAME TO c", "ALTER TABLE c ALTER b TYPE text")
    assert made[2] == ([], [])


@pytest.mark.parametrize(
    ("old", "new", "widens", "rewrites"),
    [
        ("integer", "int8", True, True),
        ("bigint", "INTEGER", False, True),
        ("character varying(10)", "VARCHAR(20)", True, False),
        ("text", "varchar", True, False),
        ("text", "varchar(20)", False, True),
        ("character(3)", "text", True, True),
        ("uuid", "text", True, True),
        ("numeric(10,2)", "numeric", True, False),
        ("numeric(10,2)", "numeric(12,4)", True, True),
        ("numeric(10,2)", "numeric(11,4)", False, True),
        ("timestamp(3) without time zone", "TIMESTAMP", True, False),
        ("timestamp without time zone", "timestamptz", False, True),
        ("date", "timestamp", True, True),
        ("double precision", "real", False, True),
        ("json", "jsonb", False, True),
        ("mood", "mood", True, False),
        ("char", "char(1)", True, False),
    ],
)
def test_types_widen_narrow_and_rewrite(old, new, widens, rewrites):
    assert (columntypes.widens(old, new), columntypes.rewrites(old, new)) == (widens, rewrites)


def test_a_megabyte_of_text_is_read_in_a_moment():
    sql = "INSERT INTO notes VALUES ('" + "it''s; " * 200_000 + "');\n" + "INSERT INTO n VALUES (1);\n" * 20_000
    assert len(statements.split(sql)) == 20_001
