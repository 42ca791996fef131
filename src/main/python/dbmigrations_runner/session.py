"""The runner's own connection, with whichever driver the image has: queries without parameters, in autocommit."""

import importlib
import os
import select
import threading

from dbmigrations_runner import drivers
from dbmigrations_runner.errors import StoppedError

# A query of the runner itself answers at once or not at all.
QUERY_SECONDS = 30


class Session:
    """One connection in autocommit; safe to use from several threads."""

    def __init__(self, driver, credentials):
        parameters = drivers.parameters(driver, credentials)
        self._mutex = threading.Lock()
        self._process = os.getpid()
        self._connection = _OPEN[driver](parameters)
        drivers.keep_alive(self._connection.driver_connection)

    def query(self, sql):
        """Run one statement and return its rows as tuples."""
        if os.getpid() != self._process:
            raise StoppedError("EnvironmentFailed", "env.py has forked, and its child must not run the migrations, too")
        with self._mutex:
            return self._connection.query(sql)

    def stirs(self):
        """Tell, without asking the server, whether it has sent something unasked: the end of the session, mostly."""
        return self._connection.stirs()

    def own_end(self):
        """Return the address and the port from which this session's connection comes, or None."""
        return drivers.own_end(self._connection.driver_connection)

    def close(self):
        """End the session; the server frees its locks."""
        self._connection.close()


class _Dbapi:
    """psycopg2, psycopg 3 and pg8000."""

    def __init__(self, connection):
        self._connection = self.driver_connection = connection
        self._connection.autocommit = True
        self.close = connection.close

    def query(self, sql):
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            cursor.close()

    def stirs(self):
        poll = select.poll()
        # The drivers on libpq are their own file; pg8000 has a socket.
        poll.register(getattr(self._connection, "_usock", self._connection), select.POLLIN)
        return bool(poll.poll(0))


class _Asyncpg:
    """asyncpg, in a thread with an event loop of its own: env.py may run one in the main thread."""

    def __init__(self, parameters):
        import asyncio  # noqa: PLC0415, it takes time, and the other drivers do without

        self._loop = asyncio.new_event_loop()
        self._submit = asyncio.run_coroutine_threadsafe
        threading.Thread(target=self._loop.run_forever, name="dbmigrations-asyncpg", daemon=True).start()
        self._connection = self.driver_connection = self._wait(self._connect(parameters))

    @staticmethod
    async def _connect(parameters):
        asyncpg = importlib.import_module("asyncpg")
        return await asyncpg.connect(
            **parameters, timeout=drivers.CONNECT_TIMEOUT_SECONDS, command_timeout=QUERY_SECONDS, statement_cache_size=0
        )

    def query(self, sql):
        return [tuple(row) for row in self._wait(self._connection.fetch(sql))]

    def stirs(self):
        return self._connection.is_closed()

    def close(self):
        self._loop.call_soon_threadsafe(self._end)

    def _end(self):
        try:
            self._connection.terminate()
        finally:
            # After the socket's own end, which comes next in the loop.
            self._loop.call_soon(self._loop.stop)

    def _wait(self, coroutine):
        return self._submit(coroutine, self._loop).result(2 * QUERY_SECONDS)


def _open_libpq(name):
    return lambda parameters: _Dbapi(
        importlib.import_module(name).connect(**parameters, connect_timeout=drivers.CONNECT_TIMEOUT_SECONDS)
    )


def _open_pg8000(parameters):
    return _Dbapi(importlib.import_module("pg8000.dbapi").connect(**parameters, timeout=QUERY_SECONDS))


_OPEN = {
    "psycopg2": _open_libpq("psycopg2"),
    "psycopg": _open_libpq("psycopg"),
    "pg8000": _open_pg8000,
    "asyncpg": _Asyncpg,
}
