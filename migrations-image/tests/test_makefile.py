"""The guide's make targets, as a person types them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ADMIN, ROOT, Database, history

HISTORY = history()
HEAD = HISTORY[-1].revision


class Checkout:
    """A copy of the tree that can be written."""

    def __init__(self, path: Path) -> None:
        """Copy everything but caches."""
        self.path = path / "checkout"
        shutil.copytree(ROOT, self.path, ignore=shutil.ignore_patterns("__pycache__", "tests"))

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run make in the copy."""
        return subprocess.run(
            ["make", *arguments],
            cwd=self.path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def revisions(self) -> set[str]:
        """Names of the files in alembic/versions."""
        return {file.name for file in (self.path / "alembic/versions").glob("*.py")}


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a fresh copy."""
    return Checkout(tmp_path)


def test_help_lists_the_migration_targets(checkout: Checkout) -> None:
    listed = {line.split()[0] for line in checkout.make("help").stdout.splitlines()}
    wanted = [
        "create",
        "history",
        "heads",
        "current",
        "upgrade",
        "downgrade",
        "sql",
        "merge",
        "check",
    ]
    assert {f"migration-{name}" for name in wanted} <= listed


def test_check_exits_1_with_what_is_pending_and_0_at_head(
    checkout: Checkout, database: Database
) -> None:
    database.upgrade(HISTORY[-3].revision)
    pending = checkout.make("migration-check")
    assert pending.returncode == 1
    assert pending.stderr == (
        "Pending revisions: 2\n"
        "  aba2cb1f4606  require tlog scores from 0 to 10\n"
        "  d6ed100227f6  validate tlog scores\n"
    )

    database.upgrade("head")
    assert checkout.make("migration-check").returncode == 0


def test_check_on_an_empty_database_lists_everything_and_creates_nothing(
    checkout: Checkout, database: Database
) -> None:
    pending = checkout.make("migration-check")
    assert pending.returncode == 1
    assert [line.split()[0] for line in pending.stderr.splitlines()[1:]] == [
        revision.revision for revision in HISTORY
    ]
    assert database.execute("SELECT * FROM pg_tables WHERE schemaname = 'public'") == []


def test_check_tells_failure_from_pending(checkout: Checkout, database: Database) -> None:
    unreachable = checkout.make("migration-check", DB_PORT="1")
    assert unreachable.returncode == 2

    database.upgrade("head")
    database.execute("UPDATE alembic_version SET version_num = 'unknown'")
    unknown = checkout.make("migration-check")
    assert unknown.returncode == 2
    assert "unknown" in unknown.stderr

    (checkout.path / "alembic/versions/broken.py").write_text("not python\n")
    assert checkout.make("migration-check").returncode == 2


def test_without_alembic_it_says_how_to_get_it(checkout: Checkout) -> None:
    python = checkout.path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/bin/false")
    for target in ("migration-check", "migration-current"):
        done = checkout.make(target)
        assert done.returncode == 2
        assert "Alembic is not installed: make venv" in done.stderr


@pytest.mark.parametrize(
    "target", ["migration-current", "migration-upgrade", "migration-downgrade", "migration-sql"]
)
def test_a_missing_database_is_said_in_one_sentence(checkout: Checkout, target: str) -> None:
    done = checkout.make(target, **dict.fromkeys(ADMIN, ""), DB_NAME="")
    assert done.returncode == 2
    assert "set DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and DB_NAME" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_upgrade_current_and_downgrade(checkout: Checkout, database: Database) -> None:
    assert checkout.make("migration-upgrade").returncode == 0
    assert checkout.make("migration-current").stdout == f"{HEAD} (head)\n"
    assert checkout.make("migration-downgrade").returncode == 0
    assert database.rows() == [HISTORY[-2].revision]


def test_models_says_where_the_database_differs(checkout: Checkout, database: Database) -> None:
    assert checkout.make("migration-upgrade").returncode == 0
    same = checkout.make("migration-models")
    assert (same.returncode, same.stdout) == (0, "No new upgrade operations detected.\n")
    database.psql('ALTER TABLE "user" ADD COLUMN nickname varchar(40)')
    other = checkout.make("migration-models")
    assert other.returncode == 2
    assert "nickname" in other.stdout + other.stderr


def test_history_and_heads_need_no_database(checkout: Checkout) -> None:
    assert len(checkout.make("migration-history").stdout.splitlines()) == len(HISTORY)
    assert checkout.make("migration-heads").stdout == f"{HEAD} (head)\n"


@pytest.mark.parametrize("start", ["base", "0e59c3885358", HEAD])
def test_sql_is_what_is_pending_and_nothing_else(
    checkout: Checkout, database: Database, start: str
) -> None:
    if start != "base":
        database.upgrade(start)
    done = checkout.make("migration-sql")
    assert done.returncode == 0
    assert database.rows() == [start] if start != "base" else True
    database.psql(done.stdout)
    assert database.rows() == [HEAD]
    assert checkout.make("migration-check").returncode == 0


def test_create_writes_what_the_models_have_more(checkout: Checkout, database: Database) -> None:
    database.upgrade("head")
    user = checkout.path / "api/models/user.py"
    user.write_text(
        user.read_text().replace(
            "    __table_args__ = (\n        Index",
            "    homepage: Mapped[str | None] = mapped_column(String(255))\n\n"
            "    __table_args__ = (\n        Index",
            1,
        )
    )
    before = checkout.revisions()
    message = 'it\'s "homepage" $HOME `id`'

    done = checkout.make("migration-create", f"MSG={message.replace('$', '$$')}")
    assert done.returncode == 0, done.stderr
    (created,) = checkout.revisions() - before
    text = (checkout.path / "alembic/versions" / created).read_text()
    assert text.startswith('"""it\'s')
    column = 'sa.Column("homepage", sa.String(length=255), nullable=True)'
    assert f'op.add_column("user", {column})' in text
    assert created in done.stdout  # the path to review

    assert checkout.make("migration-check").returncode == 1
    assert checkout.make("migration-upgrade").returncode == 0
    assert checkout.make("migration-downgrade").returncode == 0


@pytest.mark.parametrize(
    ("target", "given", "missing"),
    [
        ("migration-create", [], "MSG"),
        ("migration-create", ["MSG="], "MSG"),
        ("migration-merge", ["MSG=x"], "REVS"),
        ("migration-merge", ["REVS=a b"], "MSG"),
    ],
)
def test_a_missing_argument_is_named(
    checkout: Checkout, target: str, given: list[str], missing: str
) -> None:
    before = checkout.revisions()
    done = checkout.make(target, *given)
    assert done.returncode == 2
    assert f"{missing} is missing: make {target}" in done.stderr
    assert checkout.revisions() == before


@pytest.mark.usefixtures("database")
def test_merge_joins_two_heads(checkout: Checkout) -> None:
    versions = checkout.path / "alembic/versions"
    for name in ("one", "two"):  # written by two people at the same time
        (versions / f"{name}_parallel.py").write_text(
            f'"""{name}"""\nrevision = "{name}"\ndown_revision = "{HEAD}"\n'
            "def upgrade(): pass\ndef downgrade(): pass\n"
        )
    assert "Multiple head revisions" in checkout.make("migration-upgrade").stdout
    assert checkout.make("migration-check").returncode == 1
    assert checkout.make("migration-sql").returncode == 0

    done = checkout.make("migration-merge", "REVS=one two", "MSG=merge parallel migrations")
    assert done.returncode == 0, done.stderr
    assert checkout.make("migration-upgrade").returncode == 0
    assert checkout.make("migration-check").returncode == 0
