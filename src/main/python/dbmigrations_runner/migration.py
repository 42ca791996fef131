"""Runs env.py, and decides inside it, from its own tree and rows, what is to be done."""

from __future__ import annotations

from contextlib import suppress

from dbmigrations_runner import baseline, failures, graph, refusals, surroundings, targets
from dbmigrations_runner.errors import StoppedError
from dbmigrations_runner.progress import Progress
from dbmigrations_runner.version_table import VersionTable

# How many of the newest steps the result document names: at the end, and each time that it is written ahead.
MANY_STEPS, FEW_STEPS = 100, 10


class Migration:
    """One run of env.py."""

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
        self._environment = None
        self._context = None
        self._table = None
        self._create_table = None
        self._run_options = {}
        self.stopped = None
        self.graph = None
        self.target = None
        self.direction = None
        self.version_table = None
        self.step = None
        self.executed = []
        self.total = 0
        self.suspected = []
        # The indexes that were invalid before the first step; None while no step is to run.
        self.invalid_before = None
        self.adoption = baseline.Adoption(run, lock_connection.ask)

    def run_env(self):
        """Run env.py; whatever it raises goes through."""
        config, script = self._tree.config, self._tree.script
        with surroundings.application(script):
            try:
                self._run_env_twice(config, script)
            except Exception as error:
                # By now env.py is through with its connections, so that nobody waits for the search.
                self._look_for_baseline(error)
                raise

    def _run_env_twice(self, config, script):
        try:
            self._run_env(config, script)
        except Exception:
            if self._context is not None or not surroundings.asks_for_connection(script):
                raise
            self._report.phase("env.py, which wants config.attributes['connection'], was running again with one")
            with surroundings.handed_connection(config):
                self._run_env(config, script)

    def _run_env(self, config, script):
        options = {"fn": self._decide, "as_sql": False, "destination_rev": self._run.target, "tag": None}
        self._environment = surroundings.checked_environment(self, config, script, **options)
        with self._environment:
            script.run_env()

    @property
    def in_external_transaction(self):
        """Tell whether env.py had begun a transaction before configure(), so that nobody commits."""
        return bool(getattr(self._context, "_in_external_transaction", False))

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

    def name_version_table(self, options):
        """Refuse a version table that is not the resource's; fill it in where env.py names none."""
        for option, wanted in {
            "version_table": self._run.version_table,
            "version_table_schema": self._run.version_table_schema,
        }.items():
            if wanted is None:
                continue
            if options.get(option) not in (None, wanted):
                self._stop(
                    StoppedError(
                        "EnvironmentFailed",
                        f"env.py keeps its revisions in {option} {options[option]}, but the resource names {wanted}: "
                        "let both say the same, or leave the resource's out",
                    )
                )
            options[option] = wanted

    def refuse_offline(self, connection):
        """Refuse a URL in a connection's place; Alembic would only fail an assertion."""
        if connection is None:
            self._stop(
                StoppedError(
                    "EnvironmentFailed",
                    "env.py configures no connection, and Alembic's offline mode applies nothing: "
                    "let it call context.configure(connection=…)",
                )
            )

    def check_context(self, context):
        """Refuse a context for another database, or a second one for another version table."""
        if context.connection is None:
            return
        try:
            self._connections.refuse_elsewhere(context.connection)
        except StoppedError as stopped:
            self._stop(stopped)
        before = self._context
        if before is not None and _table_of(before) != _table_of(context):
            self._stop(
                StoppedError(
                    "EnvironmentFailed",
                    f"env.py configures two version tables in one run, {_table_of(before)} and {_table_of(context)}: "
                    "one resource migrates one of them",
                )
            )
        self._context = context

    def starting(self, options):
        """Raise again what env.py has caught; keep Alembic from creating its table before anything is decided.

        `options` is what env.py wants to have given to each upgrade().
        """
        self._run_options = options
        if self.stopped:
            raise self.stopped
        if self._context is None:
            return
        self._table = VersionTable(self._context)
        self.version_table = self._table.said
        self._report.note(versionTable=self._table.said)
        try:
            self._table.refuse_other_kind()
        except StoppedError as stopped:
            self._stop(stopped)
        self._create_table = self._context._ensure_version_table
        self._context._ensure_version_table = lambda: None

    def _stop(self, stopped):
        # Kept, because env.py may catch it.
        self.stopped = self.stopped or stopped
        raise stopped

    def _decide(self, rows, context):
        """Alembic's `fn`: return the steps to run from these rows, or stop."""
        try:
            return self._run_steps(context, rows, self._steps(frozenset(rows), context))
        except StoppedError as stopped:
            self._stop(stopped)

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
        self._table.refuse_overlap(self.graph.overlapping(rows))
        start = None if again else self.adoption.begin(self.graph, self.target, self._table)
        if start is None:
            return self._steps_from(rows, context)
        steps = self._steps_from(start, context)
        self.adoption.check(self.graph, self._table, self._render)
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
            preconditions.unfit_ids([step.revision.revision for step in steps], self._table.width)
        invalid = self._lock_connection.invalid_indexes()
        if self.invalid_before is None:
            self.invalid_before = invalid
        if self._run.after_interruption:
            self.suspected = preconditions.suspects(steps, context)[:1]
            preconditions.after_interruption(self.suspected, rows, invalid)
        if self.direction == graph.UPGRADE:
            preconditions.invalid_indexes(steps, invalid)
        self._audit = self._audit or Audit(self._run, self._lock_connection)
        self._audit.prepare(self._table.said)
        return steps

    def _run_steps(self, context, rows, steps):
        """Yield each step to Alembic, which runs it between two yields."""
        if not rows:
            from dbmigrations_runner import bookkeeping  # noqa: PLC0415

            bookkeeping.create_table(self._create_table, steps, context)
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
                self._progress.reach(len(self.executed), self.total, self.step)
            except StoppedError as stopped:
                self.step = None
                self._stop(stopped)
            doing = f"revision {self.step} was running ({self.direction.lower()})"
            self._report.phase(doing, steps=self._said_steps(FEW_STEPS))
            self._connections.step_starts()
            self._leftovers.step_started(self.step)
            yield step
        self._report.phase("env.py was committing", steps=self._said_steps())

    def _render(self, steps, until):
        from dbmigrations_runner import rendering  # noqa: PLC0415, few runs write down what they would do

        return rendering.render(self._context, steps, (), self._run_options, self._connections, until)

    def _look_for_baseline(self, error):
        """Find out what would help where a run that began without rows met what exists already, and left none."""
        state = failures.sqlstate(error)
        if state == failures.IN_FAILED_TRANSACTION:
            state = failures.sqlstate(self._connections.first_error)
        if self.step and state in baseline.EXISTS and not self._report.result["from"]:
            with suppress(Exception, SystemExit), self._environment:
                rows = self._lock_connection.rows(self._table.name, self._table.schema)
                if not rows or (self.adoption.stamp and self.adoption.stamp.rows == set(rows)):
                    self.adoption.look(self.graph, self.target, self._table, self._render)

    def _row_written(self, ctx, step, **_):
        """Alembic calls this when a step's row is written, which is before its commit."""
        if step.is_stamp:
            self._report.event("baselined", **self.adoption.stamped([self.adoption.stamp.revision]))
            return
        try:
            self._audit.write(ctx.connection, self.graph.revisions[self.step], self.direction)
        except StoppedError as stopped:
            self._stop(stopped)
        self.executed.append(self.step)
        self._leftovers.row_written(self.step, ctx.connection)
        self._report.event("executed", revision=self.step, executed=len(self.executed), total=self.total)
        self.step = None
        with suppress(StoppedError):  # told before the next step
            self._progress.reach(len(self.executed), self.total)

    def _said_steps(self, named=MANY_STEPS):
        return {"executed": len(self.executed), "total": self.total, "revisions": self.executed[-named:]}


def _table_of(context):
    schema = context.version_table_schema
    return f"{schema}.{context.version_table}" if schema else context.version_table
