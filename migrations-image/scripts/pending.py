"""What the database still lacks of this tree: says which revisions, or prints their SQL.

    pending.py check    exit status 0 when up to date, 3 when revisions are pending, else 1 or 2
    pending.py sql      SQL of what is pending, rendered offline; nothing is executed

Asks Alembic itself, through env.py, instead of reading the output of `alembic current`, which
looks the same when it fails; and counts `depends_on`, which `alembic current --check-heads` gets
wrong.
"""

import logging
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError

CONFIG = Path(__file__).parent.parent / "alembic.ini"
# Not 1, which is Python's own status for whatever goes wrong.
PENDING = 3


def current(config: Config, tree: ScriptDirectory) -> tuple[str, ...]:
    """Read the version table; changes nothing, and does not create the table."""
    rows: list[str] = []

    def read(heads: tuple[str, ...], _context: object) -> list[object]:
        rows.extend(heads)
        return []

    with EnvironmentContext(config, tree, fn=read, dont_mutate=True):
        tree.run_env()
    return tuple(rows)


def pending(tree: ScriptDirectory, rows: tuple[str, ...]) -> list[Script]:
    """Return the revisions that lead from the rows to all heads, in order of execution."""
    return list(tree.iterate_revisions("heads", rows, implicit_base=True))[::-1]


def check(config: Config) -> int:
    """Say which revisions are pending, and return the exit status."""
    tree = ScriptDirectory.from_config(config)
    revisions = pending(tree, current(config, tree))
    if not revisions:
        print("The database is up to date.")
        return 0
    print(f"Pending revisions: {len(revisions)}")
    for revision in revisions:
        print(f"  {revision.revision}  {revision.doc}")
    return PENDING


def sql(config: Config) -> int:
    """Print the SQL of what is pending."""
    rows = current(config, ScriptDirectory.from_config(config))
    if len(rows) > 1:
        raise CommandError(
            f"The database is at several revisions ({', '.join(rows)}), and SQL can be rendered"
            " from one only: alembic upgrade <from>:<to> --sql."
        )
    command.upgrade(config, f"{rows[0]}:heads" if rows else "heads", sql=True)
    return 0


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    commands = {"check": check, "sql": sql}
    if len(arguments) != 1 or arguments[0] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    logging.disable(logging.INFO)  # Alembic's usual lines say nothing about the question.
    try:
        return commands[arguments[0]](Config(CONFIG))
    except (CommandError, RevisionError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
