"""Plans: what would run, said before, with nothing run."""

import pytest


@pytest.fixture(autouse=True)
def history(tree):
    tree.linear("aaaa1111", "bbbb2222", "cccc3333")


def test_a_plan_shows_each_step_and_runs_none(any_pod, database):
    result = any_pod.plan("bbbb2222")
    assert (result.status, result.outcome, result.reason) == (0, "Succeeded", None), result.log
    assert database.tables == set()
    assert database.query("SELECT to_regclass('alembic_version')") == [(None,)]
    plan = result.plan_document
    assert [step["revision"] for step in plan["steps"]] == ["aaaa1111", "bbbb2222"]
    assert "CREATE TABLE t_aaaa1111" in plan["steps"][0]["sql"]
