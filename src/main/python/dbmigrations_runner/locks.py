"""The lock connection: one advisory lock per database, and what is read beside the migration.

Both keys and their meaning are design §5.1; the operator knows them, too.
"""

from __future__ import annotations

import re
import time
from contextlib import suppress
from types import MappingProxyType

from dbmigrations_runner import failures
from dbmigrations_runner.errors import StoppedError, superseded
from dbmigrations_runner.session import Session

LOCK_KEY = 0x64626D6967726174
WORK_KEY = 0x64626D6967726175
POLL_SECONDS = 0.25
GREATEST_NAME = 63

IDENTITY = """
SELECT d.datname::text, d.oid::bigint, pg_catalog.pg_backend_pid()::bigint,
       (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint,
       pg_catalog.host(pg_catalog.inet_client_addr())::text, pg_catalog.inet_client_port()::bigint
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()"""
INVALID_INDEXES = """
SELECT (n.nspname || '.' || c.relname)::text
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND c.relkind = 'i' ORDER BY 1"""


# Whoever owns a schema on the search path could plant functions and operators there, even ones that are found before
# pg_catalog's: a role's or a database's own search path may say so. So this comes before whatever compares anything.
SAFE_SEARCH_PATH = "pg_catalog"


def literal(text):
    """Return text as a SQL literal, whatever standard_conforming_strings says."""
    quoted = text.replace("'", "''").replace("\\", "\\\\")
    return f" E'{quoted}'" if "\\" in text else f"'{quoted}'"


def identifier(name):
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def key_condition(key):
    """Return the condition under which a row of pg_locks is about an advisory key of this database."""
    return (
        f"locktype = 'advisory' AND classid = {key >> 32} AND objid = {key & 0xFFFFFFFF} AND objsubid = 1 "
        "AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
    )


# What can stand in a comment of SQL without ending it.
SPEAKABLE = r"(?a)[\w.@+-]{1,100}"


