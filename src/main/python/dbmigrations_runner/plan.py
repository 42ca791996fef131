"""A plan: what a run would do, step by step, without doing any of it."""

from __future__ import annotations

import hashlib

from alembic.runtime.migration import RevisionStep

from dbmigrations_runner import bookkeeping, failures, graph, judging, publishing, rendering, sources
from dbmigrations_runner.catalog import Known
from dbmigrations_runner.errors import FAILED, SUCCEEDED, StoppedError
from dbmigrations_runner.leftovers import autocommits
from dbmigrations_runner.migration import Migration
from dbmigrations_runner.verdict import Verdict

READ_ONLY = "25006"
NAMES = "SELECT pg_catalog.current_setting('search_path'), pg_catalog.current_schema()"
NOT_RENDERED = "cannot be rendered, so it may destroy anything"


class Plan(Migration):
    """One run of env.py in which nothing is migrated: it ends with the plan in `document`."""

    def __init__(self, run, tree, lock_connection, *others):
        super().__init__(run, tree, lock_connection, *others)
        self._plan_connection = lock_connection
        self.document = None

    def published(self):
        """Print the plan, and return what the result document says of it."""
        return publishing.publish(self._report, self.document)

    def _run_steps(self, context, rows, steps):
        """Render the steps, and give Alembic none to run."""
        if self.document is None:
            stamps = [self.adoption.stamp.step] if self.adoption.stamp else []
            steps = steps[len(stamps) :]
            self.total = len(steps)
            self._report.note(steps={"executed": 0, "total": len(steps), "revisions": []})
            self._report.phase(f"{len(steps)} revisions were being rendered")
            self.document = self._planned(context, stamps, steps, sorted(rows))
        return []

    def _planned(self, context, stamps, steps, rows):
        reached = bookkeeping.rows_after(rows, [*stamps, *steps])
        wanted = self._run.way_back and self.direction == graph.UPGRADE
        back = self._way_back(context, steps, reached) if wanted else None
        rendered = self._rendered(context, [*stamps, *steps], rows)
        forth, undone = self._described(context, rendered[len(stamps) :], back["steps"] if back else [])
        if back:
            back["steps"] = undone
        self._add_audit(forth, undone)
        return {
            "version": 1,
            "target": self._run.target,
            "resolvedTarget": self.target.said,
            "from": rows,
            "to": reached,
            "direction": self.direction,
            "baseline": self._baseline(rendered[0]) if stamps else None,
            "steps": forth,
            "wayBack": back,
        }

    def _add_audit(self, *ways):
        """Say in each step's SQL that it is written down, and where."""
        if self._audit is None or self._audit.name is None:
            return
        for step in (step for way in ways for step in way):
            step["sql"] += f"-- dbmigrations: one row into {self._audit.name}\n"
        if self._audit.is_new and ways[0]:
            ways[0][0]["sql"] = f"-- dbmigrations: creates table {self._audit.name}\n{ways[0][0]['sql']}"

    def _baseline(self, rendered):
        """Return what the document says of the stamp that comes first."""
        stamp = self.adoption.stamp
        return {"revision": stamp.revision, "sql": rendered.sql.strip() + "\n", "unread": self.adoption.unread}

    def _described(self, context, *ways):
        """Return the steps of each way as the document has them, after one look at the tables of all."""
        read = [[judging.read(rendered.sql) for rendered in way] for way in ways]
        path, schema = context.connection.exec_driver_sql(NAMES).fetchone()
        known = Known(schema)
        tables = {table for steps in read for step in steps for table in judging.tables(step)}
        known.look(lambda sql: self._plan_connection.look(path, sql), tables)
        judges = [judging.Judge(known, autocommits(context.connection)) for _ in ways]
        return [
            [_step(rendered, step, judge) for rendered, step in zip(way, steps)]
            for way, steps, judge in zip(ways, read, judges)
        ]

    def _way_back(self, context, steps, rows):
        """Return the way down again, as far as it goes."""
        undone, why_not = [], None
        for step in reversed(steps):
            revision = step.revision
            why = sources.irreversible(revision.module, revision.path)
            if why:
                why_not = f"revision {revision.revision} cannot be undone: {why}"
                break
            undone.append(RevisionStep.downgrade_from_script(step.revision_map, revision))
        reached = bookkeeping.rows_after(rows, undone)
        rendered = self._rendered(context, undone, rows)
        return {"whyNot": why_not, "from": rows, "to": reached, "direction": graph.DOWNGRADE, "steps": rendered}

    def _rendered(self, context, steps, rows):
        return rendering.render(context, steps, rows, self.env.options, self._connections) if steps else []


class PlanVerdict(Verdict):
    """Judges whether there is a plan; nothing was to be applied."""

    # What the run makes, as the result document calls it, and what it is, in words.
    made = "plan"
    doing = "a plan"

    def facts(self, error):
        """Return outcome, reason, message and facts, once the plan is out."""
        outcome, reason, message, known = super().facts(error)
        # Whatever was left behind meanwhile is another run's.
        known["partial"] = None
        known["baselined"] = None
        if outcome == SUCCEEDED:
            known[self.made] = self._migration.published()
        return outcome, reason, message, known

    def _judge(self, error, rows, left, invalid):  # noqa: ARG002, what can be left after a run cannot be here
        migration = self._migration
        stopped = migration.env.stopped or (error if isinstance(error, StoppedError) else None)
        if self._interruption.why:
            return FAILED, "Interrupted", self._interruption.message()
        if stopped:
            return stopped.outcome, stopped.reason, stopped.message
        if error is not None:
            return self._explained(error)
        if migration.document is None:
            return FAILED, "EnvironmentFailed", self._not_applied_message()
        return SUCCEEDED, None, None

    def _classify(self, error):
        cause = self._cause(error)
        if failures.sqlstate(cause) == READ_ONLY:
            return (
                "EnvironmentFailed",
                f"env.py writes to the database, and {self.doing} only reads: {failures.first_line(cause)}; "
                "let env.py look first whether there is anything to write",
            )
        return super()._classify(error)


def _step(rendered, sql, judge):
    revision, upgrades = rendered.step.revision, rendered.step.is_upgrade
    destroys, hazards = judge.step(sql, rendered.autocommit)
    if rendered.why_not is not None:
        destroys.insert(0, NOT_RENDERED)
    one_way = sources.does_nothing_back(revision.path)
    cannot = sources.irreversible(revision.module, revision.path) if upgrades else None
    if one_way and upgrades:
        cannot = cannot or "its downgrade() does nothing, though its upgrade() does something"
    if one_way and not upgrades:
        hazards.append("its downgrade() does nothing: the revision goes, and what its upgrade() did stays")
    return {
        "revision": revision.revision,
        "message": (revision.doc or "").strip(),
        "direction": graph.UPGRADE if upgrades else graph.DOWNGRADE,
        "sql": rendered.sql.strip() + "\n",
        "rendered": rendered.why_not is None,
        "whyNot": rendered.why_not,
        "operations": rendered.operations,
        "destroys": destroys,
        "hazards": hazards,
        "cannotBeUndone": cannot,
        "sourceSha256": _sha256_of(revision.path),
    }


def _sha256_of(path):
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None
