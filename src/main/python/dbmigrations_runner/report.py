"""The result document while it grows, and the JSON lines on standard output."""

import json
import os
import re
import threading
import time
import traceback
from datetime import datetime, timezone

from dbmigrations_runner import document, redaction

PREFIX = "dbmigrations: "
CONTROLS = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]"


def partial(revisions, invalid_indexes, committed=()):
    """Return the document's word for what was left behind, or None where nothing was."""
    if not revisions and not invalid_indexes:
        return None
    return {
        "revisions": list(revisions),
        "invalidIndexes": list(invalid_indexes),
        "committed": list(committed),
    }


class Report:
    """What is known of this run; every change of step is on the termination message path at once.

    So a kill or an out-of-memory that leaves no time to write still leaves facts there.
    """

    def __init__(self, run):
        self.result = document.new_result()
        self.result["startedAt"] = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._path = run.termination_message_path
        self._started = time.monotonic()
        self._mutex = threading.RLock()
        self._final = False
        # Copies, because env.py may close, redirect or replace its own.
        self._out, self._err = os.dup(1), os.dup(2)
        # A process that env.py forks is another one, and would speak in this one's place.
        os.register_at_fork(after_in_child=self._be_silent)

    def phase(self, message, **facts):
        """Say what the run does now; this stands in the document if it is killed meanwhile."""
        self.result["message"] = f"the runner ended without a result while {message}"
        self.event("phase", message=message)
        self.note(**facts)

    def note(self, **facts):
        """Add facts to the document and write it."""
        with self._mutex:
            if not self._final:
                self.result.update(facts)
                self._write()

    def finish(self, outcome, reason, message, **facts):
        """Write the document for the last time; False if another thread already has."""
        with self._mutex:
            if self._final:
                return False
            self.result.update(facts, final=True, outcome=outcome, reason=reason, message=message)
            self._write()
            self._final = True
        self.event("result", result=self.result)
        return True

    def event(self, kind, **fields):
        """Write one JSON line to standard output."""
        line = {"at": round(time.monotonic() - self._started, 3), "event": kind, **fields}
        self._say(self._out, PREFIX + json.dumps(redaction.clean_json(line), ensure_ascii=True) + "\n")

    def raw_event(self, kind, **fields):
        """Write one JSON line without cleaning it, after whatever others have begun to write."""
        line = {"at": round(time.monotonic() - self._started, 3), "event": kind, **fields}
        self._say(self._out, "\n" + PREFIX + json.dumps(line) + "\n")

    def log_error(self, error):
        """Write the whole traceback to standard error, without credentials."""
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        text = redaction.clean_foreign(text)
        # A terminal that shows the log is not steered by what is in an error.
        self._say(self._err, re.sub(CONTROLS, lambda sign: ascii(sign.group())[1:-1], text))

    def _be_silent(self):
        self._mutex = threading.RLock()  # whoever held it is not in the child
        self._final = True
        self._out = self._err = os.open(os.devnull, os.O_WRONLY)

    def _write(self):
        self.result["seconds"] = round(time.monotonic() - self._started, 3)
        content = document.encoded(redaction.clean_json(self.result))
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o644)
            try:
                # The path is a mount, so nothing can be renamed over it. Blanks up to the old length
                # keep it valid JSON even if the process is killed before the truncation. More than that
                # env.py has written, which can be any amount.
                os.pwrite(file, content.ljust(min(os.fstat(file).st_size, document.GREATEST_RESULT)), 0)
                if os.path.isfile(self._path):
                    os.ftruncate(file, len(content))
            finally:
                os.close(file)
        except OSError as error:
            self._say(self._err, f"{PREFIX}the result cannot be written to {self._path}: {error.strerror}\n")

    @staticmethod
    def _say(file, text):
        content = text.encode("utf-8", "replace")
        try:
            while content:
                content = content[os.write(file, content) :]
        except OSError:
            pass  # A reader that went away must not change what the run does.
