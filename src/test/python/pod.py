"""The runner as the pod starts it: a process of its own, a document in, a document out."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import subprocess
import time
import uuid
from pathlib import Path

RUNNER = Path(__file__).parents[2] / "main/python/dbmigrations_runner"
WAIT_SECONDS = 60


class Result:
    """What the operator gets to see of one run."""

    def __init__(self, status, document, log):
        self.status = status
        self.document = document
        self.log = log

    def __getattr__(self, name):
        if name == "from_":
            return self.document["from"]
        if name in self.document:
            return self.document[name]
        raise AttributeError(name)

    @property
    def executed(self):
        return self.document["steps"]["revisions"]

    @property
    def plan_document(self):
        """The plan, put together from the log as the operator does it, believed only if its hash is right."""
        told = self.document["plan"]
        prefix, chunk = "dbmigrations: ", f'"sha256": "{told["sha256"]}", "chunk"'
        ours = [line for line in self.log.splitlines() if line.startswith(prefix) and chunk in line]
        lines = [json.loads(line[len(prefix) :]) for line in ours]
        assert [line["chunk"] for line in lines] == list(range(1, told["chunks"] + 1))
        content = gzip.decompress(base64.b64decode("".join(line["data"] for line in lines)))
        assert (len(content), hashlib.sha256(content).hexdigest()) == (told["bytes"], told["sha256"])
        return json.loads(content)

    @property
    def events(self):
        prefix = "dbmigrations: "
        return [json.loads(line[len(prefix) :]) for line in self.log.splitlines() if line.startswith(prefix)]


class Pod:
    """One pod after another, for one tree and one database."""

    def __init__(self, folder, tree, database, python):
        self.python = python
        self.folder = folder
        self.tree = tree
        self.database = database
        self.uid = str(uuid.uuid4())
        self.attempt = 0
        self.environment = {}
        self.secret = None
        self._processes = []

    def upgrade(self, target="head", **document):
        return self.run(target, **document)

    def downgrade(self, target, **document):
        return self.run(target, downgrade=document.pop("downgrade", "Allowed"), **document)

    def plan(self, target="head", **document):
        return self.run(target, mode="plan", **document)

    def check(self, **document):
        return self.run(document.pop("target", "head"), mode="check", **document)

    def run(self, target, **document):
        return self.finished(self.start(target, **document))

    def start(self, target, **document):
        """Start a run; keys of the run document replace those that a plain resource has."""
        self.attempt += 1
        message = self.folder / f"termination-log-{self.attempt}"
        message.write_text("")  # the kubelet makes it
        log = self.folder / f"log-{self.attempt}"
        run = self._document(target, message)
        for name, value in document.items():
            if isinstance(value, dict) and isinstance(run.get(name), dict):
                run[name].update(value)
            else:
                run[name] = value
        with log.open("wb") as out:
            process = subprocess.Popen(
                [self.python, str(RUNNER)],
                cwd=self.tree.path,
                env=self._environment(run),
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        process.message, process.log = message, log
        self._processes.append(process)
        return process

    def finished(self, process):
        status = process.wait(WAIT_SECONDS)
        log = process.log.read_text("utf-8", "replace")
        print(log[-10_000:])  # pytest shows it where a test fails
        return Result(status, self.message_of(process), log)

    @staticmethod
    def message_of(process):
        content = process.message.read_bytes()
        assert len(content) <= 4096
        return json.loads(content)

    def end(self):
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                process.wait()

    def _document(self, target, message):
        return {
            "version": 1,
            "uid": self.uid,
            "attempt": self.attempt,
            "mode": "apply",
            "image": "registry.example.com/app-migrations:1.4.2",
            "target": target,
            "expected": {"revisions": self.database.revisions, "database": self.database.identity},
            "downgrade": "NotRequested",
            "afterInterruption": False,
            "alembic": {
                "config": "alembic.ini",
                "section": "alembic",
                "versionTable": None,
                "versionTableSchema": None,
                "arguments": [],
            },
            "credentials": {"directory": str(self._secret()), "key": None, "env": {}},
            "databaseRole": None,
            "lockTimeoutMillis": 5000,
            "statementTimeoutMillis": None,
            "timeoutSeconds": None,
            "lockWaitSeconds": 30,
            "terminationMessagePath": str(message),
        }

    def _secret(self):
        folder = self.folder / f"secret-{self.attempt}"
        folder.mkdir()
        for key, value in (self.secret if self.secret is not None else self.database.secret).items():
            (folder / key).write_text(value, "utf-8")
        return folder

    def _environment(self, run):
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        return {
            "PATH": os.path.dirname(self.python) + ":/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "DBMIGRATIONS_RUN": json.dumps(run),
            **self.environment,
        }


def wait_until(condition, what):
    """Wait for a condition, never for a time."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)
    return found
