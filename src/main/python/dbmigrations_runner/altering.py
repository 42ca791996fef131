"""ALTER: what each action on a table or another object does."""

from __future__ import annotations

from dbmigrations_runner.columntypes import parsed
from dbmigrations_runner.finding import Finding, type_text, unknown, until
from dbmigrations_runner.statements import NAME, WORD, Reader, outside, said, split_at_commas

# Actions on a table that are done in a moment and leave its rows alone.
BRIEF = (
    "validate constraint",
    "set schema",
    "set (",
    "reset (",
    "owner to",
    "enable",
    "disable",
    "force row",
    "no force",
    "inherit",
    "no inherit",
    "of",
    "not of",
    "replica identity",
    "cluster on",
    "set without",
    "alter constraint",
    "drop constraint",
)
# The same of a column.
BRIEF_OF_COLUMN = (
    "set default",
    "drop default",
    "drop not null",
    "drop identity",
    "drop expression",
    "add generated",
    "set generated",
    "set statistics",
    "set storage",
    "set compression",
    "set (",
    "reset (",
    "restart",
    "set increment",
    "set cache",
    "set no",
    "set start",
    "set maxvalue",
    "set minvalue",
)
REWRITES = ("set logged", "set unlogged", "set tablespace", "set access method")
BLOCKED = "while nobody can read or write it"
CONSTRAINTS = ("check", "unique", "primary key", "foreign key", "exclude")
# In a default these are computed once, so that no row is written.
STABLE = frozenset(
    """
    now current_timestamp current_date current_time localtimestamp localtime transaction_timestamp
    statement_timestamp timezone to_timestamp to_date date_trunc make_interval make_date jsonb_build_object
    json_build_object jsonb_build_array json_build_array array_fill lower upper md5 concat coalesce
    current_setting cast numeric decimal varchar varying char character bit timestamp time interval float array
    """.split()  # noqa: SIM905
)
SERIAL = ("serial", "bigserial", "smallserial", "serial2", "serial4", "serial8")


def alter(statement):
    """Return what an ALTER does."""
    reader = statement.reader
    reader.take("alter")
    if reader.take_any("table", "foreign table"):
        return list(_alter_table(statement, reader))
    if reader.take("system"):
        return [Finding(refused="ALTER SYSTEM")]
    if reader.take("type"):
        return list(_alter_type(statement, reader))
    if reader.take("extension") and reader.says("update"):
        return [unknown(statement)]
    return []


def _alter_type(statement, reader):
    name = reader.name()
    if reader.take("add value"):
        yield Finding(
            hazard_in_transaction=f"adds a value to type {said(name or ())} inside of a transaction, "
            "before whose end it cannot be used"
        )
    for part in split_at_commas(reader.rest()):
        action = Reader(part)
        if action.take("drop attribute"):
            action.take("if exists")
            yield Finding(destroys=f"drops attribute {said(action.name() or ())} of type {said(name or ())}")
        elif action.take("alter attribute"):
            yield unknown(statement)


def _alter_table(statement, reader):
    if reader.take("all in"):
        yield unknown(statement)
        return
    reader.take("if exists")
    reader.take("only")
    table = reader.name()
    reader.take("*")
    if table is None:
        yield unknown(statement)
        return
    for part in split_at_commas(reader.rest()):
        yield from _action(statement, table, Reader(part))


def _action(statement, table, reader):
    if reader.take("add"):
        yield from _add(table, reader)
    elif reader.take_any(*BRIEF):
        return
    elif reader.take("drop"):
        reader.take("column")
        reader.take("if exists")
        column = said(reader.name() or ())
        more = ", and whatever depends on it" if reader.take("cascade") else ""
        yield Finding(destroys=f"drops column {said(table)}.{column}{more}", table=table)
    elif reader.take("alter"):
        reader.take("column")
        yield from _alter_column(statement, table, reader)
    elif reader.take("rename"):
        yield from _rename(table, reader)
    elif kind := reader.take_any(*REWRITES):
        yield Finding(hazard=f"rewrites table {said(table)} {BLOCKED}: {kind.upper()}", table=table)
    elif reader.take("attach partition"):
        yield Finding(hazard=f"reads the whole of the partition that table {said(table)} takes in", table=reader.name())
    elif reader.take("detach partition"):
        if reader.says("concurrently"):
            yield Finding(refused="DETACH PARTITION CONCURRENTLY")
    else:
        yield unknown(statement)


