"""Revisions in several folders, and in folders of folders."""

import pytest

pytestmark = pytest.mark.usefixtures("old_and_new")


def test_several_folders(pod, tree):
    ini = (tree.path / "alembic.ini").read_text()
    tree.write("alembic.ini", ini.replace("[alembic]", "[alembic]\nversion_locations = core/versions plugins/versions"))
    tree.revision("aaaa1111", folder="core/versions")
    tree.revision("bbbb1111", after=None, labels=("plugin",), depends="aaaa1111", folder="plugins/versions")
    result = pod.upgrade("heads")
    assert (result.executed, result.current) == (["aaaa1111", "bbbb1111"], ["bbbb1111"])


def test_folders_in_folders(pod, tree, old_and_new):
    if old_and_new == "oldest":
        pytest.skip("recursive_version_locations came with Alembic 1.10")
    ini = (tree.path / "alembic.ini").read_text()
    places = "recursive_version_locations = true\nversion_locations = migrations/versions migrations/versions/2026"
    tree.write("alembic.ini", ini.replace("[alembic]", "[alembic]\n" + places))
    tree.revision("aaaa1111", folder="migrations/versions/2025")
    tree.revision("bbbb2222", folder="migrations/versions/2026/11")
    assert pod.upgrade("head").executed == ["aaaa1111", "bbbb2222"]
