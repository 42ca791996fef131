"""What is refused before anything runs, and in which words."""

import pytest


@pytest.fixture(autouse=True)
def history(tree):
    tree.linear("aaaa1111", "aaaa2222", "bbbb3333")


def refused(result, database, reason, *words):
    assert (result.status, result.outcome, result.reason) == (1, "Failed", reason), result.log
    for word in words:
        assert word in result.message
    assert result.executed == []
    assert result.current in (None, database.revisions)


def test_a_database_that_moved_meanwhile_is_superseded(pod, database):
    pod.upgrade("aaaa1111")
    result = pod.upgrade("head", expected={"revisions": ["aaaa2222"]})
    assert (result.status, result.outcome, result.reason) == (1, "Superseded", None)
    assert "aaaa1111" in result.message
    assert database.revisions == ["aaaa1111"]


@pytest.mark.parametrize("part", ["name", "oid", "systemIdentifier"])
def test_another_database_under_the_same_address_is_superseded(pod, database, part):
    result = pod.upgrade("head", expected={"database": {**database.identity, part: "12345"}})
    assert (result.outcome, result.reason) == ("Superseded", None)
    assert database.tables == set()


def test_an_unknown_system_identifier_does_not_matter(pod, database):
    identity = {**database.identity, "systemIdentifier": None}
    assert pod.upgrade("head", expected={"database": identity}).outcome == "Succeeded"


def test_an_unknown_target_is_named_with_the_image_and_its_head(pod, database):
    result = pod.upgrade("dddd")
    refused(result, database, "RevisionNotFound", "dddd", "app-migrations:1.4.2", "bbbb3333")
    assert (result.heads, result.resolvedTarget, result.unknown) == (["bbbb3333"], None, None)


@pytest.mark.parametrize(
    "word",
    [
        "$(touch /tmp/pwned);`touch /tmp/pwned`|touch${IFS}/tmp/pwned",
        "--sql",
        "'; DROP TABLE alembic_version; --",
        "%(here)s{0}%s\\n",
        "../../../etc/passwd",
        "öλ日本🚀\u202e",
        "x" * 10_000,
    ],
    ids=["shell", "option", "sql", "formats", "path", "unicode", "10 kB"],
)
def test_whatever_a_target_looks_like_it_is_a_word(pod, database, word):
    result = pod.upgrade(word)
    refused(result, database, "RevisionNotFound")
    assert "pwned" not in result.log.replace(word, "")
    assert database.tables == set()


def test_a_row_that_the_image_does_not_know_is_named(pod, database, tree):
    pod.upgrade("head")
    (tree.path / "migrations/versions/bbbb3333.py").unlink()
    result = pod.upgrade("aaaa2222")
    refused(result, database, "RevisionNotFound", "bbbb3333", "app-migrations:1.4.2")
    assert result.unknown == ["bbbb3333"]


@pytest.mark.parametrize(
    ("target", "resolved"), [("head", ["aaaa2222"]), ("aaaa1", ["aaaa1111"]), ("base", [])], ids=str
)
def test_what_the_target_means_is_told_where_the_rows_are_unknown(pod, database, tree, target, resolved):
    pod.upgrade("head")
    (tree.path / "migrations/versions/bbbb3333.py").unlink()
    result = pod.downgrade(target)
    refused(result, database, "RevisionNotFound", "bbbb3333")
    assert (result.resolvedTarget, result.heads, result.unknown) == (resolved, ["aaaa2222"], ["bbbb3333"])
    assert (result.current, result.direction, result.pending) == (["bbbb3333"], None, None)


def test_a_rollback_goes_to_what_another_image_resolved(pod, database):
    pod.upgrade("head")
    result = pod.downgrade("aaaa1111", rollbackTo=["aaaa1111"])
    assert (result.outcome, result.direction, result.executed) == ("Succeeded", "Downgrade", ["bbbb3333", "aaaa2222"])
    assert database.revisions == ["aaaa1111"]


def test_a_rollback_to_base_undoes_all(pod, database):
    pod.upgrade("head")
    assert pod.downgrade("base", rollbackTo=[]).outcome == "Succeeded"
    assert database.revisions == []


