"""What a revision calls on `op`: each operation's kind and what it is about."""

from __future__ import annotations

import re
from contextlib import contextmanager

from alembic.operations import Operations


@contextmanager
def recorded(note):
    """Call `note(operation)` for every operation that is invoked meanwhile, those of batches included."""
    owner = next(kind for kind in Operations.__mro__ if "invoke" in vars(kind))
    invoke = owner.invoke

    def noting(self, operation):
        note({"kind": kind_of(operation), "object": object_of(operation)})
        return invoke(self, operation)

    owner.invoke = noting
    try:
        yield
    finally:
        owner.invoke = invoke


def kind_of(operation):
    """Return Alembic's name of the operation, as `drop_column` for DropColumnOp."""
    name = type(operation).__name__
    kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name[:-2] if name.endswith("Op") else name).lower()
    return "execute" if kind == "execute_sql" else kind


def object_of(operation):
    """Return what the operation is about, as a person names it; empty where there is nothing to name."""
    table = _table(operation)
    column = getattr(operation, "column_name", None) or getattr(getattr(operation, "column", None), "name", None)
    if column:
        return f"{table}.{column}"
    name = getattr(operation, "index_name", None) or getattr(operation, "constraint_name", None)
    if name:
        return f"{name} on {table}" if table else str(name)
    return table


def _table(operation):
    table = getattr(operation, "table_name", None) or getattr(operation, "source_table", None)
    schema = getattr(operation, "schema", None) or (getattr(operation, "kw", None) or {}).get("source_schema")
    bulk = getattr(operation, "table", None)
    if table is None and bulk is not None:
        table, schema = getattr(bulk, "name", None), getattr(bulk, "schema", None)
    return ".".join(str(part) for part in (schema, table) if part)
