"""docs/troubleshooting.md: what Alembic alone says, what the runner says of the same, and that the page has both."""

from pathlib import Path

import pytest

from plain import alembic
from trees import ENV

PAGE = (Path(__file__).parents[3] / "docs/troubleshooting.md").read_text("utf-8")
OLDER, IMAGE = (f"registry.example.com/shop-migrations:1.4.{number}" for number in (1, 2))
FIRST, SECOND, THIRD = "3f2b8c1d9e07", "7c1f7e1f0b7a", "9f3c51d20ab4"

pytestmark = pytest.mark.usefixtures("old_and_new")


def section(heading):
    """Return the page's text under the heading with these words."""
    found = [part for part in PAGE.split("\n### ") if heading in part.splitlines()[0]]
    assert len(found) == 1, f"one section of docs/troubleshooting.md is called {heading}"
    return found[0]


def shown(heading, result, reason, **elsewhere):
    """Assert that the page has, under this heading, the reason and what the run said, with these words for others."""
    assert (result.outcome, result.reason) == ("Failed", reason), result.log
    message = result.message
    for there, here in elsewhere.values():
        message = message.replace(there, here)
    assert message in section(heading)
    assert f"`{reason}`" in section(heading)


def upgrade(pod, target="head", image=IMAGE, **document):
    return pod.upgrade(target, image=image, **document)


def plainly_fails(pod, *words, arguments=("upgrade", "head"), **environment):
    status, said = alembic(pod, *arguments, **environment)
    assert status != 0
    for word in words:
        assert word in said


def test_multiple_heads(pod, tree):
    heading = "Multiple head revisions are present"
    tree.revision("f1_customers").revision("f2_coupons").revision("f2_wishlists", after="f1_customers")
    plainly_fails(pod, heading)
    shown(heading, upgrade(pod), "MultipleHeads")


def test_can_t_locate_revision(pod, tree):
    heading = "Can't locate revision identified by"
    tree.linear("r3_unique_emails", "r4_comments", "r5_vouchers")
    upgrade(pod)
    for name in ("r4_comments", "r5_vouchers"):
        (tree.path / f"migrations/versions/{name}.py").unlink()
    plainly_fails(pod, f"{heading} 'r5_vouchers'")
    shown(heading, upgrade(pod, image=OLDER), "RevisionNotFound")


def test_can_t_locate_a_target(pod, tree):
    heading = "Can't locate revision identified by"
    tree.linear("r3_unique_emails")
    plainly_fails(pod, f"{heading} 'r4_comments'", arguments=("upgrade", "r4_comments"))
    shown(heading, upgrade(pod, "r4_comments", image=OLDER), "RevisionNotFound")


def test_not_up_to_date(pod, tree, old_and_new):
    tree.linear("r3_unique_emails", "r4_comments")
    upgrade(pod, "r3_unique_emails")
    heading = "Target database is not up to date"
    if old_and_new != "oldest":  # `alembic check` came with 1.9
        plainly_fails(pod, heading, arguments=("check",))
    plainly_fails(pod, heading, arguments=("revision", "--autogenerate"))

    upgrade(pod)
    assert alembic(pod, "upgrade", "r3_unique_emails")[0] == 0  # Alembic is content, and does nothing
    shown(heading, upgrade(pod, "r3_unique_emails"), "DatabaseAhead")


def test_relation_already_exists(pod, tree, database):
    heading = "already exists"
    tree.revision("r1_customers", up='op.execute("CREATE TABLE customers (id int)")')
    database.query("CREATE TABLE customers (id int)")
    plainly_fails(pod, 'relation "customers" already exists')
    shown(heading, upgrade(pod), "MigrationFailed")


def test_too_long_an_id(pod, tree):
    heading = "value too long for type character varying(32)"
    tree.revision("20261122_0001_add_the_table_of_all_customers")
    plainly_fails(pod, heading)
    shown(heading, upgrade(pod), "MigrationFailed")


def test_concurrently_in_a_transaction(pod, tree):
    heading = "CREATE INDEX CONCURRENTLY cannot run inside a transaction block"
    tree.revision(FIRST)
    tree.revision(SECOND, up=f'op.execute("CREATE INDEX CONCURRENTLY i ON t_{FIRST} (id)")')
    plainly_fails(pod, heading)
    shown(heading, upgrade(pod), "MigrationFailed")


@pytest.fixture
def locked(pod, tree, database):
    tree.revision(FIRST)
    upgrade(pod)
    tree.revision(SECOND, up=f'op.execute("ALTER TABLE t_{FIRST} ADD note text")')
    with database.connect() as other:
        other.execute(f"BEGIN; LOCK TABLE t_{FIRST} IN ACCESS SHARE MODE")
        yield