def _rename(table, reader):
    if reader.take("constraint"):
        return
    if reader.take("to"):
        new = reader.name() or ()
        sentence = f"renames table {said(table)} to {said(new)}: programs that use the old name fail from then on"
        yield Finding(hazard=sentence, table=table, renamed=(*table[:-1], *new))
        return
    reader.take("column")
    old = reader.name() or ()
    reader.take("to")
    new = reader.name() or ()
    what = f"renames column {said(table)}.{said(old)} to {said(new)}"
    sentence = f"{what}: programs that use the old name fail from then on"
    yield Finding(hazard=sentence, table=table, column=old[-1] if old else None, renamed=new)


def _alter_column(statement, table, reader):
    column = reader.name()
    where = f"column {said(table)}.{said(column or ())}"
    if reader.take_any("type", "set data type"):
        tokens = reader.rest()
        using, type_ = tokens[len(until(tokens, "using")) + 1 :], type_text(tokens)
        plain = not using or _is_plain_cast(using, column[-1], type_)
        yield Finding(table=table, column=column[-1], new_type=type_, cast=not plain)
    elif reader.take("set not null"):
        yield Finding(
            hazard=f"reads all of table {said(table)} {BLOCKED}: sets NOT NULL on {where}, which fails at a null",
            table=table,
        )
    elif reader.take("set expression"):
        yield Finding(hazard=f"rewrites table {said(table)} {BLOCKED}: computes {where} anew", table=table)
    elif not reader.take_any(*BRIEF_OF_COLUMN):
        yield unknown(statement)


def _is_plain_cast(using, column, type_):
    """Tell whether an expression is the column itself, or its cast to the very type."""
    if using[0].text != column:
        return False
    return len(using) == 1 or (using[1].says("::") and parsed(type_text(using[2:])) == parsed(type_))


def _add(table, reader):
    if reader.take("constraint"):
        reader.name()
    kind = reader.take_any(*CONSTRAINTS)
    if kind:
        yield from _add_constraint(table, kind, reader)
        return
    reader.take("column")
    reader.take("if not exists")
    column = reader.name()
    if column is None:
        return
    definition = reader.rest()
    type_ = type_text(definition)
    yield Finding(table=table, column=column[-1], new_type=type_, adds=True)
    where = f"column {said(table)}.{said(column)}"
    why = _computed(definition, type_)
    if why:
        yield Finding(hazard=f"rewrites table {said(table)} {BLOCKED}: adds {where} with {why}", table=table)
    top = Reader(definition)
    if top.says("not null") and not why and not top.says("default"):
        what = f"adds {where} NOT NULL without a default"
        yield Finding(hazard=f"{what}, which fails unless the table is empty", table=table)
    if top.says("unique") or top.says("primary key"):
        yield Finding(hazard=f"builds an index on table {said(table)} {BLOCKED}: {where} is unique", table=table)


def _add_constraint(table, kind, reader):
    if reader.says("not valid") or reader.says("using index"):
        return
    what = {
        "check": "reads all of table {table} {blocked}: adds a CHECK without NOT VALID",
        "foreign key": "reads all of table {table} while nobody can write to it or to the table that it refers to: "
        "adds a FOREIGN KEY without NOT VALID",
    }.get(kind, "builds an index on table {table} {blocked}: adds {kind} without USING INDEX")
    sentence = what.format(table=said(table), blocked=BLOCKED, kind=kind.upper())
    yield Finding(hazard=sentence, table=table)


def _computed(definition, type_):
    """Return why each row gets a value of its own, so that all of them are written; None where they do not."""
    if type_.split("(")[0].strip() in SERIAL:
        return f"type {type_}"
    top = Reader(outside(definition))
    if top.says("generated always as identity") or top.says("generated by default as identity"):
        return "an identity"
    if top.says("generated always as"):
        return "a value computed for each row"
    tokens = definition[len(until(definition, "default")) :]
    default = until(tokens[1:], "not", "null", "constraint", "check", "unique", "primary", "references", "generated")
    for token, following in zip(default, default[1:]):
        calls = token.kind == NAME or (token.kind == WORD and token.text not in STABLE)
        if calls and following.says("("):
            return f"a default that may be another for each row, {token.text}()"
    return None
