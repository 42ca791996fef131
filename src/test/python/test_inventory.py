"""What statements do to tables and columns."""

from types import SimpleNamespace

import pytest

from dbmigrations_runner.inventory import Inventory, changes, doubts

TABLE = SimpleNamespace(home="public", schema="public", name="alembic_version")


def left_by(*steps):
    inventory = Inventory(TABLE)
    for sql in steps:
        inventory.step(changes(sql))
    return {".".join(table): set(columns) for table, columns in inventory.tables.items()}


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        ("CREATE TABLE t (a int, b numeric(1,2), PRIMARY KEY (a))", {"public.t": {"a", "b"}}),
        ('CREATE TABLE IF NOT EXISTS app."User" ("Name" text, check (1=1))', {"app.User": {"Name"}}),
        ("CREATE UNLOGGED TABLE t (a int)", {"public.t": {"a"}}),
        ("CREATE TABLE t AS SELECT 1 AS a", {"public.t": set()}),
        ("CREATE TABLE t (LIKE other INCLUDING ALL, a int)", {"public.t": {"a"}}),
        ("CREATE TABLE t PARTITION OF p FOR VALUES IN (1)", {"public.t": set()}),
        ("CREATE TEMPORARY TABLE t (a int); CREATE TABLE pg_temp.u (a int)", {}),
        ("CREATE VIEW v AS SELECT 1; CREATE MATERIALIZED VIEW m AS SELECT 1; CREATE INDEX i ON x (a)", {}),
        ("CREATE TABLE alembic_version (version_num varchar(32))", {}),
        ("CREATE TABLE t (a int); DROP TABLE IF EXISTS t, u CASCADE", {}),
        ("CREATE TABLE t (); ALTER TABLE ONLY t ADD COLUMN IF NOT EXISTS b int, ADD c int", {"public.t": {"b", "c"}}),
        ("CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c UNIQUE (a), ADD PRIMARY KEY (a)", {"public.t": {"a"}}),
        ("CREATE TABLE t (a int, b int); ALTER TABLE t DROP COLUMN a, DROP CONSTRAINT b", {"public.t": {"b"}}),
        ("CREATE TABLE t (a int); ALTER TABLE t RENAME a TO b", {"public.t": {"b"}}),
        ("CREATE TABLE t (a int); ALTER TABLE t RENAME COLUMN a TO b; ALTER TABLE t RENAME TO u", {"public.u": {"b"}}),
        ("CREATE TABLE t (a int); ALTER TABLE t RENAME CONSTRAINT a TO b", {"public.t": {"a"}}),
        ("CREATE TABLE t (a int); ALTER TABLE t SET SCHEMA app", {"app.t": {"a"}}),
        ("CREATE TABLE app.t (a int); ALTER SCHEMA app RENAME TO shop", {"shop.t": {"a"}}),
        ("CREATE TABLE app.t (a int); CREATE TABLE u (a int); DROP SCHEMA app CASCADE", {"public.u": {"a"}}),
        ("CREATE TABLE app.t (a int); DROP TABLE t", {}),
        ("CREATE TABLE t (a int); ALTER TABLE p ATTACH PARTITION t FOR VALUES IN (1)", {"public.t": set()}),
        ("ALTER TABLE known_elsewhere ADD a int", {"public.known_elsewhere": {"a"}}),
        ("CREATE TABLE " + "x" * 70 + " (a int)", {"public." + "x" * 63: {"a"}}),
        ("CREATE TABLE t (a int); DO $$ BEGIN DROP TABLE t; END $$", {}),
        ("CREATE TABLE t (a int); DO $$ BEGIN UPDATE t SET a = 1; END $$", {"public.t": {"a"}}),
        ("CREATE TABLE t (a int); SELECT drop_column('t', 'a')", {}),
        ("CREATE TABLE t (a int); SELECT count(*) FROM t", {"public.t": {"a"}}),
        ("CREATE TABLE t (a int); COMMENT ON TABLE t IS 'DROP TABLE t'", {"public.t": {"a"}}),
        ("SET search_path TO app, public; CREATE TABLE t (a int)", {"app.t": {"a"}}),
        ("SET search_path = 'app'; RESET x; SET search_path TO DEFAULT; CREATE TABLE t (a int)", {"public.t": {"a"}}),
    ],
)
def test_what_is_left(sql, left):
    assert left_by(sql) == left


def test_a_local_search_path_ends_with_the_step():
    assert left_by("SET LOCAL search_path TO app; CREATE TABLE t (a int)", "CREATE TABLE u (a int)") == {
        "app.t": {"a"},
        "public.u": {"a"},
    }


def test_code_that_removes_nothing_leaves_no_doubt():
    assert doubts("op.execute('UPDATE users SET age = 1')") == []
    assert "users" in doubts("op.drop_table('users')")[0][1]


def test_what_is_missing_is_said_as_people_write_it():
    inventory = Inventory(TABLE)
    inventory.step(changes('CREATE TABLE t (a int, "B" int); CREATE TABLE app.u (a int)'))
    existing = {(("public", "t"), None), (("public", "t"), "a")}
    assert [inventory.said(fact) for fact in inventory.missing(existing)] == ["table app.u", 'column t."B"']
