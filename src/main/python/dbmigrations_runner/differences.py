"""What autogenerate found, in words: what the database lacks, what the models lack, what is another way."""

from __future__ import annotations

from dataclasses import dataclass

GREATEST_WORDS = 300


@dataclass(frozen=True)
class Difference:
    """One difference. `table` is (schema, name); `thing` is what goes and comes when a definition changes."""

    words: str
    table: tuple
    kind: str = ""
    thing: str = ""


def described(operations, dialect, ignored):
    """Return one sentence for each difference, none for the tables ignored, as (schema, name)."""
    wording = _Wording(dialect)
    found = [difference for each in operations for difference in _differences(each, wording)]
    whole = {each.table for each in found if each.kind == "table"}
    left_out = {(None if schema == wording.schema else schema, name) for schema, name in ignored}
    kept = [
        each
        for each in found
        if each.table not in left_out
        # An index of a table that is missing is missing, too, which goes without saying.
        and (each.kind == "table" or each.table not in whole)
    ]
    # In an order of our own: Alembic's is that of its sets, and another with each run.
    return sorted({words[:GREATEST_WORDS] for words in _joined(kept)})


def _joined(found):
    """Yield the words; what Alembic would drop and create again under its name is one difference."""
    gone = {(each.table, each.thing) for each in found if each.kind == "remove"}
    come = {(each.table, each.thing) for each in found if each.kind == "add"}
    for each in found:
        if each.kind in ("add", "remove") and (each.table, each.thing) in gone & come:
            if each.kind == "add":
                yield f"{each.thing} is another than in the models"
        else:
            yield each.words


def _differences(operations, wording):
    for operation in operations.ops:
        if hasattr(operation, "ops"):
            yield from _differences(operation, wording)
            continue
        try:
            told = operation.to_diff_tuple()
        except Exception:  # noqa: BLE001, an operation of a package of the image's need not have one
            told = (type(operation).__name__,)
        for one in told if isinstance(told, list) else [told]:
            yield wording.difference(tuple(one))


class _Wording:
    """Words for Alembic's tuples; types and defaults as PostgreSQL writes them."""

    def __init__(self, dialect):
        self._dialect = dialect
        self.schema = dialect.default_schema_name

    def difference(self, told):
        kind = told[0]
        method = getattr(self, f"_{kind}", None) if isinstance(kind, str) else None
        try:
            return method(*told[1:]) if method else self._other(*told)
        except Exception:  # noqa: BLE001, words that fail must not hide that there is a difference
            return self._other(*told)

    def _add_table(self, table):
        return Difference(f"table {self._of(table)} is missing", self._key(table), "table")

    def _remove_table(self, table):
        return Difference(f"table {self._of(table)} is not in the models", self._key(table), "table")

    def _add_column(self, schema, table, column):
        table = self._pair(schema, table)
        words = f"table {self._named(table)} lacks column {column.name} ({self._type(column.type)})"
        return Difference(words, table)

    def _remove_column(self, schema, table, column):
        table = self._pair(schema, table)
        words = f"column {self._named(table)}.{column.name} ({self._type(column.type)}) is not in the models"
        return Difference(words, table)

    def _add_index(self, index):
        return self._part(index, "index", "add", "unique " if index.unique else "")

    def _remove_index(self, index):
        # Whether it is unique, Alembic 1.8 does not know any more.
        return self._part(index, "index", "remove")

    def _add_constraint(self, constraint):
        return self._part(constraint, self._kind(constraint), "add")

    def _remove_constraint(self, constraint):
        return self._part(constraint, self._kind(constraint), "remove")

    def _add_fk(self, constraint):
        return self._part(constraint, "foreign key", "add")

    def _remove_fk(self, constraint):
        return self._part(constraint, "foreign key", "remove")

    def _modify_type(self, schema, table, column, _existing, before, after):
        before, after = self._type(before), self._type(after)
        return self._modified(schema, table, column, f"is {before}, the models say {after}")

    def _modify_nullable(self, schema, table, column, _existing, before, after):
        words = {True: "NULL", False: "NOT NULL"}
        said = f"is {words.get(bool(before))}, the models say {words.get(bool(after))}"
        return self._modified(schema, table, column, said)

    def _modify_default(self, schema, table, column, _existing, before, after):
        said = f"has {self._default(before)}, the models say {self._default(after)}"
        return self._modified(schema, table, column, said)

    def _modify_comment(self, schema, table, column, _existing, before, after):
        return self._modified(schema, table, column, self._comments(before, after))

    def _add_table_comment(self, table, before=None):
        words = f"table {self._of(table)} {self._comments(before, table.comment)}"
        return Difference(words, self._key(table))

    def _remove_table_comment(self, table):
        return Difference(f"table {self._of(table)} has a comment, the models say none", self._key(table))

    def _modified(self, schema, table, column, said):
        table = self._pair(schema, table)
        return Difference(f"column {self._named(table)}.{column} {said}", table)

    def _part(self, part, kind, way, adjective=""):
        """Return the words for an index or a constraint, by its name where it has one, else by its columns."""
        columns = ", ".join(_column(each) for each in getattr(part, "expressions", None) or part.columns)
        thing = f"{kind} {part.name or f'({columns})'} on {self._of(part.table)}"
        more = f" ({columns})" if part.name and columns else ""
        words = f"{adjective}{thing}{more} is missing" if way == "add" else f"{thing}{more} is not in the models"
        if kind == "foreign key" and way == "add":
            words = f"{thing}{more} to {', '.join(each.target_fullname for each in part.elements)} is missing"
        return Difference(words, self._key(part.table), way, thing)

    def _other(self, *told):
        """Return words for a difference of a kind that has none here: those of packages beside Alembic, mostly."""
        names = [text for each in told[1:] if (text := getattr(each, "name", each)) and isinstance(text, str)]
        return Difference(f"{str(told[0]).replace('_', ' ')}: {' '.join(names)}".rstrip(": "), (None, ""))

    @staticmethod
    def _kind(constraint):
        names = {"UniqueConstraint": "unique constraint", "CheckConstraint": "check constraint"}
        return names.get(type(constraint).__name__, "constraint")

    def _type(self, type_):
        try:
            return str(type_.compile(dialect=self._dialect))
        except Exception:  # noqa: BLE001, a type that does not compile has a name all the same
            return repr(type_)

    def _default(self, default):
        if default is None or default is False:
            return "no default"
        text = getattr(default, "arg", default)
        text = getattr(text, "text", text)
        return f"default {text}" if isinstance(text, str) else f"{type(default).__name__.lower()} {text}"

    @staticmethod
    def _comments(before, after):
        said = [f"comment {one!r}" if one else "no comment" for one in (before, after)]
        return f"has {said[0]}, the models say {said[1]}"

    def _of(self, table):
        return self._named(self._key(table))

    def _key(self, table):
        return self._pair(table.schema, table.name)

    def _pair(self, schema, name):
        return (None if schema == self.schema else schema, str(name))

    @staticmethod
    def _named(pair):
        return f"{pair[0]}.{pair[1]}" if pair[0] else pair[1]


def _column(expression):
    return str(getattr(expression, "name", None) or expression)
