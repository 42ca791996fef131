"""The table in the database that keeps each executed step: made where it is missing, and written with the step."""

from __future__ import annotations

from dbmigrations_runner import failures, locks
from dbmigrations_runner.errors import StoppedError

# Name, type, and what CREATE TABLE says beside it. Where it says nothing, the column may be empty.
COLUMNS = (
    ("id", "bigint", "GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
    ("at", "timestamp with time zone", "NOT NULL"),
    ("transaction_id", "bigint", "NOT NULL"),
    ("resource", "text", "NOT NULL"),
    ("resource_uid", "text", "NOT NULL"),
    ("attempt", "integer", "NOT NULL"),
    ("revision", "text", "NOT NULL"),
    ("down_revisions", "text[]", "NOT NULL"),
    ("direction", "text", "NOT NULL"),
    ("image", "text", "NOT NULL"),
    ("image_digest", "text", ""),
    ("ran_as", "text", "NOT NULL"),
    ("logged_in_as", "text", "NOT NULL"),
    ("approved_by", "text", ""),
)
# A column that the row would leave empty and that must not be.
WANTS = "a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''"
FOUND = """
SELECT n.oid IS NOT NULL, coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE'), false),
       coalesce(pg_catalog.has_schema_privilege(n.oid, 'CREATE'), false), c.relkind::text,
       coalesce(pg_catalog.has_table_privilege(c.oid, 'INSERT'), false),
       (SELECT pg_catalog.array_to_string(pg_catalog.array_agg(
            a.attname || ' ' || pg_catalog.format_type(a.atttypid, NULL) || ' ' || ({wants})::text), E'\\n')
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
FROM (SELECT 1) AS one
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = {schema}
LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = {table}"""
# One statement, so that it is whole in autocommit, too; and as the role that made the table, whatever env.py has set.
WRITE = """
DECLARE ran_as text := current_user; before text := pg_catalog.current_setting('role');
BEGIN
  PERFORM pg_catalog.set_config('role', {role}, true);
  INSERT INTO {table} ({columns}) VALUES ({values});
  PERFORM pg_catalog.set_config('role', before, true);
END"""
TABLES = ("r", "p")


class Audit:
    """Where the steps of one run are written down; does nothing where the resource names no table."""

    def __init__(self, run, lock_connection):
        self._run = run
        self._lock_connection = lock_connection
        self._wanted = run.audit
        self._name = None
        self.is_new = False

    @property
    def name(self):
        """The table's quoted name; None where nothing is written."""
        return self._name and ".".join(locks.identifier(part) for part in self._name)

    def tables(self, version_table):
        """Return schema and name of the table, or none."""
        if self._wanted is None:
            return set()
        schema, _, table = self._wanted.table.rpartition(".")
        return {(schema or version_table["schema"], table)}

    def prepare(self, version_table):
        """Make sure that there is a table to write to, before anything runs; a plan makes none.

        Without a schema of its own it is beside the version table.
        """
        if self._wanted is None:
            return
        (self._name,) = self.tables(version_table)
        has_schema, use, create, kind, insert, columns = self._found()
        if not has_schema:
            raise self._unusable(f"cannot be made, because there is no schema {self._name[0]}: create it")
        if not use or (kind is None and not create):
            missing = "USAGE" if not use else "CREATE"
            schema = locks.identifier(self._name[0])
            raise self._unusable(f"cannot be used: GRANT {missing} ON SCHEMA {schema} {self._to()}")
        if kind is None:
            self.is_new = True
            if not self._run.reads_only:
                self._create()
            return
        self._refuse_other(kind, columns)
        if not insert:
            raise self._unusable(f"cannot be written to: GRANT INSERT ON {self.name} {self._to()}")

    def write(self, connection, revision, direction):
        """Write one step's row, in the step's own transaction where it has one."""
        if self._wanted is None:
            return
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._statement(revision, direction))
        except Exception as error:
            raise StoppedError(
                "AuditTableUnusable",
                f"revision {revision.revision} was run, and could not be written into the audit table {self._said}: "
                f"{failures.first_line(error)}",
            ) from error
        finally:
            cursor.close()

    def _statement(self, revision, direction):
        run, wanted = self._run, self._wanted
        down = revision.down_revision or ()
        down = (down,) if isinstance(down, str) else down
        values = {
            "at": "pg_catalog.clock_timestamp()",
            "transaction_id": "pg_catalog.txid_current()",
            "resource": _literal(wanted.resource),
            "resource_uid": _literal(run.uid),
            "attempt": str(int(run.attempt)),
            "revision": _literal(revision.revision),
            "down_revisions": f"ARRAY[{', '.join(_literal(each) for each in down)}]::pg_catalog.text[]",
            "direction": _literal(direction),
            "image": _literal(run.image),
            "image_digest": _literal(wanted.image_digest),
            "ran_as": "ran_as",
            "logged_in_as": "session_user",
            "approved_by": _literal(wanted.approved_by),
        }
        body = WRITE.format(
            role=_literal(run.database_role or "none"),
            table=self.name,
            columns=", ".join(values),
            values=", ".join(values.values()),
        )
        return f"DO LANGUAGE plpgsql {_without_percent(body)}"

    def _found(self):
        sql = FOUND.format(wants=WANTS, schema=locks.literal(self._name[0]), table=locks.literal(self._name[1]))
        return self._lock_connection.query_as_role(sql)[0]

    def _create(self):
        columns = ", ".join(" ".join(column).strip() for column in COLUMNS)
        try:
            self._lock_connection.query_as_role(f"CREATE TABLE {self.name} ({columns})")
        except Exception as error:
            raise self._unusable(f"cannot be made: {failures.first_line(error)}") from error

    def _refuse_other(self, kind, columns):
        if kind not in TABLES:
            raise self._unusable("is no table: name another one in spec.audit.table")
        found = {}
        for line in (columns or "").split("\n"):
            name, _, rest = line.partition(" ")
            found[name] = rest.rpartition(" ")
        missing = [f"{name} {type_}" for name, type_, _ in COLUMNS if found.pop(name, ("",))[0] != type_]
        if missing:
            raise self._unusable(
                f"is another table, because it lacks {', '.join(missing)}: name another one in spec.audit.table"
            )
        wanting = sorted(name for name, (_, _, wants) in found.items() if wants == "true")
        if wanting:
            raise self._unusable(f"wants a value in {', '.join(wanting)}, for which there is none: give it a default")

    def _to(self):
        return f"TO {locks.identifier(self._run.database_role)}" if self._run.database_role else "TO the Secret's user"

    @property
    def _said(self):
        return ".".join(self._name)

    def _unusable(self, fact):
        return StoppedError("AuditTableUnusable", f"the audit table {self._said} {fact}; nothing was run")


def _literal(text):
    return "NULL" if text is None else locks.literal(str(text))


def _without_percent(text):
    """Return text as a literal in which no driver finds a parameter."""
    quoted = text.replace("\\", "\\\\").replace("'", "''").replace("%", "\\x25")
    return f"E'{quoted}'"
