"""Every connection that env.py opens: led to the Secret's database, set up, and watched."""

from __future__ import annotations

import re
from contextlib import suppress

from sqlalchemy import event
from sqlalchemy.engine import Engine

from dbmigrations_runner import drivers, locks
from dbmigrations_runner.errors import StoppedError

# On Connection.info: is it in the lock's database, and if not, where does it lead?
HOME = "dbmigrations.home"
LEADS_TO = "dbmigrations.leads_to"
LOCK_TIMEOUT = "dbmigrations.lock_timeout"

CONCURRENTLY = r"(?i)\bCONCURRENTLY\b"
DRIVER_MODULES = ("psycopg2", "psycopg", "pg8000", "asyncpg")
# OFFSET keeps the inner query its own, so that it tells the search path from before.
PIN_SEARCH_PATH = (
    f"SELECT session.path, pg_catalog.set_config('search_path', '{locks.SAFE_SEARCH_PATH}', false) "
    "FROM (SELECT pg_catalog.current_setting('search_path') AS path OFFSET 0) AS session"
)


class Connections:
    """Hooks on SQLAlchemy's Engine class: they need no cooperation of env.py, and reach async engines, too."""

    def __init__(self, run, credentials, lock_connection, interruption, leftovers):
        self._run = run
        self._credentials = credentials
        self._lock_connection = lock_connection
        self._interruption = interruption
        self._leftovers = leftovers
        self.first_error = None
        # Called with each statement before it is sent; may raise.
        self.refuse_statement = None

    def install(self):
        """Reach every engine of this process, those of the migrations included."""
        for name, hook in {
            "do_connect": self._aim,
            "connect": self._set_up,
            "before_cursor_execute": self._starting,
            "after_cursor_execute": self._done,
            "handle_error": self._failed,
            "commit": self._leftovers.committing,
            "commit_twophase": lambda connection, *_: self._leftovers.committing(connection),
            "rollback": self._leftovers.rolled_back,
            "savepoint": self._leftovers.savepoint,
            "release_savepoint": self._leftovers.savepoint_released,
            "rollback_savepoint": self._leftovers.savepoint_rolled_back,
        }.items():
            event.listen(Engine, name, hook)

    def refuse_elsewhere(self, connection):
        """Refuse a connection that does not lead to the database in which the lock is held."""
        if connection.info.get(HOME):
            return
        host, database = connection.info.get(LEADS_TO) or ("another server", connection.engine.url.database)
        raise StoppedError(
            "EnvironmentFailed",
            f"env.py connects to database {database or 'of its own choice'} at {host}, but the Secret leads to "
            f"database {self._credentials.database} at {self._credentials.host}: "
            "let env.py take what the environment or sqlalchemy.url says",
        )

    def _aim(self, dialect, record, _arguments, parameters):
        """Fill in and correct what leads to the Secret's database; leave what explicitly leads elsewhere."""
        if dialect.name != "postgresql":
            return
        host = parameters.get("host")
        # SQLAlchemy 1.4 says `database` to psycopg2, later ones `dbname`.
        database = parameters.get("dbname") or parameters.get("database")
        if record is not None:
            record.info[LEADS_TO] = (host or self._credentials.host, database or self._credentials.database)
        if (
            _same_host(host, self._credentials.host)
            and str(parameters.get("port") or self._credentials.port) == str(self._credentials.port)
            and (database or self._credentials.database) == self._credentials.database
        ):
            # URLs name TLS in libpq's words, which are no parameters of the other drivers.
            for name in ("dbname", "database", "sslmode", "sslrootcert"):
                parameters.pop(name, None)
            parameters.update(drivers.parameters(dialect.driver, self._credentials))

    def _set_up(self, dbapi_connection, record):
        """Prepare a new session; committed, because a rollback would lose the settings."""
        if not _is_postgresql(dbapi_connection):
            return
        drivers.keep_alive(dbapi_connection)
        cursor = dbapi_connection.cursor()
        try:
            # Pinned for our own queries only: the migration finds the search path as it was.
            cursor.execute(PIN_SEARCH_PATH)
            search_path, _ = cursor.fetchone()
            home = self._is_home(cursor)
            settings = self._settings() if home else {}
            cursor.execute(locks.settings_sql({**settings, "search_path": search_path}))
            cursor.fetchall()
            # Not before it has its name: whoever looks takes a nameless session with the key for somebody else's.
            if home and not self._run.reads_only:
                self._share_work_key(cursor)
            if home and self._run.database_role:
                cursor.execute(f"SET ROLE {locks.identifier(self._run.database_role)}")
        finally:
            cursor.close()
        dbapi_connection.commit()
        record.info[HOME] = home

    def _is_home(self, cursor):
        """Tell whether this session sees the lock, held by our backend of the very same server start."""
        cursor.execute(
            f"SELECT count(*), (extract(epoch FROM pg_catalog.pg_postmaster_start_time()) * 1000000)::bigint "
            f"FROM pg_catalog.pg_locks WHERE {locks.key_condition(self._lock_connection.key)} AND granted "
            f"AND pid = {self._lock_connection.pid}"
        )
        held, server_started = cursor.fetchone()
        return held == 1 and server_started == self._lock_connection.server_started

    @staticmethod
    def _share_work_key(cursor):
        # Never waits: only a run that has the lock takes this key exclusively, and the lock is ours.
        cursor.execute(f"SELECT pg_catalog.pg_try_advisory_lock_shared({locks.WORK_KEY})")
        if not cursor.fetchone()[0]:
            raise StoppedError("Interrupted", "another run has taken over the database's lock")

    def _settings(self):
        settings = {"application_name": self._run.name[: locks.GREATEST_NAME], **locks.KEEPALIVES}
        settings.update(self._lock_connection.more_settings)
        if self._run.lock_timeout_millis is not None:
            settings["lock_timeout"] = str(self._run.lock_timeout_millis)
        if self._run.statement_timeout_millis is not None:
            settings["statement_timeout"] = str(self._run.statement_timeout_millis)
        return settings

    def _starting(self, connection, _cursor, statement, _parameters, _context, _many):
        if connection.dialect.name != "postgresql":
            return
        self._interruption.check()
        if self.refuse_statement is not None:
            self.refuse_statement(statement)
        self._leftovers.statement_starting(connection, statement)
        if connection.info.get(HOME) and re.search(CONCURRENTLY, statement):
            # It waits for old transactions by design.
            connection.info[LOCK_TIMEOUT] = _ask(connection, "SELECT pg_catalog.current_setting('lock_timeout')")
            _set_lock_timeout(connection, "0")

    def _done(self, connection, _cursor, statement, _parameters, _context, _many):
        if connection.dialect.name == "postgresql":
            self._leftovers.statement_done(connection, statement)
            _restore_lock_timeout(connection)

    def _failed(self, context):
        if self.first_error is None:
            self.first_error = context.sqlalchemy_exception or context.original_exception
        if context.connection is not None and not context.is_disconnect:
            _restore_lock_timeout(context.connection)

    def step_starts(self):
        """Forget errors that were caught before."""
        self.first_error = None


def _same_host(given, wanted):
    return not given or str(given).strip("[]").rstrip(".").lower() == wanted.rstrip(".").lower()


def _is_postgresql(dbapi_connection):
    # An engine with a creator of its own tells no dialect here.
    modules = [kind.__module__ for kind in type(dbapi_connection).__mro__]
    return any(name.split(".")[0] in DRIVER_MODULES or ".postgresql." in name for name in modules)


def _restore_lock_timeout(connection):
    before = connection.info.pop(LOCK_TIMEOUT, None)
    if before is None:
        return
    with suppress(Exception):  # in an aborted transaction, whose rollback restores it
        _set_lock_timeout(connection, before)


def _set_lock_timeout(connection, value):
    _ask(connection, f"SELECT pg_catalog.set_config('lock_timeout', {locks.literal(value)}, false)")


def _ask(connection, sql):
    """Run a query beside SQLAlchemy's own notion of statements and transactions."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql)
        return cursor.fetchone()[0]
    finally:
        cursor.close()