def test_a_rollback_never_goes_up(pod, database):
    pod.upgrade("aaaa1111")
    result = pod.downgrade("bbbb3333", rollbackTo=["bbbb3333"])
    refused(result, database, "DatabaseAhead", "bbbb3333", "below the database's revision aaaa1111", "1.4.2")
    assert database.revisions == ["aaaa1111"]


def test_a_rollback_needs_the_target_in_its_own_image(pod, database):
    pod.upgrade("head")
    result = pod.downgrade("cccc4444", rollbackTo=["cccc4444"])
    refused(result, database, "RevisionNotFound", "app-migrations:1.4.2", "cccc4444")
    assert result.unknown is None


def test_a_rollback_does_not_take_an_id_for_a_prefix(pod, database):
    pod.upgrade("head")
    refused(pod.downgrade("aaaa1", rollbackTo=["aaaa1"]), database, "RevisionNotFound", "aaaa1")


def test_a_rollback_tells_rows_that_its_own_image_lacks(pod, database, tree):
    pod.upgrade("head")
    (tree.path / "migrations/versions/bbbb3333.py").unlink()
    result = pod.downgrade("aaaa1111", rollbackTo=["aaaa1111"])
    refused(result, database, "RevisionNotFound", "bbbb3333")
    assert result.unknown == ["bbbb3333"]


def test_an_ambiguous_prefix_names_the_candidates(pod, database):
    refused(pod.upgrade("aaaa"), database, "AmbiguousRevision", "aaaa1111", "aaaa2222")


def test_a_unique_prefix_is_enough(pod, database):
    assert pod.upgrade("aaaa2").resolvedTarget == ["aaaa2222"]
    assert database.revisions == ["aaaa2222"]


def test_a_prefix_of_three_characters_is_too_short(pod, database):
    refused(pod.upgrade("bbb"), database, "RevisionNotFound", "4 characters")


def test_an_exact_id_wins_over_a_prefix_however_short(pod, tree, database):
    tree.revision("b")
    assert pod.upgrade("b").outcome == "Succeeded"
    assert database.revisions == ["b"]


def test_the_target_that_is_reached_needs_no_step(pod):
    pod.upgrade("head")
    result = pod.upgrade("bbbb3333")
    assert (result.outcome, result.direction, result.executed, result.pending) == ("Succeeded", "None", [], 0)


def test_a_target_below_is_never_reached_by_an_upgrade(pod, database):
    pod.upgrade("head")
    refused(pod.upgrade("aaaa1111"), database, "DatabaseAhead", "bbbb3333", "downgrade: Always")


def test_a_forbidden_downgrade_is_not_done(pod, database):
    pod.upgrade("head")
    refused(pod.downgrade("base", downgrade="Forbidden"), database, "DowngradeForbidden", "downgrade: Never")


@pytest.mark.parametrize(
    "down",
    [
        "raise NotImplementedError('no way back')",
        '"""Never."""\npass\nraise RuntimeError',
        "import logging\nmessage = f'{revision} stays'\nlogging.warning(message)\nraise RuntimeError(message)",
        "assert False, 'no way back'",
        None,
    ],
    ids=["raises", "raises after a docstring", "raises after some words", "asserts", "missing"],
)
def test_what_cannot_be_undone_is_said_before_anything_runs(pod, tree, database, down):
    tree.revision("cccc4444", down=down, no_downgrade=down is None).revision("dddd5555")
    pod.upgrade("head")
    refused(pod.downgrade("aaaa2222"), database, "IrreversibleRevision", "cccc4444")
    assert database.revisions == ["dddd5555"]
    assert "t_dddd5555" in database.tables


def test_a_downgrade_which_raises_only_sometimes_may_be_tried(pod, tree):
    tree.revision("cccc4444", down='if False:\n    raise ValueError\nop.drop_table("t_cccc4444")')
    pod.upgrade("head")
    assert pod.downgrade("bbbb3333").outcome == "Succeeded"


def test_a_downgrade_that_does_nothing_is_marked_where_the_upgrade_did_something(pod, tree, database):
    tree.revision("cccc4444", down='"""Stays."""\nprint("nothing to do")\nreturn')
    tree.revision("dddd5555", after="aaaa2222").revision("eeee6666", after=("cccc4444", "dddd5555"), up="", down="pass")
    pod.upgrade("head")
    result = pod.downgrade("aaaa2222")
    assert [event["revision"] for event in result.events if event["event"] == "marked"] == ["cccc4444"]
    assert (result.outcome, database.revisions) == ("Succeeded", ["aaaa2222"])
    assert "t_cccc4444" in database.tables


