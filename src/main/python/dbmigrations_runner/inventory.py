"""Which tables and columns revisions leave behind, read from their SQL: what a database must have to be at one."""

from __future__ import annotations

import re

from dbmigrations_runner import rowchanges
from dbmigrations_runner.finding import closing
from dbmigrations_runner.statements import NAME, STRING, WORD, Reader, said, split, split_at_commas

# PostgreSQL cuts longer names.
GREATEST_NAME = 63
CONSTRAINTS = ("constraint", "primary", "unique", "check", "foreign", "exclude", "like")
# Where none of these is said, nothing goes away and nothing gets another name.
REMOVES = re.compile(r"drop|rename|(set|alter)\s+schema|new_column_name", re.IGNORECASE)
DOUBTFUL = ("do", "call", "execute")
SCHEMA_OF_THE_SESSION = ("pg_temp",)


class Inventory:
    """Tables, by (schema, name), each with its columns; all but Alembic's own."""

    def __init__(self, version_table):
        self._home = self._path = version_table.home
        self._own = (version_table.schema, version_table.name)
        self.tables = {}

    def step(self, changes):
        """Take in what one revision does, as `changes()` has it; return the facts that came and those that went."""
        before, path = self.facts(), self._path
        for verb, *arguments in changes:
            getattr(self, f"_{verb}")(*arguments)
        if ("path_is_local",) in changes:
            self._path = path
        after = self.facts()
        return after - before, before - after

    def facts(self):
        """Return all of it: (table, None) for a table, (table, column) for a column."""
        return {(table, column) for table, columns in self.tables.items() for column in (None, *columns)}

    def missing(self, existing):
        """Return what a database with these facts lacks; of a table that is missing, not its columns."""
        lacks = [table for table in self.tables if (table, None) not in existing]
        found = [(table, None) for table in lacks]
        for table, columns in self.tables.items():
            if table not in lacks:
                found += [(table, column) for column in columns if (table, column) not in existing]
        return found

    def said(self, fact):
        """Return a fact in words."""
        table, column = fact
        name = table[1:] if table[0] == self._home else table
        return f"table {said(name)}" if column is None else f"column {said((*name, column))}"

    def _create(self, name, columns):
        if self._made(name) != self._own:
            self.tables.setdefault(self._made(name), dict.fromkeys(columns))

    def _drop(self, name):
        self.tables.pop(self._meant(name), None)

    def _rename(self, name, new):
        table = self._meant(name)
        self._to(table, (table[0], new))

    def _move(self, name, schema):
        table = self._meant(name)
        self._to(table, (schema, table[1]))

    def _to(self, old, new):
        if old in self.tables:
            self.tables[new] = self.tables.pop(old)

    def _add(self, name, column):
        self.tables.setdefault(self._meant(name), {}).setdefault(column)

    def _remove(self, name, column):
        self.tables.get(self._meant(name), {}).pop(column, None)

    def _call(self, name, old, new):
        columns = self.tables.get(self._meant(name), {})
        if old in columns:
            del columns[old]
            columns[new] = None

    def _inherit(self, name):
        """From now on the table's columns are changed with another's."""
        self.tables.get(self._meant(name), {}).clear()

    def _drop_schema(self, schema):
        self.tables = {table: columns for table, columns in self.tables.items() if table[0] != schema}

    def _rename_schema(self, schema, new):
        for table in [table for table in self.tables if table[0] == schema]:
            self._to(table, (new, table[1]))

    def _look_in(self, schema):
        self._path = schema or self._home

    def _path_is_local(self):
        """The path is what it was when the revision ends."""

    def _doubt(self, words):
        """Something happened that is not understood: what it names may be gone, or have another name."""
        self.tables = {
            table: {column: None for column in columns if column not in words}
            for table, columns in self.tables.items()
            if table[1] not in words
        }

    def _made(self, name):
        return name if len(name) > 1 else (self._path, name[0])

    def _meant(self, name):
        table = self._made(name)
        if len(name) > 1 or table in self.tables:
            return table
        others = [other for other in self.tables if other[1] == name[0]]
        return others[0] if len(others) == 1 else table


