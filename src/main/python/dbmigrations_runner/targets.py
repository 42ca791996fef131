"""What a target means in one image: an id or its unique prefix, `head`, `heads`, `base`, or one of them in a branch."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

from dbmigrations_runner.errors import StoppedError
from dbmigrations_runner.graph import AFTER

SHORTEST_PREFIX = 4
# What a message lists before it says no more.
GREATEST_LIST = 10


class Target(NamedTuple):
    """A target as written, and its ids: none for base. `line` is what a target with a label does not look beyond."""

    text: str
    ids: frozenset
    line: frozenset | None = None

    @property
    def said(self):
        """What the result document says: `label@base` is no empty list, because that would be base."""
        return sorted(self.ids) if self.ids or self.line is None else [self.text]


def of(run, graph):
    """Return what a run goes to; a rollback to what another image has resolved, id by id (rule 6)."""
    if run.rollback_to is None:
        return resolve(graph, run.target)
    found = [_exact(graph, text, run.target) for text in run.rollback_to]
    return Target(run.target, frozenset().union(*(one.ids for one in found)), found[0].line if found else None)


def _exact(graph, text, target):
    name = text.rpartition("@")[2]
    if name not in graph.revisions and name != "base":
        raise _not_found(f"image {graph.image}, with which to go down, does not contain {name}, for target {target}")
    return resolve(graph, text)


def resolve(graph, text):
    """Return the target, or refuse it with what the image has instead."""
    if text == "base":
        return Target(text, frozenset())
    if not graph.revisions:
        raise _not_found(f"image {graph.image} has no revision at all in {_folders(graph)}")
    label, _, symbol = text.rpartition("@")
    if label:
        line = frozenset(graph.line(_branch(graph, label)))
        return Target(text, _symbol(graph, text, symbol, line), line)
    return Target(text, _symbol(graph, text, symbol, None))


def baseline(graph, text):
    """Return the one revision that spec.baseline means, an id or its unique prefix."""
    return text if text in graph.revisions else _by_prefix(graph, f"spec.baseline {text}", text, graph.revisions)


def _symbol(graph, text, symbol, line):
    within = graph.revisions if line is None else line
    if symbol == "base":
        return frozenset()
    # What another branch depends on is a head all the same, as for Alembic, but comes along with that branch.
    heads = sorted(name for name in within if not AFTER(graph.revisions[name]))
    if symbol == "heads":
        return frozenset(heads).difference(*(graph.ancestors([name]) - {name} for name in heads))
    if symbol == "head":
        return frozenset([_single(heads, graph, text)])
    if symbol in within:
        return frozenset([symbol])
    if line is None and symbol in _labels(graph):
        return frozenset([_branch(graph, symbol)])
    return frozenset([_by_prefix(graph, f"target revision {text}", symbol, within)])


def _single(heads, graph, text):
    if len(heads) == 1:
        return heads[0]
    raise StoppedError(
        "MultipleHeads",
        f"{text} means {len(heads)} revisions in image {graph.image}: {_listed(heads)}; "
        f"name one of them, a branch as label@head, or {text}s for all of them",
    )


def _branch(graph, label):
    """Return the revision that a label stands for: the one that declares it, or the one whose id it is."""
    labels = _labels(graph)
    if label in labels:
        return graph.script.get_revision(label).revision
    if label in graph.revisions:
        return label
    known = f"its labels are {_listed(sorted(labels))}" if labels else "it has no labels"
    raise _not_found(f"there is no branch {label} in image {graph.image}: {known}")


def _by_prefix(graph, asked, prefix, within):
    found = sorted(name for name in within if name.startswith(prefix)) if len(prefix) >= SHORTEST_PREFIX else []
    if len(found) == 1:
        return found[0]
    if found:
        raise StoppedError(
            "AmbiguousRevision",
            f"{asked} is the beginning of {len(found)} revisions in image {graph.image}: "
            f"{_listed(found)}; write the whole id",
        )
    if prefix in graph.revisions:
        raise _not_found(f"{asked} is in image {graph.image}, but not on that branch: write {prefix} alone")
    hint = f"; a prefix has at least {SHORTEST_PREFIX} characters" if len(prefix) < SHORTEST_PREFIX else ""
    raise _not_found(f"{asked} is not in image {graph.image}, whose head is {_listed(graph.heads)}{hint}")


def _labels(graph):
    return set(chain.from_iterable(revision.branch_labels for revision in graph.revisions.values()))


def _folders(graph):
    return ", ".join(map(str, graph.script._version_locations))


def _listed(ids):
    more = f" and {len(ids) - GREATEST_LIST} more" if len(ids) > GREATEST_LIST else ""
    return ", ".join(ids[:GREATEST_LIST]) + more


def _not_found(message):
    return StoppedError("RevisionNotFound", message)
