"""Trees and version tables that cannot be right: each is refused in one sentence, and the database is untouched."""

import pytest

from test_refusals import refused

pytestmark = pytest.mark.usefixtures("old_and_new")


def untouched(result, database, reason, *words):
    refused(result, database, reason, *words)
    assert "\n" not in result.message
    assert database.query("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]


@pytest.mark.parametrize(
    ("name", "content", "reason", "words"),
    [
        (
            "twice",
            "revision = 'bbbb2222'\ndown_revision = 'aaaa1111'\n",
            "ImageUnusable",
            ["bbbb2222", "more than once"],
        ),
        ("orphan", "revision = 'eeee'\ndown_revision = 'gone1234'\n", "ImageUnusable", ["gone1234", "eeee"]),
        ("endless", "revision = 'eeee'\ndown_revision = 'eeee'\n", "ImageUnusable", ["eeee"]),
        ("broken", "import no_such_package\n", "EnvironmentFailed", ["no_such_package", "broken.py"]),
        ("typo", "revision = 'eeee'\ndef upgrade(:\n", "EnvironmentFailed", ["SyntaxError", "typo.py", "line 2"]),
        ("unlinked", "revision = 'eeee'\n", "EnvironmentFailed", ["down_revision", "unlinked"]),
        ("illegal", "revision = 'ee@ee'\ndown_revision = 'bbbb2222'\n", "ImageUnusable", ["ee@ee"]),
        (
            "label",
            "revision = 'eeee'\ndown_revision = None\nbranch_labels = 'shop'\n",
            "ImageUnusable",
            ["shop", "eeee"],
        ),
    ],
)
def test_a_broken_file_breaks_the_whole_history(pod, tree, database, name, content, reason, words):
    tree.linear("aaaa1111").revision("bbbb2222", labels=("shop",))
    tree.write(f"migrations/versions/{name}.py", content)
    untouched(pod.upgrade("head"), database, reason, *words)


@pytest.mark.parametrize("depends", [None, "cccc3333"], ids=["down_revision", "depends_on"])
def test_a_cycle_is_named(pod, tree, database, depends):
    tree.linear("aaaa1111").revision("bbbb2222", after="aaaa1111" if depends else "cccc3333", depends=depends)
    tree.revision("cccc3333", after="bbbb2222")
    untouched(pod.upgrade("head"), database, "ImageUnusable", "ycle", "bbbb2222", "cccc3333")


@pytest.mark.parametrize("target", ["head", "heads", "aaaa1111", "shop@head"])
def test_a_tree_without_revisions_is_named_with_its_folder(pod, database, target):
    untouched(pod.upgrade(target), database, "RevisionNotFound", "no revision at all", "migrations/versions")


def test_a_row_that_no_image_knows(pod, tree, database):
    tree.linear("aaaa1111")
    pod.upgrade("head")
    database.query("UPDATE alembic_version SET version_num = 'of another world'")
    result = pod.upgrade("head")
    refused(result, database, "RevisionNotFound", "of another world", "app-migrations:1.4.2")
    assert result.unknown == ["of another world"]


@pytest.mark.parametrize("target", ["head", "bbbb2222", "aaaa1111", "base"])
def test_two_rows_of_one_line(pod, tree, database, target):
    tree.linear("aaaa1111", "bbbb2222", "cccc3333")
    pod.upgrade("bbbb2222")
    database.query("INSERT INTO alembic_version VALUES ('aaaa1111')")
    result = pod.downgrade(target)
    refused(result, database, "VersionTableUnusable", "public.alembic_version", "aaaa1111 beside bbbb2222", "delete")
    assert database.tables == {"t_aaaa1111", "t_bbbb2222"}


@pytest.mark.parametrize("rows", [[], ["aaaa1111"]], ids=["empty", "with a row"])
def test_a_version_table_that_is_a_view(pod, tree, database, rows):
    tree.linear("aaaa1111", "bbbb2222")
    database.query("CREATE TABLE elsewhere AS SELECT unnest(%s::text[]) AS version_num", rows)
    database.query("CREATE VIEW alembic_version AS SELECT version_num FROM elsewhere")
    database.query(f"GRANT ALL ON elsewhere, alembic_version TO {database.user}")
    refused(pod.upgrade("head"), database, "VersionTableUnusable", "public.alembic_version is a view")
    assert database.tables == {"elsewhere"}


def test_a_table_of_that_name_that_is_another(pod, tree, database):
    tree.linear("aaaa1111")
    database.query("CREATE TABLE alembic_version (id int)")
    database.query(f"GRANT ALL ON alembic_version TO {database.user}")
    refused(pod.upgrade("head"), database, "VersionTableUnusable", "no column version_num")
    assert database.tables == set()
