"""How far the run is, told in the database, where the lock is looked at, too: soon enough, and too seldom to cost."""

from __future__ import annotations

import threading
import time

from dbmigrations_runner.errors import StoppedError

# What is not told at once, because something was told just now, is told when this is over.
PAUSE_SECONDS = 0.2


class Progress:
    """Tells the newest state, at once where nothing was told for a while, and else from a thread of its own."""

    def __init__(self, lock_connection):
        self._lock_connection = lock_connection
        self._state = None
        self._told_at = float("-inf")
        self._stopped = None
        self._changed = threading.Event()
        self._mutex = threading.Lock()
        self._thread = None

    def reach(self, *state):
        """Say how far the run is, as `LockConnection.proceed` takes it; raise where it must not go on."""
        self._state = state
        if self._stopped:
            raise self._stopped
        if self._is_due():
            self._tell()
        else:
            self._changed.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._tell_later, name="dbmigrations-progress", daemon=True)
                self._thread.start()

    def _is_due(self):
        return time.monotonic() - self._told_at >= PAUSE_SECONDS or self._lock_connection.stirs()

    def _tell(self):
        with self._mutex:
            self._lock_connection.proceed(*self._state)
            self._told_at = time.monotonic()

    def _tell_later(self):
        while True:
            self._changed.wait()
            self._changed.clear()
            time.sleep(PAUSE_SECONDS)
            if not self._is_due():
                continue
            try:
                self._tell()
            except StoppedError as stopped:
                self._stopped = stopped
                return
