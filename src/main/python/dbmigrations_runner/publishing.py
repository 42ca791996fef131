"""How a plan leaves the pod: compressed, in lines of the runner's own, which the result document vouches for."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json

from dbmigrations_runner import redaction

# A line of this many characters and what stands around them is one atomic write to a pipe.
CHUNK = 3800
GREATEST_TEXT = 100


def publish(report, document):
    """Print the plan, and return what the result document says of it."""
    content = json.dumps(redaction.clean_json(document), ensure_ascii=False, separators=(",", ":"))
    content = content.encode("utf-8", "replace")
    sha256 = hashlib.sha256(content).hexdigest()
    data = base64.b64encode(gzip.compress(content, 6, mtime=0)).decode("ascii")
    chunks = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
    for number, chunk in enumerate(chunks, 1):
        report.raw_event("plan", sha256=sha256, chunk=number, of=len(chunks), data=chunk)
    steps = document["steps"]
    return {
        "sha256": sha256,
        "bytes": len(content),
        "chunks": len(chunks),
        "destructive": any(step["destroys"] for step in steps),
        "baseline": document["baseline"]["revision"] if document["baseline"] else None,
        "steps": len(steps),
        "summary": [
            {
                "revision": step["revision"],
                "message": step["message"][:GREATEST_TEXT],
                "destroys": len(step["destroys"]),
            }
            for step in steps
        ],
    }
