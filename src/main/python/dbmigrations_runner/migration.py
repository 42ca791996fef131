"""Decides inside env.py, from its own tree and rows, what is to be done, and follows the steps."""

from __future__ import annotations

from contextlib import suppress

from dbmigrations_runner import baseline, failures, graph, refusals, targets
from dbmigrations_runner.envrun import EnvRun
from dbmigrations_runner.errors import StoppedError
from dbmigrations_runner.progress import Progress

# How many of the newest steps the result document names: at the end, and each time that it is written ahead.
MANY_STEPS, FEW_STEPS = 100, 10


class Migration:
    """What one run of env.py is to do, and has done."""

    def __init__(self, run, tree, lock_connection, connections, leftovers, report):
        self._run = run
        self._tree = tree
        self._lock_connection = lock_connection
        self._progress = Progress(lock_connection)
        # What keeps each step in the database; None while there are none.
        self._audit = None
        self._connections = connections
        self._leftovers = leftovers
        self._report = report
        self.env = EnvRun(run, tree, connections, report)
        self.graph = None
        self.target = None
        self.direction = None
        self.step = None
        self.executed = []
        self.total = 0
        self.suspected = []
        # The indexes that were invalid before the first step; None while no step is to run.
        self.invalid_before = None
        self.adoption = baseline.Adoption(run, lock_connection.ask)

    def run_env(self):
        """Run env.py; whatever it raises goes through."""
        self.env.start(self._decide, self._look_for_baseline)

    @property
    def called(self):
        """Tell whether env.py came as far as running the migrations."""
        return self.graph is not None

    def is_at_target(self, rows):
        """Tell whether these rows are the resolved target, in the sense of rule 4."""
        if self.target is None or self.graph.unknown(rows):
            return False
        return self.graph.direction(self.target, rows) == graph.NONE

    def is_reached(self, rows):
        """Return a function that tells whether a revision's step is confirmed by these rows; None confirms nothing."""
        if rows is None:
            return lambda _revision: False
        applied = self.graph.ancestors(rows) if self.graph else set()
        return lambda revision: (revision in applied) == (self.direction == graph.UPGRADE)

    def baselined(self, rows):
        """Return what the result document says of the baseline, as far as these rows show it."""
        return self.adoption.stamped(self.graph.ancestors(rows)) if self.graph and rows else None

    def pending(self, rows):
        """Return how many revisions lie between these rows and the target, or None."""
        if self.target is None or self.graph.unknown(rows):
            return None
        try:
            return self.graph.pending(self.target, rows)
        except StoppedError:  # refused: it would take other branches along
            return None

    def _decide(self, rows, context):
        """Alembic's `fn`: return the steps to run from these rows, or stop."""
        with self.env.keeping():
            return self._run_steps(context, rows, self._steps(frozenset(rows), context))

    def _steps(self, rows, context):
        again = self.graph is not None
        if not again:
            self._report.note(**{"from": sorted(rows)})
            refusals.moved(rows, self._run.expected_revisions)
        self.graph = graph.Graph(context.script or self._tree.script, self._run.image)
        self._report.note(heads=self.graph.heads)
        # What the target means here is told even where the rows are unknown: a rollback goes there with another image.
        self.target = targets.of(self._run, self.graph)
        self._report.note(resolvedTarget=self.target.said)
        unknown = self.graph.unknown(rows)
        if unknown:
            self._report.note(unknown=unknown)
            raise refusals.not_in_image(unknown, self._run.image)
        self.env.table.refuse_overlap(self.graph.overlapping(rows))
        start = None if again else self.adoption.begin(self.graph, self.target, self.env.table)
        if start is None:
            return self._steps_from(rows, context)
        steps = self._steps_from(start, context)
        self.adoption.check(self.graph, self.env.table, self._render)
        return [self.adoption.stamp.step, *steps]

    def _steps_from(self, rows, context):
        self.direction = self.graph.direction(self.target, rows)
        if self._run.rollback_to is not None and self.direction == graph.UPGRADE:
            raise refusals.not_below(self._run, rows)
        self._report.note(direction=self.direction, pending=self.pending(rows))
        return [] if self.direction == graph.NONE else self._checked_steps(rows, context)

    def _checked_steps(self, rows, context):
        """Return the steps between rows and target, with all that can be known to go wrong ruled out."""
        # A run that finds nothing to do is spared loading these.
        from dbmigrations_runner import bookkeeping, preconditions  # noqa: PLC0415
        from dbmigrations_runner.audit import Audit  # noqa: PLC0415

        if self.direction == graph.DOWNGRADE:
            preconditions.downgrade(self._run, self.graph, self.target, rows)
            for revision, message in preconditions.marked(self.graph.undone_by(self.target, rows)):
                self._report.event("marked", revision=revision, message=message)
        steps = self.graph.steps(self.direction, self.target, rows)
        bookkeeping.refuse_confusion(self.graph, steps, rows)
        if self.direction == graph.UPGRADE:
            preconditions.unfit_ids([step.revision.revision for step in steps], self.env.table.width)
        invalid = self._lock_connection.invalid_indexes()
        if self.invalid_before is None:
            self.invalid_before = invalid
        if self._run.after_interruption:
            self.suspected = preconditions.suspects(steps, context)[:1]
            preconditions.after_interruption(self.suspected, rows, invalid)
        if self.direction == graph.UPGRADE:
            preconditions.invalid_indexes(steps, invalid)
        self._audit = self._audit or Audit(self._run, self._lock_connection)
        self._audit.prepare(self.env.table.said)
        return steps

    def _run_steps(self, context, rows, steps):
        """Yield each step to Alembic, which runs it between two yields."""
        if not rows:
            from dbmigrations_runner import bookkeeping  # noqa: PLC0415

            bookkeeping.create_table(self.env.create_table, steps, context)
        context.on_version_apply_callbacks = (*context.on_version_apply_callbacks, self._row_written)
        stamp = self.adoption.stamp
        if stamp and steps and steps[0] is stamp.step:
            self._report.phase(f"the database was being stamped at its baseline, {stamp.revision}")
            yield steps.pop(0)
        self.total = len(self.executed) + len(steps)
        self._report.note(steps=self._said_steps())
        for step in steps:
            self.step = step.revision.revision
            try:
                with self.env.keeping():
                    self._progress.reach(len(self.executed), self.total, self.step)
            except StoppedError:
                self.step = None
                raise
            doing = f"revision {self.step} was running ({self.direction.lower()})"
            self._report.phase(doing, steps=self._said_steps(FEW_STEPS))
            self._connections.step_starts()
            self._leftovers.step_started(self.step)
            yield step
        self._report.phase("env.py was committing", steps=self._said_steps())

    def _render(self, steps, until):
        from dbmigrations_runner import rendering  # noqa: PLC0415, few runs write down what they would do

        return rendering.render(self.env.context, steps, (), self.env.options, self._connections, until)

    def _look_for_baseline(self, error):
        """Find out what would help where a run that began without rows met what exists already, and left none."""
        state = failures.sqlstate(error)
        if state == failures.IN_FAILED_TRANSACTION:
            state = failures.sqlstate(self._connections.first_error)
        if self.step and state in baseline.EXISTS and not self._report.result["from"]:
            with suppress(Exception, SystemExit), self.env.environment:
                rows = self._lock_connection.rows(self.env.table.name, self.env.table.schema)
                if not rows or (self.adoption.stamp and self.adoption.stamp.rows == set(rows)):
                    self.adoption.look(self.graph, self.target, self.env.table, self._render)

    def _row_written(self, ctx, step, **_):
        """Alembic calls this when a step's row is written, which is before its commit."""
        if step.is_stamp:
            self._report.event("baselined", **self.adoption.stamped([self.adoption.stamp.revision]))
            return
        with self.env.keeping():
            self._audit.write(ctx.connection, self.graph.revisions[self.step], self.direction)
        self.executed.append(self.step)
        self._leftovers.row_written(self.step, ctx.connection)
        self._report.event("executed", revision=self.step, executed=len(self.executed), total=self.total)
        self.step = None
        with suppress(StoppedError):  # told before the next step
            self._progress.reach(len(self.executed), self.total)

    def _said_steps(self, named=MANY_STEPS):
        return {"executed": len(self.executed), "total": self.total, "revisions": self.executed[-named:]}
