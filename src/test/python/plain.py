"""Alembic alone, as a person types it: what the runner's words are compared with."""

from __future__ import annotations

import os
import subprocess
from urllib.parse import quote

from conftest import SERVER


def alembic(pod, *arguments, **environment):
    """Run Alembic's own command in the pod's tree, and return its exit status and all that it prints."""
    database = pod.database
    url = f"postgresql://{database.user}:{quote(database.password)}@{SERVER['host']}:{SERVER['port']}/{database.name}"
    pod.tree.ini(url=url)
    done = subprocess.run(
        [pod.python, "-m", "alembic", *arguments],
        cwd=pod.tree.path,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/tmp", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    print(done.stdout, done.stderr)  # pytest shows it where a test fails
    return done.returncode, done.stdout + done.stderr
