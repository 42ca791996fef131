"""Histories with several beginnings, and labels, and what depends on what."""

import pytest

from test_refusals import refused

pytestmark = pytest.mark.usefixtures("old_and_new")


@pytest.fixture(autouse=True)
def two_bases(tree):
    """Two histories in one tree, each with a label."""
    tree.revision("aaaa1111", labels=("shop",)).revision("aaaa2222")
    return tree.revision("bbbb1111", after=None, labels=("billing",)).revision("bbbb2222")


def test_one_of_them_alone(pod):
    assert pod.upgrade("billing@head").executed == ["bbbb1111", "bbbb2222"]


def test_both_and_one_of_them_to_its_base(pod, database):
    assert pod.upgrade("heads").current == ["aaaa2222", "bbbb2222"]
    result = pod.downgrade("billing@base")
    assert (result.executed, result.current) == (["bbbb2222", "bbbb1111"], ["aaaa2222"])
    assert result.resolvedTarget == ["billing@base"]
    assert database.tables == {"t_aaaa1111", "t_aaaa2222"}
    assert pod.run("billing@base").direction == "None"
    assert pod.downgrade("shop@base").current == []


def test_base_is_the_base_of_all(pod, database):
    pod.upgrade("heads")
    assert pod.downgrade("base").current == []
    assert database.tables == set()


def test_a_branch_to_its_base_needs_leave_like_any_downgrade(pod, database):
    pod.upgrade("heads")
    refused(pod.run("billing@base"), database, "DatabaseAhead", "billing@base")


def test_what_another_branch_depends_on_does_not_go_down_under_it(pod, tree, database):
    tree.revision("cccc1111", after=None, depends="bbbb2222", labels=("reports",))
    assert pod.upgrade("reports@head").current == ["cccc1111"]
    refused(pod.downgrade("billing@base"), database, "DowngradeForbidden", "billing@base", "cccc1111")
    assert pod.run("bbbb2222").direction == "None"
    assert pod.downgrade("reports@base").current == ["bbbb2222"]
    assert pod.downgrade("billing@base").current == []


def test_a_label_may_be_what_is_depended_on(pod, tree):
    tree.revision("cccc1111", after=None, depends="billing")
    assert pod.upgrade("cccc1111").executed == ["bbbb1111", "cccc1111"]