def changes(sql):
    """Return what the statements of a text do to tables and columns, in order, as Inventory takes it."""
    found = []
    for statement in split(sql):
        reader = statement.reader
        head = reader.next.text if reader.next.kind == WORD else None
        if head in READERS and not statement.broken:
            reader.at += 1
            found += READERS[head](reader)
        elif statement.broken or head in DOUBTFUL or (head in ("select", "with") and _calls_unknown(statement)):
            found += doubts(statement.text)
    return found


def doubts(code):
    """Return the change for code that is not understood."""
    return [("doubt", frozenset(re.findall(r"\w+", code)))] if REMOVES.search(code) else []


def _calls_unknown(statement):
    return any(True for _ in rowchanges.query(statement))


def _name(reader):
    """Step over a table's name, and return it as (name,) or (schema, name); None where none comes."""
    name = reader.name()
    return tuple(_cut(part) for part in name[-2:]) if name else None


def _cut(name):
    return name.encode()[:GREATEST_NAME].decode("utf-8", "ignore")


def _column(reader):
    name = reader.name()
    return _cut(name[-1]) if name else None


def _create(reader):
    reader.take("or replace")
    reader.take_any("global", "local")
    if reader.take_any("temporary", "temp"):
        return
    reader.take("unlogged")
    if not reader.take_any("table", "foreign table"):
        return
    reader.take("if not exists")
    name = _name(reader)
    if name and name[0] not in SCHEMA_OF_THE_SESSION:
        yield "create", name, list(_columns(reader))


def _columns(reader):
    """The columns of CREATE TABLE t (…): those of a partition or a typed table are another's."""
    if not reader.next.says("("):
        return
    inside = reader.tokens[reader.at + 1 : closing(reader.tokens, reader.at)]
    for part in split_at_commas(inside):
        column = _column(Reader(part))
        if column and not part[0].says(*CONSTRAINTS):
            yield column


def _drop(reader):
    kind = reader.take_any("table", "foreign table", "schema")
    reader.take("if exists")
    names = [tuple(_cut(part) for part in name[-2:]) for name in reader.names()] if kind else []
    for name in names:
        yield ("drop_schema", name[-1]) if kind == "schema" else ("drop", name)


def _alter(reader):
    if reader.take("schema"):
        schema = _column(reader)
        if reader.take("rename to"):
            yield "rename_schema", schema, _column(reader)
        return
    if not reader.take_any("table", "foreign table"):
        return
    reader.take("if exists")
    reader.take("only")
    name = _name(reader)
    reader.take("*")
    for part in split_at_commas(reader.rest()) if name else []:
        yield from _action(name, Reader(part))


def _action(name, reader):
    if reader.take("add"):
        if not reader.take("column") and reader.next.says(*CONSTRAINTS):
            return
        reader.take("if not exists")
        yield "add", name, _column(reader)
    elif reader.take("drop"):
        if not reader.take("column") and reader.take("constraint"):
            return
        reader.take("if exists")
        yield "remove", name, _column(reader)
    elif reader.take("rename"):
        yield from _renamed(name, reader)
    elif reader.take("set schema"):
        yield "move", name, _column(reader)
    elif reader.take("inherit"):
        yield "inherit", name
    elif reader.take("attach partition"):
        yield "inherit", _name(reader)


def _renamed(name, reader):
    if reader.take("constraint"):
        return
    if reader.take("to"):
        yield "rename", name, _column(reader)
        return
    reader.take("column")
    old = _column(reader)
    reader.take("to")
    yield "call", name, old, _column(reader)


def _set(reader):
    local = reader.take_any("local", "session") == "local"
    if not reader.take("search_path"):
        return
    reader.take_any("to", "=")
    first = reader.next
    if first.kind == STRING:
        schema = first.text.strip("'")
    else:
        schema = first.text if first.kind == NAME or not first.says("default") else None
    # "$user" is a schema only where there is one of that name.
    yield "look_in", None if schema == "$user" else schema
    if local:
        yield ("path_is_local",)


READERS = {"create": _create, "drop": _drop, "alter": _alter, "set": _set}
