"""The Kubernetes API with nothing but Python's standard library: requests, and watches with one clock."""

import base64
import http.client
import json
import ssl
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit


class Api:
    """One API server, reached as one user."""

    def __init__(self, kubeconfig):
        """Take what `kubectl config view --raw --minify -o json` prints."""
        cluster = kubeconfig["clusters"][0]["cluster"]
        user = kubeconfig["users"][0]["user"]
        self.address = urlsplit(cluster["server"]).netloc
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.tls = ssl.create_default_context(cadata=authority)
        with tempfile.TemporaryDirectory() as folder:
            pair = Path(folder, "pair.pem")
            pair.touch(mode=0o600)
            pair.write_bytes(b"".join(base64.b64decode(user[f"client-{part}-data"]) for part in ("certificate", "key")))
            self.tls.load_cert_chain(pair)
        self.connection = threading.local()

    def connect(self, timeout=60):
        """Open a connection of its own."""
        return http.client.HTTPSConnection(self.address, context=self.tls, timeout=timeout)

    def send(self, method, path, body=None, kind="application/json"):
        """Send one request on this thread's connection; return status and text."""
        # The server may hang up on a connection that rests; what is sent then would be lost.
        if time.monotonic() - getattr(self.connection, "used", 0) > 5:
            self.connection.it = self.connect()
        connection = self.connection.it
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": kind})
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException):
            connection.close()
            self.connection.used = 0
            raise
        self.connection.used = time.monotonic()
        return response.status, text

    def call(self, method, path, body=None, kind="application/json"):
        """Send one request that has to work; return the object."""
        status, text = self.send(method, path, body, kind)
        if status >= 300:
            raise RuntimeError(f"{method} {path} gave {status}: {text[:300]}")
        return json.loads(text)

    def get(self, path):
        """Return the object at this path."""
        return self.call("GET", path)

    def text(self, path):
        """Return the text at this path, such as metrics."""
        status, text = self.send("GET", path)
        if status >= 300:
            raise RuntimeError(f"GET {path} gave {status}: {text[:300]}")
        return text


class Seen(NamedTuple):
    """One event of a watch, and when it came, in seconds of `time.monotonic()`."""

    at: float
    type: str
    object: dict


class Watch:
    """All events of one collection since it was opened, kept in order."""

    def __init__(self, api, path):
        """Open the watch; events come on a thread of its own."""
        self.path = path
        self.events = []
        self.changed = threading.Condition()
        self.problem = None
        version = api.get(path)["metadata"]["resourceVersion"]
        self.connection = api.connect(timeout=None)
        self.connection.request("GET", f"{path}?watch=1&resourceVersion={version}&timeoutSeconds=7200")
        threading.Thread(target=self.read, args=(self.connection.getresponse(),), daemon=True).start()

    def read(self, response):
        """Keep events as they come; a watch that ends is a measurement that is lost."""
        try:
            for line in response:
                event = json.loads(line)
                seen = Seen(time.monotonic(), event["type"], event["object"])
                if seen.type == "ERROR":
                    raise RuntimeError(f"the watch of {self.path} ended: {seen.object}")
                with self.changed:
                    self.events.append(seen)
                    self.changed.notify_all()
            raise RuntimeError(f"the watch of {self.path} ended")
        except (OSError, ValueError, RuntimeError, http.client.HTTPException) as problem:
            with self.changed:
                self.problem = problem
                self.changed.notify_all()

    def mark(self):
        """Return a place in the events, to look for later ones only."""
        with self.changed:
            return len(self.events)

    def follow(self, since=0, timeout=180):
        """Give all events from place `since` on, also those to come; never stop the reader for longer than a look."""
        deadline = time.monotonic() + timeout
        place = since
        while True:
            end = len(self.events)
            yield from self.events[place:end]
            place = end
            with self.changed:
                if len(self.events) > end:
                    continue
                if self.problem:
                    raise self.problem
                if not self.changed.wait(deadline - time.monotonic()):
                    latest = json.dumps(self.events[-1].object.get("status")) if self.events else "nothing"
                    raise TimeoutError(f"{self.path}: not seen within {timeout} s; the latest status is {latest}")

    def first(self, holds, since=0, timeout=180):
        """Wait for the first event for which `holds` is true, from place `since` on."""
        return next(event for event in self.follow(since, timeout) if holds(event))


def named(name):
    """Make a test of events: of the object with this name."""
    return lambda event: event.object["metadata"]["name"] == name


def condition(thing, kind):
    """Return this condition of an object, if it is of the object's present generation, or an empty one."""
    for each in thing.get("status", {}).get("conditions", []):
        if each["type"] == kind and each.get("observedGeneration", 1) >= thing["metadata"].get("generation", 1):
            return each
    return {}
