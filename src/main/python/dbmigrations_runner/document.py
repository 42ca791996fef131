"""The two documents of a run: what the operator asks for, and what came of it."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

RUN_VARIABLE = "DBMIGRATIONS_RUN"
# The kubelet cuts a termination message here, and cut JSON says nothing.
GREATEST_RESULT = 4096
GREATEST_STATEMENT = 500
GREATEST_MESSAGE = 1000
LEAST_TEXT = 100
# What steers a terminal that shows the pod; what is below a blank is escaped in JSON anyway.
STEERING = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Audit(NamedTuple):
    """The table that keeps each step, and what the row says that the run does not need for itself."""

    table: str
    resource: str
    image_digest: str | None
    approved_by: str | None


class Run(NamedTuple):
    """What the operator asks for; names and meanings are those of the run document."""

    uid: str
    attempt: int
    mode: str
    image: str
    target: str
    rollback_to: list | None
    expected_revisions: frozenset
    expected_database: dict
    downgrade: str
    after_interruption: bool
    config: str
    section: str
    version_table: str | None
    version_table_schema: str | None
    arguments: list
    credentials_directory: str
    credentials_key: str | None
    credentials_env: dict
    database_role: str | None = None
    lock_timeout_millis: int | None = None
    statement_timeout_millis: int | None = None
    timeout_seconds: float | None = None
    lock_wait_seconds: float = 60
    termination_message_path: str = "/dev/termination-log"
    way_back: bool = False
    audit: Audit | None = None
    baseline: str | None = None
    baseline_required: bool = False

    @property
    def reads_only(self):
        """Whether this run only looks: it says what would be done, or whether the models match."""
        return self.mode in ("plan", "check")

    @property
    def name(self):
        """How this run's sessions are called in PostgreSQL."""
        return f"dbmigrations/{self.uid}/{self.attempt}"


def read_run(text):
    """Return the run document's content; raises ValueError or KeyError where it is none."""
    document = json.loads(text)
    alembic, credentials = document["alembic"], document["credentials"]
    return Run(
        uid=document["uid"],
        attempt=document["attempt"],
        mode=document["mode"],
        image=document["image"],
        target=document["target"],
        rollback_to=document.get("rollbackTo"),
        expected_revisions=frozenset(document["expected"]["revisions"]),
        expected_database=document["expected"]["database"],
        downgrade=document["downgrade"],
        after_interruption=document.get("afterInterruption", False),
        config=alembic.get("config") or "alembic.ini",
        section=alembic.get("section") or "alembic",
        version_table=alembic.get("versionTable"),
        version_table_schema=alembic.get("versionTableSchema"),
        arguments=alembic.get("arguments") or [],
        credentials_directory=credentials["directory"],
        credentials_key=credentials.get("key"),
        credentials_env=credentials.get("env") or {},
        database_role=document.get("databaseRole"),
        lock_timeout_millis=document.get("lockTimeoutMillis"),
        statement_timeout_millis=document.get("statementTimeoutMillis"),
        timeout_seconds=document.get("timeoutSeconds"),
        lock_wait_seconds=document.get("lockWaitSeconds", 60),
        termination_message_path=document.get("terminationMessagePath", "/dev/termination-log"),
        way_back=document.get("wayBack", False),
        audit=_audit(document.get("audit")),
        baseline=document.get("baseline"),
        baseline_required=document.get("baselineRequired", False),
    )


def _audit(audit):
    return audit and Audit(audit["table"], audit["resource"], audit.get("imageDigest"), audit.get("approvedBy"))


def new_result():
    """Return a result document in which nothing is known yet."""
    return {
        "version": 1,
        # False until the run has ended by itself: it tells a death from a failure.
        "final": False,
        "outcome": "Failed",
        "reason": "Interrupted",
        "message": None,
        "direction": None,
        "from": None,
        "current": None,
        "resolvedTarget": None,
        "heads": None,
        # Rows that this image does not have: RevisionNotFound comes of them, not of the target.
        "unknown": None,
        "pending": None,
        "versionTable": None,
        "database": None,
        "steps": {"executed": 0, "total": 0, "revisions": []},
        "failure": None,
        "partial": None,
        "plan": None,
        "models": None,
        # Where this run has stamped the database, as far as that was read back.
        "baselined": None,
        "startedAt": None,
        "seconds": 0,
    }


def encoded(result, limit=GREATEST_RESULT):
    """Return the result document as UTF-8 JSON of at most `limit` bytes, made short by leaving things out."""
    if all(len(holder[name]) <= greatest for holder, name, greatest in _texts(result)):
        content = _bytes(result)
        if len(content) <= limit:
            return content
    result = json.loads(json.dumps(result))
    for holder, name, greatest in _texts(result):
        holder[name] = holder[name][:greatest]
    _drop_steps(result, limit)
    _drop_last(result, limit, "plan", "summary")
    _drop_last(result, limit, "models", "differences")
    _drop_last(result, limit, "partial", "committed")
    for shorten in (_halve_text, _halve_list):
        while len(_bytes(result)) > limit and shorten(result):
            pass
    return _bytes(result)


def _bytes(result):
    text = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    return STEERING.sub(lambda sign: f"\\u{ord(sign.group()):04x}", text).encode("utf-8", "replace")


def _drop_steps(result, limit):
    excess = len(_bytes(result)) - limit
    revisions = result["steps"]["revisions"]
    while excess > 0 and revisions:
        excess -= len(_bytes(revisions.pop(0))) + len(",")


def _drop_last(result, limit, fact, entries):
    excess = len(_bytes(result)) - limit
    listed = (result.get(fact) or {}).get(entries) or []
    while excess > 0 and listed:
        excess -= len(_bytes(listed.pop())) + len(",")


def _halve_text(result):
    texts = [(holder, name) for holder, name, _ in _texts(result) if len(holder[name]) > LEAST_TEXT]
    return _halve_longest(texts)


def _halve_list(result):
    """Shorten lists of ids at last: current is read by the operator, too, and half of what stayed says that it did."""
    lists = [(result, name) for name in ("heads", "unknown", "resolvedTarget", "from", "current")]
    lists += [(result["partial"] or {}, name) for name in ("invalidIndexes", "revisions")]
    return _halve_longest([(holder, name) for holder, name in lists if len(holder.get(name) or []) > 1])


def _halve_longest(candidates):
    if not candidates:
        return False
    holder, name = max(candidates, key=lambda candidate: len(_bytes(candidate[0][candidate[1]])))
    holder[name] = holder[name][: len(holder[name]) // 2]
    return True


def _texts(result):
    texts = [(result, "message", GREATEST_MESSAGE), (result["failure"] or {}, "statement", GREATEST_STATEMENT)]
    return [(holder, name, greatest) for holder, name, greatest in texts if holder.get(name)]
