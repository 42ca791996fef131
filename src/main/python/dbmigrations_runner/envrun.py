"""One run of env.py: given what it asks for, and watched where it leads."""

from __future__ import annotations

from contextlib import contextmanager

from dbmigrations_runner import surroundings
from dbmigrations_runner.errors import StoppedError
from dbmigrations_runner.version_table import VersionTable


class EnvRun:
    """What env.py does and configures, and why it was stopped."""

    def __init__(self, run, tree, connections, report):
        self._run = run
        self._tree = tree
        self._connections = connections
        self._report = report
        # Alembic's own, for whoever has to be in it again once env.py has ended.
        self.environment = None
        self.context = None
        self.table = None
        # Alembic's way to create it.
        self.create_table = None
        # What env.py wants to have given to each upgrade().
        self.options = {}
        self.stopped = None

    def start(self, decide, failed):
        """Run env.py; whatever it raises goes through.

        `decide` is Alembic's `fn`, which is called with the rows and the context, and gives the steps. `failed` is
        called with an exception when env.py is through with its connections, so that nobody waits for it.
        """
        with surroundings.application(self._tree.script):
            try:
                self._run_twice(decide)
            except Exception as error:
                failed(error)
                raise

    def _run_twice(self, decide):
        config, script = self._tree.config, self._tree.script
        try:
            self._run_once(decide)
        except Exception:
            if self.context is not None or not surroundings.asks_for_connection(script):
                raise
            self._report.phase("env.py, which wants config.attributes['connection'], was running again with one")
            with surroundings.handed_connection(config):
                self._run_once(decide)

    def _run_once(self, decide):
        config, script = self._tree.config, self._tree.script
        options = {"fn": decide, "as_sql": False, "destination_rev": self._run.target, "tag": None}
        self.environment = surroundings.checked_environment(self, config, script, **options)
        with self.environment:
            script.run_env()

    @contextmanager
    def keeping(self):
        """Keep the StoppedError that is raised within, because env.py may catch it."""
        try:
            yield
        except StoppedError as stopped:
            self.stopped = self.stopped or stopped
            raise

    @property
    def in_external_transaction(self):
        """Tell whether env.py had begun a transaction before configure(), so that nobody commits."""
        return bool(getattr(self.context, "_in_external_transaction", False))

    @property
    def version_table(self):
        """What the result document says of the version table; None while none is known."""
        return self.table and self.table.said

    def name_version_table(self, options):
        """Refuse a version table that is not the resource's; fill it in where env.py names none."""
        for option, wanted in {
            "version_table": self._run.version_table,
            "version_table_schema": self._run.version_table_schema,
        }.items():
            if wanted is None:
                continue
            if options.get(option) not in (None, wanted):
                raise StoppedError(
                    "EnvironmentFailed",
                    f"env.py keeps its revisions in {option} {options[option]}, but the resource names {wanted}: "
                    "let both say the same, or leave the resource's out",
                )
            options[option] = wanted

    def refuse_offline(self, connection):
        """Refuse a URL in a connection's place; Alembic would only fail an assertion."""
        if connection is None:
            raise StoppedError(
                "EnvironmentFailed",
                "env.py configures no connection, and Alembic's offline mode applies nothing: "
                "let it call context.configure(connection=…)",
            )

    def check_context(self, context):
        """Refuse a context for another database, or a second one for another version table."""
        if context.connection is None:
            return
        self._connections.refuse_elsewhere(context.connection)
        before = self.context
        if before is not None and _table_of(before) != _table_of(context):
            raise StoppedError(
                "EnvironmentFailed",
                f"env.py configures two version tables in one run, {_table_of(before)} and {_table_of(context)}: "
                "one resource migrates one of them",
            )
        self.context = context

    def starting(self, options):
        """Raise again what env.py has caught; keep Alembic from creating its table before anything is decided.

        `options` is what env.py wants to have given to each upgrade().
        """
        self.options = options
        if self.stopped:
            raise self.stopped
        if self.context is None:
            return
        self.table = VersionTable(self.context)
        self._report.note(versionTable=self.table.said)
        self.table.refuse_other_kind()
        self.create_table = self.context._ensure_version_table
        self.context._ensure_version_table = lambda: None


def _table_of(context):
    schema = context.version_table_schema
    return f"{schema}.{context.version_table}" if schema else context.version_table
