"""What the figures were measured with."""

import os
import platform
import re
from pathlib import Path

from world import IMAGE, run


def machine():
    """Return processor, cores and memory in a few words."""
    cores = os.cpu_count()
    try:
        model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())[1]
        memory = int(re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())[1]) / 2**20
        return f"{cores} cores of {model}, {memory:.0f} GiB, {platform.system()} {platform.release()}"
    except (OSError, TypeError):
        return f"{cores} cores, {platform.platform()}"


def environment(world):
    """Return a Markdown list of versions."""
    node = world.api.get("/api/v1/nodes")["items"][0]["status"]["nodeInfo"]
    tell = "import alembic, sqlalchemy, sys; print(sys.version.split()[0], alembic.__version__, sqlalchemy.__version__)"
    versions = run("docker", "run", "--rm", IMAGE, "python3", "-c", tell).split()
    commit = run("git", "describe", "--always", "--dirty", "--abbrev=12").strip()
    facts = {
        "dbmigrations": f"commit {commit}",
        "machine": machine(),
        "Kubernetes": f"{node['kubeletVersion']}, {node['containerRuntimeVersion']}, one node in a container",
        "PostgreSQL": f"{world.sql('SHOW server_version')}, `fsync=off`, in the same cluster",
        "migrations": "Python {}, Alembic {}, SQLAlchemy {}".format(*versions),
    }
    return "\n".join(f"- {name}: {fact}" for name, fact in facts.items())
