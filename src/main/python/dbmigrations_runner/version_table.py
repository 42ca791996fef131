"""Alembic's version table, as env.py's connection sees it or as Alembic would create it."""

from __future__ import annotations

from dbmigrations_runner import locks
from dbmigrations_runner.errors import StoppedError

TABLES = ("r", "p")
KINDS = {"v": "view", "m": "materialized view", "f": "foreign table", "S": "sequence", "i": "index", "c": "type"}
# With the migration's own search path, on which somebody may have planted operators.
FOUND = """
SELECT coalesce(n.nspname, pg_catalog.current_schema())::text, c.relkind::text, a.atttypmod,
       pg_catalog.current_schema()::text
FROM (SELECT pg_catalog.to_regclass({table})) AS named (oid)
LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) named.oid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a
    ON a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attname OPERATOR(pg_catalog.=) 'version_num'"""
# What PostgreSQL adds to the length that a varchar was declared with.
LENGTH_OFFSET = 4


class VersionTable:
    """Where the revisions are kept, and how wide an id may be there; 0 or less is no limit."""

    def __init__(self, context):
        self.name = context.version_table
        schema = context.version_table_schema or None
        table = locks.identifier(self.name)
        table = f"{locks.identifier(schema)}.{table}" if schema else table
        sql = FOUND.format(table=locks.literal(table)).replace("%", "%%")
        found_schema, self._kind, length, home = context.connection.exec_driver_sql(sql).fetchone()
        self.width = None if length is None else length - LENGTH_OFFSET
        # Where env.py's connection makes what has no schema in its name.
        self.home = home or "public"
        self.schema = (schema if self._kind is None else found_schema) or found_schema or "public"
        if self._kind is None:
            self.width = context._version.c.version_num.type.length or 0

    @property
    def full_name(self):
        """Its name with its schema."""
        return f"{self.schema}.{self.name}"

    @property
    def said(self):
        """What the result document says."""
        return {"schema": self.schema, "name": self.name}

    @property
    def exists(self):
        """Whether it was there before this run; one without rows is not none, but what `downgrade base` leaves."""
        return self._kind is not None

    def refuse_other_kind(self):
        """Refuse what is no version table: Alembic would write through a view, to wherever it leads."""
        if self._kind not in (None, *TABLES):
            raise self.unusable(
                f"is a {KINDS.get(self._kind, 'thing of another kind')}: "
                "let env.py or alembic.versionTable name the table itself"
            )

        if self._kind is not None and self.width is None:
            raise self.unusable(
                "has no column version_num: it is another table, so let env.py's version_table or "
                "alembic.versionTable name the one with the revisions"
            )

    def refuse_overlap(self, overlap):
        """Refuse rows of which one comes after another."""
        if overlap:
            earlier, later = overlap
            raise self.unusable(
                f"has revision {earlier} beside {later}, which comes after it, but one line has one row: "
                f"find out at which of the two the schema is, and delete the other's row"
            )

    def unusable(self, fact):
        """Return the refusal with this fact."""
        return StoppedError("VersionTableUnusable", f"the version table {self.full_name} {fact}")
