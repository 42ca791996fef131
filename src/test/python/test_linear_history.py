"""Up and down along a linear history, with every set of Alembic, SQLAlchemy and driver."""

import uuid

import pytest

NASTY = "p%40 %@:/?#&=+'\"\\{}$;Ünïcødé日本"


@pytest.fixture(autouse=True)
def history(tree):
    tree.linear("aaaa1111", "bbbb2222", "cccc3333")


def test_upgrades_to_the_target_revision(any_pod, database):
    result = any_pod.upgrade("bbbb2222")
    assert result.status == 0
    assert (result.outcome, result.reason, result.direction) == ("Succeeded", None, "Upgrade")
    assert (result.from_, result.current, result.resolvedTarget) == ([], ["bbbb2222"], ["bbbb2222"])
    assert result.steps == {"executed": 2, "total": 2, "revisions": ["aaaa1111", "bbbb2222"]}
    assert (result.heads, result.pending) == (["cccc3333"], 0)
    assert result.versionTable == {"schema": "public", "name": "alembic_version"}
    assert result.document["database"] == database.identity
    assert database.revisions == ["bbbb2222"]
    assert database.tables == {"t_aaaa1111", "t_bbbb2222"}


def test_downgrades_to_the_target_revision(any_pod, database):
    any_pod.upgrade("head")
    result = any_pod.downgrade("aaaa1111")
    assert (result.status, result.outcome, result.direction) == (0, "Succeeded", "Downgrade")
    assert result.executed == ["cccc3333", "bbbb2222"]
    assert database.revisions == ["aaaa1111"]
    assert database.tables == {"t_aaaa1111"}


def test_goes_to_head_and_back_to_base(any_pod, database):
    assert any_pod.upgrade("head").current == ["cccc3333"]
    result = any_pod.downgrade("base")
    assert (result.outcome, result.current, result.resolvedTarget) == ("Succeeded", [], [])
    assert database.tables == set()


def test_a_failing_revision_is_named_with_sqlstate_and_statement(any_pod, tree, database):
    tree.revision("dddd4444", up='op.execute("INSERT INTO t_aaaa1111 (id) VALUES (NULL)")')
    result = any_pod.upgrade("head")
    assert (result.status, result.outcome, result.reason) == (1, "Failed", "MigrationFailed")
    assert result.failure == {
        "revision": "dddd4444",
        "sqlstate": "23502",
        "statement": "INSERT INTO t_aaaa1111 (id) VALUES (NULL)",
    }
    assert "dddd4444" in result.message
    assert "null value" in result.message
    assert result.partial is None
    assert result.current == database.revisions == []
    assert result.pending == 4


def test_any_password_reaches_the_database(any_pod, make_database):
    any_pod.database = make_database(f'My "Shop" 100% ü {uuid.uuid4()}', password=NASTY)
    result = any_pod.upgrade("head")
    assert result.outcome == "Succeeded", result.log
    assert NASTY not in result.log
