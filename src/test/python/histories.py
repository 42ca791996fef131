"""Random histories, walked at random with the runner's graph and Alembic's own bookkeeping of rows.

Run with an interpreter that has some Alembic: `python histories.py <seed> <count>`. Prints what was walked.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[2] / "main/python"))

from alembic.script import ScriptDirectory
from alembic.script.base import Script
from alembic.script.revision import RevisionMap
from alembic.util import CommandError

from dbmigrations_runner import targets
from dbmigrations_runner.bookkeeping import Foreseen, refuse_confusion
from dbmigrations_runner.errors import StoppedError
from dbmigrations_runner.graph import DOWNGRADE, NONE, UPGRADE, Graph

FOLDER = tempfile.mkdtemp()


def history(random_, relatives):
    """Return revisions r0, r1, …: each a base, a follower, a merge, with labels and dependencies now and then."""
    revisions = []
    before = {}
    for number in range(random_.randint(1, 12)):
        name = f"r{number:03}"
        free = list(before)
        parents = random_.sample(free, min(len(free), random_.choice([0, 1, 1, 1, 1, 1, 2, 2])))
        depends = random_.sample(free, 1) if free and random_.random() < 0.2 else []
        if not relatives:
            both = parents + depends
            parents = [one for one in parents if not any(one in before[other] for other in both)]
            depends = [one for one in depends if not any(one in before[other] for other in both)]
        before[name] = set().union(*({one} | before[one] for one in parents + depends))
        down = None if not parents else parents[0] if len(parents) == 1 else tuple(parents)
        labels = (f"label{number}",) if random_.random() < 0.2 else None
        more = {"branch_labels": labels, "depends_on": tuple(depends) or None}
        module = SimpleNamespace(__doc__=None, down_revision=down, **more, upgrade=1, downgrade=1)
        revisions.append((module, name))
    return revisions


def graph_of(revisions):
    script = ScriptDirectory(FOLDER)
    script.revision_map = RevisionMap(lambda: [Script(module, name, f"{name}.py") for module, name in revisions])
    return Graph(script, "image")


def target_of(random_, graph):
    labels = sorted(set().union(*(revision.branch_labels for revision in graph.revisions.values())))
    symbol = random_.choice([*graph.revisions, *graph.revisions, "base", "heads", "head"])
    return f"{random_.choice(labels)}@{symbol}" if labels and random_.random() < 0.3 else symbol


def walk(random_, counts):
    relatives = random_.random() < 0.5
    graph = graph_of(history(random_, relatives))
    rows = frozenset()
    for _ in range(6):
        text = target_of(random_, graph)
        try:
            target = targets.resolve(graph, text)
            direction = graph.direction(target, rows)
            steps = graph.steps(direction, target, rows)
            refuse_confusion(graph, steps, rows)
        except StoppedError as stopped:
            if stopped.reason == "ImageUnusable" and not relatives:
                raise
            counts[stopped.reason] += 1
            continue
        rows = run(graph, target, direction, steps, rows, text)
        counts[direction] += 1


def run(graph, target, direction, steps, rows, text):
    """Take the steps as Alembic does, and hold the outcome against rule 4."""
    before = graph.ancestors(rows)
    compare(graph, text, direction, steps, rows)
    heads = Foreseen(rows)
    for step in steps:
        name = step.revision.revision
        applied = graph.ancestors(heads.heads)
        assert (name in applied) == (direction == DOWNGRADE)
        heads.update_to_step(step)
        now = graph.ancestors(heads.heads)
        assert now ^ applied == {name}, f"{text}: {name} moved {now ^ applied}"
    after = graph.ancestors(heads.heads)
    assert graph.direction(target, heads.heads) == NONE, f"{text} is not reached"
    assert graph.overlapping(heads.heads) is None, f"{text} left {heads.heads}"
    if direction == UPGRADE:
        assert after == before | graph.ancestors(target.ids)
    for name in before - after:
        others = graph.ancestors([name]) - {name}
        assert direction == DOWNGRADE
        assert target.ids & others or not target.ids, f"{text} undid {name}"
        assert target.line is None or name in target.line, f"{text} undid {name} of another branch"
    assert len(steps) == graph.pending(target, rows)
    return frozenset(heads.heads)


def compare(graph, text, direction, steps, rows):
    """What the command itself would do, where it takes the target at all and takes it as one."""
    if direction == NONE or "@" in text or text.startswith("head"):
        return
    plan = graph.script._downgrade_revs if direction == DOWNGRADE else graph.script._upgrade_revs
    try:
        own = plan(text, tuple(sorted(rows)))
    except CommandError:
        return
    assert [step.revision.revision for step in own] == [step.revision.revision for step in steps], text


def main(seed, count):
    counts = Counter()
    for number in range(count):
        try:
            walk(random.Random(f"{seed}/{number}"), counts)
        except Exception as error:
            error.args = (f"history {seed}/{number}: {error}",)
            raise
    print(dict(counts))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