class LockConnection:
    """A session of its own, in autocommit, that holds the lock for the whole run."""

    # The key by which connections know each other to be in one database.
    key = LOCK_KEY
    first_state = "waiting"
    more_settings = MappingProxyType({})

    def __init__(self, run, driver, credentials, interruption):
        self._run = run
        self._driver = driver
        self._credentials = credentials
        self._interruption = interruption
        self._session = self._open()
        name, oid, self.pid, self.server_started, *client = self._query(IDENTITY)[0]
        self.database = {"name": name, "oid": oid, "systemIdentifier": self._system_identifier()}
        # Where the server sees this very end of the connection, nobody is in between who could share its sessions out.
        if tuple(client) != self._session.own_end():
            from dbmigrations_runner import poolers  # noqa: PLC0415, few runs have one to look for

            poolers.refuse_transaction_mode(self._session, self.pid, self._connect(), credentials)
        self._refuse_role()

    def refuse_other_database(self, expected):
        """Raise Superseded where this is not the database that the operator decided on."""
        for part in ("name", "oid", "systemIdentifier"):
            found, wanted = self.database[part], expected.get(part)
            if found is not None and wanted is not None and str(found) != str(wanted):
                raise superseded(f"the database's {part} is {found}, not {wanted} any more")

    def acquire(self, report):
        """Take the lock, then wait until no statement of an earlier attempt is left."""
        report.phase("waiting for the database's lock")
        deadline = time.monotonic() + self._run.lock_wait_seconds
        self._poll(
            f"SELECT pg_catalog.pg_try_advisory_lock({LOCK_KEY})", LOCK_KEY, "another run holds", report, deadline
        )
        # The idle lock connection of a killed runner closes at once, its busy backend does not.
        free = f"SELECT pg_catalog.pg_try_advisory_xact_lock({WORK_KEY})"
        self._poll(free, WORK_KEY, "a statement of an earlier attempt still holds", report, deadline)

    def proceed(self, executed, total, revision=""):
        """Say how far the run is; raise Interrupted where it must stop or the lock is no longer held.

        The step in progress stands in the statement itself, which pg_stat_activity shows for as long as the step takes:
        the application_name has no room for it.
        """
        self._interruption.check()
        name = literal(self._name_of(f"{executed}of{total}"))
        step = f"/* revision {revision} */ " if re.fullmatch(SPEAKABLE, revision) else ""
        sql = (
            f"SELECT {step}count(*), pg_catalog.set_config('application_name', {name}, false) "
            f"FROM pg_catalog.pg_locks WHERE {key_condition(LOCK_KEY)} AND granted AND pid = {self.pid}"
        )
        try:
            if self._query(sql)[0][0] == 1:
                return
            fact = "its session changed"
        except Exception as error:  # noqa: BLE001, whatever the driver raises, the lock is not known to be held
            fact = failures.first_line(error)
        raise StoppedError("Interrupted", f"the run stopped because its lock was lost: {fact}")

    def stirs(self):
        """Tell whether the session may have ended meanwhile, without asking the server."""
        try:
            return self._session.stirs()
        except Exception:  # noqa: BLE001, a closed connection has no file, and every driver its own way to say so
            return True

    def cancel_work(self):
        """Cancel the statements of every connection that migrates."""
        self._query(
            "SELECT pg_catalog.pg_cancel_backend(pid) FROM pg_catalog.pg_locks "
            f"WHERE {key_condition(WORK_KEY)} AND granted AND pid <> {self.pid}"
        )

    def rows(self, table, schema):
        """Return the ids in the version table as everybody sees them now; none where there is no table."""
        # The fact is wanted even when the lock is gone.
        session = self._usable_session()
        sql = f"SELECT version_num::text FROM {identifier(schema)}.{identifier(table)}"
        try:
            self._as_role(session)
            return sorted(row[0] for row in session.query(sql))
        except Exception as error:
            if failures.sqlstate(error) in ("42P01", "3F000"):
                return []
            raise
        finally:
            session.query("SELECT pg_catalog.set_config('role', 'none', false)")

    def ask(self, sql):
        """Return the rows of a query of the catalogs, which everybody may read."""
        return self._usable_session().query(sql)

    def invalid_indexes(self):
        """Return the indexes, as schema.index, that a failed CONCURRENTLY left behind."""
        return [row[0] for row in self.ask(INVALID_INDEXES)]

    def query_as_role(self, sql):
        """Run one statement as the role that migrates, and return its rows."""
        self._as_role(self._session)
        try:
            return self._query(sql)
        finally:
            self._query("SELECT pg_catalog.set_config('role', 'none', false)")

    def close(self):
        """Free the lock."""
        with suppress(Exception):  # a session that is lost is closed
            self._session.close()

    def _connect(self):
        try:
            return Session(self._driver, self._credentials)
        except StoppedError:
            raise
        except Exception as error:
            raise failures.connect_failure(error, self._credentials) from error

    def _open(self):
        session = self._connect()
        settings = {
            "search_path": SAFE_SEARCH_PATH,
            "application_name": self._name_of(self.first_state),
            "lock_timeout": "10s",
            "statement_timeout": "30s",
            # This session is idle while a step runs, however long that is.
            "idle_session_timeout": "0",
        }
        session.query(settings_sql({**settings, **KEEPALIVES, **self.more_settings}))
        return session

    def _query(self, sql):
        return self._session.query(sql)

    def _usable_session(self):
        try:
            self._session.query("SELECT 1")
        except Exception:  # noqa: BLE001, every driver has its own way to say that the connection is gone
            self._session = self._open()
        return self._session

    def _poll(self, sql, key, holder_text, report, deadline):
        told = False
        while not self._query(sql)[0][0]:
            holder = self._holder(key)
            if time.monotonic() >= deadline:
                raise StoppedError(
                    "LockTimeout",
                    f"{holder_text} the lock of database {self.database['name']}: {holder}; "
                    f"waited {self._run.lock_wait_seconds} s",
                )
            if not told:
                report.phase(f"waiting: {holder_text} the lock: {holder}")
                told = True
            self._interruption.wait(POLL_SECONDS)

    def _holder(self, key):
        rows = self._query(
            "SELECT l.pid::bigint, coalesce(a.application_name, '')::text FROM pg_catalog.pg_locks l "
            "LEFT JOIN LATERAL pg_catalog.pg_stat_get_activity(l.pid) a ON true "
            f"WHERE {key_condition(key)} AND l.granted AND l.pid <> {self.pid} ORDER BY 1 LIMIT 3"
        )
        return ", ".join(f"backend {pid} ({name or 'no application_name'})" for pid, name in rows) or "a backend"

    def _name_of(self, state):
        suffix = f"/{state}"
        return self._run.name[: GREATEST_NAME - len(suffix)] + suffix

    def _as_role(self, session):
        if self._run.database_role:
            session.query(f"SELECT pg_catalog.set_config('role', {literal(self._run.database_role)}, false)")

    def _system_identifier(self):
        try:
            return self._query("SELECT system_identifier::text FROM pg_catalog.pg_control_system()")[0][0]
        except Exception:  # noqa: BLE001, managed services may withhold it
            return None

    def _refuse_role(self):
        if not self._run.database_role:
            return
        try:
            self._as_role(self._session)
        except Exception as error:
            raise StoppedError(
                "CredentialsRefused",
                f"the Secret's user cannot SET ROLE to spec.databaseRole {self._run.database_role}: "
                f"{failures.first_line(error)}; GRANT it",
            ) from error
        self._query("SELECT pg_catalog.set_config('role', 'none', false)")


# The backend of a lost pod or node ends by itself.
KEEPALIVES = {
    "client_connection_check_interval": "1s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30000",
}


def settings_sql(settings):
    """Return one statement that sets, for the session, those of the settings that this server has.

    It looks for nothing on the search path, so that it may be the first one.
    """
    values = ", ".join(f"({literal(name)}, {literal(value)})" for name, value in settings.items())
    return (
        "SELECT pg_catalog.set_config(wanted.name, wanted.value, false) "
        f"FROM (VALUES {values}) AS wanted (name, value) "
        # As an entry of pg_settings would tell, without reading all of them.
        "WHERE pg_catalog.current_setting(wanted.name, true) IS NOT NULL"
    )
