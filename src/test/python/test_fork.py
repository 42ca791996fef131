"""A trunk with two branches, one of them labelled: each goes its own way."""

import pytest

from test_refusals import refused

pytestmark = pytest.mark.usefixtures("old_and_new")


@pytest.fixture(autouse=True)
def fork(tree):
    """A trunk with two branches: aaaa1111 – bbbb2222 – (cccc3333 – cccc4444 | dddd3333), labelled and not."""
    tree.linear("aaaa1111", "bbbb2222")
    tree.revision("cccc3333", labels=("billing",)).revision("cccc4444")
    return tree.revision("dddd3333", after="bbbb2222")


def test_a_target_on_another_branch_is_applied_beside_it(pod):
    pod.upgrade("cccc3333")
    result = pod.upgrade("dddd3333")
    assert (result.direction, result.executed, result.current) == ("Upgrade", ["dddd3333"], ["cccc3333", "dddd3333"])


def test_a_branch_goes_up_and_down_while_the_other_stays(pod):
    pod.upgrade("dddd3333")
    assert pod.upgrade("billing@head").current == ["cccc4444", "dddd3333"]
    assert pod.downgrade("cccc3333").current == ["cccc3333", "dddd3333"]
    result = pod.downgrade("billing@bbbb2222")
    assert (result.executed, result.current, result.resolvedTarget) == (["cccc3333"], ["dddd3333"], ["bbbb2222"])
    assert pod.run("billing@bbbb2222").direction == "None"


def test_the_revision_at_the_fork_takes_both_branches_down(pod):
    pod.upgrade("heads")
    result = pod.downgrade("bbbb2222")
    assert sorted(result.executed) == ["cccc3333", "cccc4444", "dddd3333"]
    assert result.current == ["bbbb2222"]


def test_the_base_of_one_branch_does_not_take_the_shared_trunk_from_the_other(pod, database):
    pod.upgrade("heads")
    result = pod.downgrade("billing@base")
    refused(result, database, "DowngradeForbidden", "billing@base", "dddd3333")
    assert "aaaa1111" not in result.message


def test_the_base_of_the_only_branch_is_base(pod):
    pod.upgrade("billing@head")
    assert pod.downgrade("billing@base").current == []


def test_a_target_above_is_never_a_downgrade(pod):
    pod.upgrade("cccc3333")
    result = pod.downgrade("cccc4444")
    assert (result.direction, result.current) == ("Upgrade", ["cccc4444"])


def test_a_target_below_is_never_an_upgrade(pod, database):
    pod.upgrade("heads")
    refused(pod.upgrade("cccc3333"), database, "DatabaseAhead", "cccc3333", "cccc4444, dddd3333")


def test_head_with_two_heads_names_both(pod, database):
    refused(pod.upgrade("head"), database, "MultipleHeads", "cccc4444", "dddd3333", "label@head")
    assert database.tables == set()


def test_a_label_alone_is_the_revision_that_carries_it(pod):
    assert pod.upgrade("billing").current == ["cccc3333"]


def test_a_label_that_does_not_exist_is_named_with_those_that_do(pod, database):
    refused(pod.upgrade("biling@head"), database, "RevisionNotFound", "no branch biling", "billing")


def test_a_revision_of_another_branch_is_not_on_this_one(pod, database):
    refused(pod.upgrade("billing@dddd3333"), database, "RevisionNotFound", "not on that branch", "dddd3333")


def test_a_prefix_needs_to_be_unique_on_its_branch_only(pod, tree):
    tree.revision("dddd4444", after="cccc4444")
    assert pod.upgrade("billing@dddd").current == ["dddd4444"]


def test_a_revision_stands_for_its_branch(pod):
    assert pod.upgrade("cccc3333@head").resolvedTarget == ["cccc4444"]


def test_a_branch_with_two_heads_needs_a_choice(pod, tree, database):
    tree.revision("eeee4444", after="cccc3333")
    refused(pod.upgrade("billing@head"), database, "MultipleHeads", "cccc4444", "eeee4444", "billing@heads")
    assert pod.upgrade("billing@heads").current == ["cccc4444", "eeee4444"]


def test_a_merge_comes_apart_again(pod, tree, database):
    tree.revision("eeee5555", after=("cccc4444", "dddd3333"), up="", down="").revision("ffff6666")
    assert pod.upgrade("head").current == ["ffff6666"]
    assert pod.downgrade("cccc4444").current == ["cccc4444", "dddd3333"]
    assert pod.upgrade("head").current == ["ffff6666"]
    assert pod.downgrade("bbbb2222").current == ["bbbb2222"]
    assert database.tables == {"t_aaaa1111", "t_bbbb2222"}


def test_head_of_an_image_built_from_another_branch(pod, tree, database):
    pod.upgrade("billing@head")
    for name in ("cccc3333", "cccc4444"):
        (tree.path / f"migrations/versions/{name}.py").unlink()
    result = pod.upgrade("head")
    refused(result, database, "RevisionNotFound", "cccc4444", "app-migrations:1.4.2")
    assert (result.resolvedTarget, result.unknown) == (["dddd3333"], ["cccc4444"])


def test_a_merge_of_relatives_of_which_alembic_loses_count_is_refused(pod, tree, database):
    tree.revision("eeee5555", after=("bbbb2222", "cccc4444", "dddd3333"))
    result = pod.upgrade("head")
    refused(result, database, "ImageUnusable", "eeee5555", "bbbb2222, cccc4444, dddd3333")
    assert database.tables == set()
