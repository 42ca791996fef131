"""Images that lack something are named with what they lack."""

import shutil
import sys
import venv

import pytest


@pytest.fixture(autouse=True)
def history(tree):
    tree.linear("aaaa1111")


def unusable(result, *words):
    assert (result.status, result.outcome, result.reason) == (1, "Failed", "ImageUnusable"), result.log
    for word in words:
        assert word in result.message


def test_no_alembic(pod, tmp_path):
    venv.create(tmp_path / "venv", symlinks=True)
    pod.python = str(tmp_path / "venv/bin/python")
    unusable(pod.upgrade(), "SQLAlchemy", "install it", "alembic.python")


def test_no_driver(pod, tree):
    for name in ("psycopg2", "psycopg", "pg8000", "asyncpg"):
        tree.write(f"hidden/{name}.py", "raise ImportError('hidden')\n")
    pod.environment = {"PYTHONPATH": str(tree.path / "hidden")}
    unusable(pod.upgrade(), "psycopg2", "psycopg", "pg8000", "asyncpg")


def test_no_alembic_ini(pod):
    unusable(pod.upgrade(alembic={"config": "elsewhere/alembic.ini"}), "elsewhere/alembic.ini", "alembic.workingDir")


def test_an_alembic_ini_in_a_folder_is_pointed_at(pod, tree):
    (tree.path / "alembic.ini").rename(tree.path / "migrations/alembic.ini")
    unusable(pod.upgrade(), "but migrations/alembic.ini", "alembic.config")


def test_another_section(pod):
    unusable(pod.upgrade(alembic={"section": "shop"}), "shop", "alembic.section")


def test_no_script_location(pod, tree):
    shutil.rmtree(tree.path / "migrations")
    unusable(pod.upgrade(), "migrations", "alembic.config")


def test_no_env(pod, tree):
    (tree.path / "migrations/env.py").unlink()
    unusable(pod.upgrade(), "env.py")


def test_a_file_that_is_no_ini_file(pod, tree):
    tree.write("alembic.ini", "script_location = migrations\n")
    unusable(pod.upgrade(), "alembic.ini")


def test_the_interpreter_that_is_named_is_the_one_that_runs(pod):
    assert pod.python != sys.executable
    assert pod.upgrade().outcome == "Succeeded"
