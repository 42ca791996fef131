"""What is known of the tables that a plan is about: from the catalog, in one look, and from the plan's own steps."""

from __future__ import annotations

import json

from dbmigrations_runner import locks

# Of pg_class and its like alone: functions that measure a table wait for whoever has it locked.
# Names are found by the migration's own search path, on which somebody may have planted operators.
LOOK = """
WITH RECURSIVE wanted (name) AS (VALUES {names}),
found AS (
    SELECT w.name, c.oid, c.relkind FROM wanted w
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(w.name)
),
part (name, oid) AS (
    SELECT name, oid FROM found UNION SELECT part.name, i.inhrelid FROM part JOIN pg_catalog.pg_inherits i
    ON i.inhparent OPERATOR(pg_catalog.=) part.oid
),
sizes AS (
    SELECT part.name, pg_catalog.sum(c.relpages::bigint) AS pages,
           pg_catalog.sum(
               CASE WHEN c.reltuples OPERATOR(pg_catalog.>) 0 THEN c.reltuples::bigint
                    ELSE pg_catalog.pg_stat_get_live_tuples(c.oid) END
           ) AS live
    FROM part JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) part.oid GROUP BY part.name
)
SELECT f.name::text, s.live::bigint,
       (s.pages OPERATOR(pg_catalog.*) pg_catalog.current_setting('block_size')::bigint)::bigint,
       (SELECT pg_catalog.json_object_agg(a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod))::text
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid OPERATOR(pg_catalog.=) f.oid AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped)
FROM found f JOIN sizes s ON s.name OPERATOR(pg_catalog.=) f.name"""
# By pg_catalog, which hides nothing from a role without rights; what an extension made is nobody's evidence.
FACTS = """
SELECT w.schema, w.name, (SELECT json_agg(a.attname)::text FROM pg_catalog.pg_attribute a
                          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
FROM (VALUES {names}) AS w (schema, name)
JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
WHERE c.relkind IN ('r', 'p', 'f') AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')"""
KIB = 1024


def facts(query, tables):
    """Return what a database has of these tables, as `Inventory.facts()` has it; `query` takes SQL."""
    pairs = [f"({locks.literal(schema)}::text, {locks.literal(name)}::text)" for schema, name in sorted(tables)]
    rows = query(FACTS.format(names=", ".join(pairs))) if pairs else []
    return {
        ((schema, name), column) for schema, name, columns in rows for column in (None, *json.loads(columns or "[]"))
    }


class Known:
    """The tables, by the names that the plan gives them; `schema` is where unqualified names are."""

    def __init__(self, schema=None):
        self._schema = schema
        self._sizes = {}
        self._types = {}
        self._made = set()
        self._temporary = set()
        self._filled = set()

    def look(self, query, names):
        """Read what the catalog says of these tables; `query` takes SQL and returns rows."""
        wanted = {_sql(name): name for name in names}
        if not wanted:
            return
        values = ", ".join(f"({locks.literal(name)}::text)" for name in sorted(wanted))
        for text, rows, size, columns in query(LOOK.format(names=values)):
            name = self._plain(wanted[text])
            self._sizes[name] = (rows, size)
            self._types.update({(name, column): type_ for column, type_ in json.loads(columns or "{}").items()})

    def step_starts(self):
        """Columns that an earlier step added may hold what is worth something."""
        self._filled = set()
        self._temporary = set()

    def created(self, table, temporary):
        """The plan creates this table."""
        table = self._plain(table)
        if table not in self._sizes:
            self._made.add(table)
        if temporary:
            self._temporary.add(table)

    def added(self, table, column, type_):
        """The plan adds this column."""
        table = self._plain(table)
        self._types.setdefault((table, column), type_)
        self._filled.add((table, column))

    def changed(self, table, column, type_):
        """The plan changes this column's type."""
        table = self._plain(table)
        self._types[table, column] = type_

    def renamed(self, table, column, new):
        """The plan renames a table, or a column where one is given."""
        table = self._plain(table)
        new = self._plain(new) if column is None else new
        if column is not None:
            if (table, column) in self._types:
                self._types[table, new[-1]] = self._types.pop((table, column))
            return
        if table in self._sizes:
            self._sizes[new] = self._sizes.pop(table)
        if table in self._made:
            self._made.add(new)
        for key in [key for key in self._types if key[0] == table]:
            self._types[new, key[1]] = self._types.pop(key)

    def is_new(self, table):
        """Tell whether the plan itself creates this table."""
        table = self._plain(table)
        return table in self._made

    def is_temporary(self, table):
        """Tell whether this step created it for itself."""
        table = self._plain(table)
        return table in self._temporary

    def is_filled_only_here(self, table, columns):
        """Tell whether this step added all of these columns, so that nothing can stand in them."""
        table = self._plain(table)
        return bool(columns) and all((table, column) in self._filled for column in columns)

    def type_of(self, table, column):
        """Return a column's type, or None."""
        table = self._plain(table)
        return self._types.get((table, column))

    def size(self, table):
        """Return a table's size in words, as the catalog estimates it."""
        table = self._plain(table)
        if table not in self._sizes:
            return "its size is not known"
        rows, size = self._sizes[table]
        return f"about {rows or 0:,} rows, {_bytes(size or 0)}"

    def _plain(self, table):
        """Return a table's name without the schema in which unqualified names are."""
        return table[1:] if table and len(table) > 1 and table[0] == self._schema else table


def _bytes(size):
    unit = 0
    units = ("kB", "MB", "GB", "TB")
    size = size / KIB
    while size >= KIB and unit < len(units) - 1:
        size, unit = size / KIB, unit + 1
    return f"{size:,.0f} {units[unit]}" if size >= 10 or size == int(size) else f"{size:,.1f} {units[unit]}"  # noqa: PLR2004


def _sql(name):
    return ".".join(locks.identifier(part) for part in name)
