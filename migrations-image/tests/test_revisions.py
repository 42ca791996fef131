"""Every revision goes up and down again, and the last one is what the models say."""

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import Script
from conftest import ROOT, Database, history, rendered

HISTORY = history()
IDS = [revision.revision for revision in HISTORY]


def test_the_history_is_one_line_of_twelve() -> None:
    assert len(HISTORY) == 12
    assert [revision.down_revision for revision in HISTORY] == [None, *IDS[:-1]]


def test_locations_become_nullable_and_revisions_follow() -> None:
    revision = next(r for r in HISTORY if r.revision == "0e59c3885358")
    assert revision.path.endswith("0e59c3885358_make_tlog_location_nullable.py")
    assert revision.nextrev


@pytest.mark.parametrize("revision", HISTORY, ids=IDS)
def test_each_revision_says_why(revision: Script) -> None:
    for heading in ("Why: ", "Data: ", "By hand: ", "Downtime: "):
        assert f"\n{heading}" in revision.longdoc


@pytest.mark.parametrize("revision", HISTORY, ids=IDS)
def test_down_restores_the_schema_from_before_up(database: Database, revision: Script) -> None:
    # Given the revision before (for the first: the empty version table that stays at base),
    previous = revision.down_revision or "base"
    database.upgrade(revision.down_revision or revision.revision)
    database.downgrade(previous)
    before = database.schema()

    # when the revision is applied, it changes something,
    database.upgrade(revision.revision)
    assert database.schema() != before
    assert database.rows() == [revision.revision]

    # and going down takes all of it back.
    database.downgrade(previous)
    assert database.schema() == before


def test_head_is_what_the_models_say(database: Database) -> None:
    database.upgrade("head")
    command.check(Config(ROOT / "alembic.ini"))


def test_base_leaves_only_the_empty_version_table(database: Database) -> None:
    database.upgrade("head")
    first = database.schema()

    database.downgrade("base")
    relations = database.execute(
        """SELECT relname FROM pg_class
           WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i'"""
    )
    assert relations == [("alembic_version",)]
    assert database.rows() == []

    database.upgrade("head")
    assert database.schema() == first


@pytest.mark.parametrize("revision", HISTORY, ids=IDS)
def test_the_rendered_sql_does_the_same(database: Database, revision: Script) -> None:
    id_, previous = revision.revision, revision.down_revision or "base"
    database.upgrade(id_)
    database.downgrade(previous)
    before = database.schema()
    database.upgrade(id_)
    after = database.schema()

    database.psql(rendered("downgrade", f"{id_}:{previous}"))
    assert database.schema() == before

    if previous == "base":  # SQL from base creates the version table, too.
        database.execute("DROP TABLE alembic_version")
    database.psql(rendered("upgrade", f"{previous}:{id_}"))
    assert database.schema() == after
    assert database.rows() == [id_]


def test_an_index_that_broke_off_is_built_anew(database: Database) -> None:
    # Given an index that a failed CREATE INDEX CONCURRENTLY left invalid,
    database.upgrade("d02573c0cda1")
    database.execute(
        """INSERT INTO "user" (name, email, country_code)
           VALUES ('ann', 'same@example.com', 'GB'), ('bob', 'same@example.com', 'GB')"""
    )
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute('CREATE UNIQUE INDEX CONCURRENTLY idx_user_email ON "user" (email)')

    # when its revision is applied,
    database.upgrade("ac4c5eb732db")

    # then it is valid, and the one that was asked for.
    assert database.execute(
        """SELECT indisvalid, indisunique FROM pg_index
           WHERE indexrelid = 'idx_user_email'::regclass"""
    ) == [(True, False)]
