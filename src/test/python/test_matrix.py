"""Every Alembic with every SQLAlchemy with every driver: up, into a failure, and down."""

import itertools
import os
import sys
from pathlib import Path

import pytest

from trees import ASYNC_ENV

HERE = Path(__file__).parent
ALEMBICS = ("oldest", "newest")
SQLALCHEMIES = ("1.4", "2.0", "newest")
DRIVERS = ("psycopg2", "psycopg", "pg8000", "asyncpg")
ALL = list(itertools.product(ALEMBICS, SQLALCHEMIES, DRIVERS))


def impossible(alembic, sqlalchemy, driver):
    """Tell whether they refuse each other: Alembic 1.20 needs SQLAlchemy 2, and so does psycopg 3."""
    return sqlalchemy == "1.4" and (alembic == "newest" or driver == "psycopg")


def version(folder):
    """Return the version that is tested in the tests' folder of that name."""
    line = next(line for line in (HERE / "matrix.txt").read_text().splitlines() if line.startswith(f"{folder} "))
    return line.rsplit("==", 1)[1]


def test_the_page_has_this_table():
    page = (HERE.parents[2] / "docs/alembic.md").read_text("utf-8")
    table = page.split("<!-- matrix -->")[1].split("<!-- end of matrix -->")[0].strip().splitlines()
    assert [cell.split()[1] for cell in table[0].split("|")[2:4]] == [version(f"alembic-{name}") for name in ALEMBICS]
    for line, sqlalchemy in zip(table[2:], SQLALCHEMIES, strict=True):
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        assert name.split()[1] == version(f"sqlalchemy-{sqlalchemy}")
        for cell, alembic in zip(cells, ALEMBICS, strict=True):
            possible = [driver for driver in DRIVERS if not impossible(alembic, sqlalchemy, driver)]
            assert cell == (", ".join(possible) or "–")
    assert all(f"{driver} {version(driver)}" in page for driver in DRIVERS)


@pytest.mark.parametrize(("alembic", "sqlalchemy", "driver"), [each for each in ALL if not impossible(*each)])
def test_up_and_down(pod, tree, database, alembic, sqlalchemy, driver):
    tree.linear("aaaa1111", "bbbb2222")
    if driver == "asyncpg":
        tree.env(ASYNC_ENV)
    folders = (f"alembic-{alembic}", f"sqlalchemy-{sqlalchemy}", driver, "common")
    pod.python = os.path.realpath(sys.executable)  # the one beneath the virtual environment
    pod.environment = {"PYTHONPATH": ":".join(f"/matrix/{folder}" for folder in folders)}
    assert pod.upgrade().current == ["bbbb2222"]
    tree.revision("cccc3333", up='op.execute("INSERT INTO t_aaaa1111 (id) VALUES (NULL)")')
    failed = pod.upgrade()
    assert (failed.reason, failed.failure["sqlstate"], failed.current) == ("MigrationFailed", "23502", ["bbbb2222"])
    assert pod.downgrade("base").current == []
    assert database.tables == set()
