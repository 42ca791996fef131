"""CREATE and DROP."""

from __future__ import annotations

from dbmigrations_runner.finding import Finding, closing, type_text, unknown
from dbmigrations_runner.statements import Reader, said, split_at_commas

# Without CASCADE nothing that holds data goes with them.
DROPS_NO_DATA = (
    "access method",
    "aggregate",
    "cast",
    "collation",
    "conversion",
    "domain",
    "event trigger",
    "function",
    "index",
    "language",
    "operator class",
    "operator family",
    "operator",
    "policy",
    "procedure",
    "publication",
    "routine",
    "rule",
    "statistics",
    "text search configuration",
    "text search dictionary",
    "text search parser",
    "text search template",
    "transform",
    "trigger",
    "type",
    "view",
)
DROPS_DATA = ("foreign table", "materialized view", "table", "schema", "sequence", "extension", "database", "owned by")
OUTSIDE_ONLY = ("database", "tablespace", "subscription")


def drop(statement):
    """Return what a DROP does: some take data along by themselves, all do by CASCADE."""
    reader = statement.reader
    reader.take("drop")
    kind = reader.take_any(*DROPS_DATA, *DROPS_NO_DATA)
    concurrently = reader.take("concurrently")
    reader.take("if exists")
    names = reader.names()
    cascade = reader.says("cascade")
    if kind is None:
        yield unknown(statement)
    elif kind in DROPS_DATA or cascade:
        more = ", and whatever depends on it" if cascade else ""
        for name in names or [()]:
            yield Finding(destroys=f"drops {kind} {said(name)}{more}", table=name, drops=kind == "table")
    if concurrently:
        yield Finding(refused="DROP INDEX CONCURRENTLY")
    if kind in OUTSIDE_ONLY:
        yield Finding(refused=f"DROP {kind.upper()}")


def create(statement):
    """Return what a CREATE does."""
    reader = statement.reader
    reader.take("create")
    reader.take("or replace")
    reader.take_any("global", "local")
    temporary = bool(reader.take_any("temporary", "temp"))
    reader.take("unlogged")
    if reader.take_any("table", "materialized view"):
        reader.take("if not exists")
        table = reader.name()
        yield Finding(table=table, creates=True, temporary=temporary)
        yield from _columns(table, reader)
        return
    unique = "unique " if reader.take("unique") else ""
    if reader.take("index"):
        yield _index(reader, unique)
        return
    kind = reader.take_any(*OUTSIDE_ONLY)
    if kind:
        yield Finding(refused=f"CREATE {kind.upper()}")


def _columns(table, reader):
    """The types of the columns of CREATE TABLE t (…)."""
    if not reader.next.says("("):
        return
    inside = reader.tokens[reader.at + 1 : closing(reader.tokens, reader.at)]
    for part in split_at_commas(inside):
        definition = Reader(part)
        column = definition.name()
        if column and not part[0].says("constraint", "primary", "unique", "check", "foreign", "exclude", "like"):
            yield Finding(table=table, column=column[0], new_type=type_text(definition.rest()), adds=True)


def _index(reader, unique):
    concurrently = reader.take("concurrently")
    reader.take("if not exists")
    name = None if reader.next.says("on") else reader.name()
    reader.take("on")
    reader.take("only")
    table = reader.name()
    if concurrently:
        return Finding(refused=f"CREATE {unique.upper()}INDEX CONCURRENTLY", table=table)
    which = f"{unique}index {said(name)}" if name else f"a {unique}index"
    return Finding(
        hazard=f"creates {which} on table {said(table or ())} without CONCURRENTLY: writes wait until it is built",
        table=table,
    )
