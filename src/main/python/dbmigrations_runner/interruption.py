"""SIGTERM and the attempt's own time-out: cancel the statement, let the transaction roll back, report."""

import os
import signal
import threading
import time
from contextlib import suppress

from dbmigrations_runner.errors import StoppedError

GRACE_SECONDS = 5
CANCEL_SECONDS = 0.2
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interruption:
    """Waits for the signals in a thread of its own.

    A driver's C call does not return for a Python signal handler, and env.py may install its own. So the signals
    are blocked in every thread, as which PID 1 would ignore them otherwise, and taken by sigtimedwait.
    """

    def __init__(self, timeout_seconds):
        self.why = None
        self._timeout_seconds = timeout_seconds
        self._asked = threading.Event()
        self._finished = threading.Event()
        self._lock_connection = None
        self._give_up = None
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

    def start(self, give_up):
        """Begin to wait; `give_up(message)` reports where the main thread does not come back, unless that has."""
        self._give_up = give_up
        threading.Thread(target=self._run, name="dbmigrations-interruption", daemon=True).start()

    def cancels_through(self, lock_connection):
        """From now on, cancel through this connection."""
        self._lock_connection = lock_connection

    def check(self):
        """Raise Interrupted if the run has been asked to stop."""
        if self.why:
            raise StoppedError("Interrupted", self.message())

    def wait(self, seconds):
        """Wait, but no longer than until the run is asked to stop."""
        self._asked.wait(seconds)
        self.check()

    def message(self):
        """Return the sentence that says why the run stopped."""
        return f"the run was interrupted: {self.why}"

    def finished(self):
        """Say that the result is written and nothing is left to interrupt."""
        self._finished.set()

    def _run(self):
        self.why = self._wait_for_reason()
        self._asked.set()
        deadline = time.monotonic() + GRACE_SECONDS
        while not self._finished.wait(CANCEL_SECONDS):
            if time.monotonic() > deadline:
                if self._give_up(self.message() + "; env.py did not come back, so its connections were cut"):
                    os._exit(1)
                return
            # Again and again, because a migration may swallow the error and go on.
            self._cancel()

    def _wait_for_reason(self):
        if self._timeout_seconds is None:
            return signal.Signals(signal.sigwait(SIGNALS)).name
        info = signal.sigtimedwait(SIGNALS, self._timeout_seconds)
        return signal.Signals(info.si_signo).name if info else f"timeout of {self._timeout_seconds} s is over"

    def _cancel(self):
        connection = self._lock_connection
        if connection is None:
            return
        # In a thread, because the connection may be what hangs.
        threading.Thread(target=_quietly, args=(connection.cancel_work,), daemon=True).start()


def _quietly(call):
    with suppress(Exception):  # without a connection there is nothing to cancel
        call()