@pytest.mark.usefixtures("locked")
def test_lock_timeout(pod):
    heading = "canceling statement due to lock timeout"
    plainly_fails(pod, heading, PGOPTIONS="-c lock_timeout=500ms")
    shown(heading, upgrade(pod, lockTimeoutMillis=500), "LockTimeout")


@pytest.mark.usefixtures("locked")
def test_statement_timeout(pod):
    heading = "canceling statement due to statement timeout"
    plainly_fails(pod, heading, PGOPTIONS="-c statement_timeout=500ms")
    shown(heading, upgrade(pod, lockTimeoutMillis=0, statementTimeoutMillis=500), "MigrationFailed")


def test_no_configuration(pod, tree):
    heading = "No 'script_location' key found in configuration"
    tree.linear(FIRST)
    config = tree.path / "alembic.ini"
    tree.write("migrations/alembic.ini", config.read_text())
    config.unlink()
    shown(heading, upgrade(pod), "ImageUnusable", folder=(str(tree.path), "/app"))


def test_no_module(pod, tree):
    heading = "No module named"
    tree.linear(FIRST)
    tree.env("from shop.models import Base\n" + ENV)
    plainly_fails(pod, heading)
    shown(heading, upgrade(pod), "EnvironmentFailed")


def test_overlapping_rows(pod, tree, database):
    heading = "overlaps with other requested revisions"
    tree.linear(FIRST, SECOND, THIRD)
    upgrade(pod, SECOND)
    database.query(f"INSERT INTO alembic_version VALUES ('{FIRST}')")
    plainly_fails(pod, heading)
    shown(heading, upgrade(pod), "VersionTableUnusable")


def test_a_cycle(pod, tree):
    heading = "Cycle is detected in revisions"
    tree.revision(FIRST, after=SECOND).revision(SECOND, after=FIRST)
    plainly_fails(pod, heading)
    # Alembic names them in any order.
    shown(heading, upgrade(pod), "ImageUnusable", order=(f"({SECOND}, {FIRST})", f"({FIRST}, {SECOND})"))


def test_a_file_that_is_missing(pod, tree):
    heading = "is not present"
    tree.linear(FIRST, SECOND, THIRD)
    (tree.path / f"migrations/versions/{SECOND}.py").unlink()
    plainly_fails(pod, f"KeyError: '{SECOND}'", heading)
    shown(heading, upgrade(pod), "ImageUnusable")


def test_no_right(pod, tree, database):
    heading = "permission denied"
    tree.revision(FIRST)
    database.query(f"ALTER DATABASE {database.name} OWNER TO postgres")
    plainly_fails(pod, heading)
    shown(heading, upgrade(pod), "MigrationFailed")


def test_null_values(pod, tree, database):
    heading = "contains null values"
    tree.revision(FIRST, up='op.execute("CREATE TABLE customers (id int, email text)")')
    upgrade(pod)
    database.query("INSERT INTO customers VALUES (1)")
    tree.revision(SECOND, up='op.alter_column("customers", "email", nullable=False)')
    plainly_fails(pod, heading)
    shown(heading, upgrade(pod), "MigrationFailed")


def test_nothing_there_and_no_error(pod, tree, database, old_and_new):
    if old_and_new == "oldest":
        pytest.skip("SQLAlchemy 1.4 commits each statement outside of a transaction")
    tree.linear(FIRST)
    early = "        connection.exec_driver_sql('SELECT 1')\n        context.configure("
    tree.env(ENV.replace("        context.configure(", early))
    status, said = alembic(pod, "upgrade", "head")
    assert (status, database.tables) == (0, set())
    assert "INFO  [alembic.runtime.migration] Running upgrade" in said
    shown("Running upgrade", upgrade(pod), "NotApplied")


def test_no_way_back(pod, tree):
    heading = "NotImplementedError"
    tree.revision(FIRST).revision(SECOND, down="raise NotImplementedError").revision(THIRD)
    upgrade(pod)
    plainly_fails(pod, heading, arguments=("downgrade", FIRST))
    upgrade(pod)
    shown(heading, pod.downgrade(FIRST, image=IMAGE), "IrreversibleRevision")


def test_percent_sign(pod, tree, database):
    heading = "invalid interpolation syntax"
    tree.linear(FIRST)
    sets = 'config = context.config\nconfig.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"])\n'
    tree.env("import os\n" + ENV.replace("config = context.config\n", sets))
    plainly_fails(pod, heading, DATABASE_URL="postgresql://shop:100%25@db.example.com/shop")
    database.query(f"ALTER ROLE {database.user} PASSWORD '100%'")
    database.password = "100%"
    assert "works here" in section(heading)
    assert upgrade(pod).outcome == "Succeeded"
