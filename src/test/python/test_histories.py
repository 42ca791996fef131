"""Rule 4 through thousands of random histories, with the oldest and the newest Alembic."""

import random
import subprocess
from pathlib import Path

import pytest

from conftest import USUAL, VENVS

HISTORIES = Path(__file__).parent / "histories.py"


@pytest.mark.parametrize("packages", ["oldest", USUAL])
def test_whatever_the_history_looks_like_a_target_is_reached_or_refused(packages):
    seed = str(random.randrange(10**9))
    command = [f"{VENVS}/{packages}/bin/python", str(HISTORIES), seed, "3000"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for outcome in ("Upgrade", "Downgrade", "None", "DowngradeForbidden", "ImageUnusable"):
        assert f"'{outcome}'" in done.stdout