def test_an_id_that_the_version_table_cannot_take_is_refused(pod, tree, database):
    tree.revision("x" * 33)
    refused(pod.upgrade("head"), database, "MigrationFailed", "33 characters", "takes 32")
    assert database.tables == set()


def test_an_id_that_alembic_cannot_write_is_refused(pod, tree, database):
    tree.revision("it's")
    refused(pod.upgrade("head"), database, "MigrationFailed", "it's", "quotation mark", "rename it")
    assert database.tables == set()


def test_a_long_id_fits_into_a_wide_column(pod, tree, database):
    pod.upgrade("head")
    database.query("ALTER TABLE alembic_version ALTER version_num TYPE text")
    tree.revision("x" * 200)
    assert pod.upgrade("head").current == ["x" * 200]


@pytest.mark.parametrize("id_", ["v3.0.0.d", "0468", "0560_add_something", "Upper_Case", "two words"])
def test_ids_need_not_be_hexadecimal(pod, tree, id_):
    tree.revision(id_)
    assert pod.upgrade(id_).current == [id_]


def test_two_heads_need_a_choice(pod, tree, database):
    tree.revision("cccc4444", after="aaaa2222")
    refused(pod.upgrade("head"), database, "MultipleHeads", "bbbb3333", "cccc4444", "heads")
    assert pod.upgrade("heads").current == ["bbbb3333", "cccc4444"]


def test_a_branch_is_brought_to_its_head_and_no_other_is_touched(pod, tree):
    tree.revision("cccc4444", after="aaaa2222", labels=("billing",)).revision("dddd5555")
    pod.upgrade("bbbb3333")
    assert pod.upgrade("billing@head").current == ["bbbb3333", "dddd5555"]


def test_a_merge_is_a_step_like_any_other(pod, tree):
    tree.revision("cccc4444", after="aaaa2222").revision("eeee6666", after=("bbbb3333", "cccc4444"), up="", down="")
    assert pod.upgrade("head").current == ["eeee6666"]
    assert pod.downgrade("aaaa2222").current == ["aaaa2222"]


def test_a_downgrade_that_would_take_another_branch_along_is_refused(pod, tree, database):
    tree.revision("cccc4444", after=None, depends="bbbb3333")
    pod.upgrade("heads")
    result = pod.downgrade("aaaa2222")
    refused(result, database, "DowngradeForbidden", "cccc4444")


@pytest.mark.parametrize(
    ("name", "content", "reason", "word"),
    [
        ("twice", "revision = 'bbbb3333'\ndown_revision = 'aaaa2222'\n", "ImageUnusable", "bbbb3333"),
        ("orphan", "revision = 'eeee'\ndown_revision = 'gone1234'\n", "ImageUnusable", "gone1234"),
        ("broken", "import no_such_package\n", "EnvironmentFailed", "no_such_package"),
    ],
)
def test_a_broken_tree_is_refused(pod, tree, database, name, content, reason, word):
    tree.write(f"migrations/versions/{name}.py", content)
    refused(pod.upgrade("head"), database, reason, word)


def test_a_warning_of_the_teams_own_breaks_no_tree(pod, tree):
    tree.write("models.py", "import warnings\nwarnings.warn('old setting')\n")
    tree.revision("cccc4444", up="import models")
    assert pod.upgrade("head").outcome == "Succeeded"


@pytest.mark.parametrize(
    "up",
    ["with op.get_context().autocommit_block():\n    pass", 'op.execute("CREATE INDEX CONCURRENTLY i ON t (id)")'],
)
def test_after_an_interruption_what_may_have_committed_waits_for_a_person(pod, tree, database, up):
    tree.revision("cccc4444", up=up)
    result = pod.upgrade("head", afterInterruption=True)
    refused(result, database, "PartiallyApplied", "cccc4444")
    assert result.partial["revisions"] == ["cccc4444"]


def test_after_an_interruption_plain_revisions_go_on(pod, tree):
    tree.revision("cccc4444", up='"""Says commit, and does not."""  # commit\npass')
    assert pod.upgrade("head", afterInterruption=True).outcome == "Succeeded"
