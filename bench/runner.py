"""The runner beside plain Alembic, in one container of the example's image, against a PostgreSQL of its own.

Alone, once that image is there: `python3 bench/runner.py 15` prints the table and writes nothing.
"""

import json
import secrets
import statistics
from pathlib import Path

from report import Row
from world import IMAGE, run

REPOSITORY = Path(__file__).resolve().parent.parent
NAME = "dbmigrations-bench-runner"


def measure(runs, say):
    """Take the measurements of inside.py: {what: {who: [(seconds, MiB)]}}."""
    password = secrets.token_hex(16)
    place = {"PGHOST": "postgres", "PGUSER": "postgres", "PGPASSWORD": password, "PGDATABASE": "postgres"}
    variables = [word for name, value in place.items() for word in ("--env", f"{name}={value}")]
    say(f"300 and 1,000 revisions, {runs} times with the runner and with plain Alembic")
    run("docker", "network", "create", NAME)
    try:
        postgres = ["--network-alias", "postgres", "--env", f"POSTGRES_PASSWORD={password}"]
        memory = ["--tmpfs", "/var/lib/postgresql/data", "postgres:17", "-c", "fsync=off"]
        server = run("docker", "run", "-d", "--network", NAME, *postgres, *memory).strip()
        try:
            ready = "until pg_isready -q -h 127.0.0.1; do sleep 0.2; done"
            run("docker", "exec", server, "sh", "-c", ready)
            mounts = ["--volume", f"{REPOSITORY}:/repository:ro", "--tmpfs", "/tmp"]
            inside = ["--network", NAME, *mounts, *variables, IMAGE, "python3", "/repository/bench/inside.py"]
            return json.loads(run("docker", "run", "--rm", *inside, str(runs)))
        finally:
            run("docker", "rm", "--force", "--volumes", server)
    finally:
        run("docker", "network", "rm", NAME)


def rows(samples):
    """Return the rows of the table and the figures of the JSON file."""

    def column(what, who, place):
        return [sample[place] for sample in samples[what][who]]

    def ratio(what):
        return statistics.median(column(what, "runner", 0)) / statistics.median(column(what, "alembic", 0))

    memory = statistics.median(column("applied", "runner", 1)) - statistics.median(column("applied", "alembic", 1))
    found = [
        Row("300 linear revisions with the runner, planned and applied", "s", column("applied", "runner", 0)),
        Row("the same with `alembic upgrade head`", "s", column("applied", "alembic", 0)),
        Row("ratio of the two", "", [ratio("applied")], "≤ 1.05"),
        Row("the runner's memory over Alembic's, doing that", "MiB", [memory], "≤ 20 MiB"),
        Row("1,000 revisions with 50 merges, target resolved by the runner", "s", column("resolved", "runner", 0)),
        Row("the same tree with `alembic history`", "s", column("resolved", "alembic", 0)),
        Row("ratio of the two ", "", [ratio("resolved")], "≤ 1"),
        Row("the same tree at its head, nothing to do, with the runner", "s", column("nothing", "runner", 0)),
        Row("the same with `alembic upgrade head` ", "s", column("nothing", "alembic", 0)),
    ]
    figures = {
        "runner.ratioToAlembic": ratio("applied"),
        "runner.memoryMiBOverAlembic": memory,
        "runner.resolveRatioToHistory": ratio("resolved"),
        "runner.nothingRatioToAlembic": ratio("nothing"),
    }
    return found, figures


if __name__ == "__main__":
    import sys

    from report import nested, table

    found, figures = rows(measure(int(sys.argv[1]), print))
    print(table(found))
    print(nested(figures))
