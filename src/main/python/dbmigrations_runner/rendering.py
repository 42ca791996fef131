"""Renders revisions to SQL as `alembic upgrade a:b --sql` does, one at a time, so that one that fails is only one."""

from __future__ import annotations

import io
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import wraps

import alembic.op
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.sql.expression import Insert

from dbmigrations_runner import failures, operations, sources
from dbmigrations_runner.errors import StoppedError
from dbmigrations_runner.statements import excerpt

ASKS_OFFLINE = "it asks whether it runs offline, so what it does when it runs is something else"


class NotRenderedError(Exception):
    """The step does what cannot be written down; its text says what, to follow 'because'."""


@dataclass
class Rendered:
    """What one step came to; `autocommit` has the parts of `sql` that run outside of a transaction, as offsets."""

    step: object
    sql: str = ""
    why_not: str | None = None
    operations: list = field(default_factory=list)
    autocommit: list = field(default_factory=list)

    def refuse(self, why):
        """Note why, and raise; noted, because the step may catch what is raised."""
        self.why_not = self.why_not or why
        raise NotRenderedError(why)


def render(context, steps, rows, run_options, connections, until=None):
    """Return each step as Rendered, from the rows on; a step of Alembic's `stamp` counts as one.

    `context` is env.py's own, whose options hold; `run_options` what env.py gives to run_migrations(). On
    `connections` no statement is let through meanwhile. Where `until` is given, it is for the runner's own eyes: no
    callback of env.py hears of it, and it ends at that time (`time.monotonic()`), with however many steps.
    """
    paper = _PaperContext(context, steps, rows, until)
    # Where env.py leaves transactions to Alembic, one stands around all steps or around each.
    transaction = nullcontext() if context._transaction is None else paper.begin_transaction()
    offline = _in_place_of(context.environment_context, paper, connections)
    with offline, operations.recorded(paper.note), Operations.context(paper), transaction:
        paper.run_migrations(**run_options)
    paper.finish()
    return paper.rendered


class _PaperContext(MigrationContext):
    """A context that writes SQL down, with the options of another one that is connected."""

    def __init__(self, online, steps, rows, until):
        self.rendered = []
        self._steps, self._rows, self._until = steps, tuple(rows), until
        self._starts, self._end = [], 0
        self._text = io.StringIO()
        opts = {name: value for name, value in online.opts.items() if name not in ("output_encoding", "purge")}
        opts.update(as_sql=True, fn=self._each, output_buffer=self._text, literal_binds=True)
        super().__init__(_paper_dialect(online.dialect), None, opts, online.environment_context)
        callbacks = online.on_version_apply_callbacks if until is None else ()
        self.on_version_apply_callbacks = tuple(self._guarded(callback) for callback in callbacks)

    @property
    def current(self):
        """The step that is being rendered."""
        return self.rendered[-1]

    def note(self, operation):
        """Take note of what the current step calls on `op`."""
        self.current.operations.append(operation)

    def get_current_heads(self):
        """Return the rows from which this begins."""
        return self._rows

    @contextmanager
    def autocommit_block(self):
        """Note what is in it, because the text shows it only where DDL is transactional."""
        with super().autocommit_block():
            start = self._text.tell()
            try:
                yield
            finally:
                self.current.autocommit.append((start, self._text.tell()))

    def finish(self):
        """Give each step its part of the text; what Alembic adds after the last row is only the end."""
        whole, last = self._text.getvalue(), len(self.rendered) - 1
        for number, rendered in enumerate(self.rendered):
            start = self._starts[number] if number else 0
            end = self._starts[number + 1] if number < last else self._end
            rendered.sql = whole[start:end] + (self._tail(whole) if number == last else "")
            rendered.autocommit = [(first - start, after - start) for first, after in rendered.autocommit]

    def _tail(self, whole):
        # Before 1.19 Alembic ends at base with a DROP TABLE that a run does not do.
        return "COMMIT;\n\n" if whole[self._end :].rstrip().endswith("COMMIT;") else ""

    def _each(self, *_):
        for step in self._steps:
            if self._until is not None and time.monotonic() > self._until:
                return
            self.rendered.append(Rendered(step))
            self._starts.append(self._text.tell())
            step.migration_fn = self._guarded(step.migration_fn)
            yield step
            self._end = self._text.tell()

    def _guarded(self, function):
        """Return a function that notes why it could not be written down, and goes on."""

        @wraps(function)
        def guarded(*arguments, **options):
            rendered = self.current
            known = rendered.why_not
            try:
                function(*arguments, **options)
            except StoppedError:
                raise
            except NotRenderedError:
                pass
            except (Exception, SystemExit) as error:  # noqa: BLE001, a revision may raise whatever it likes
                rendered.why_not = rendered.why_not or f"rendering it fails: {failures.described(error)}"
            revision = getattr(rendered.step, "revision", None)
            if rendered.why_not is None and revision and sources.asks_offline(revision.path):
                rendered.why_not = ASKS_OFFLINE
            if rendered.why_not != known:
                rendered.why_not = " ".join(rendered.why_not.split())
                self.impl.static_output(f"-- this step is not rendered whole: {rendered.why_not}")

        return guarded

    def _stdout_connection(self, _connection):
        return _Paper(self.dialect, self)


class _Paper(MockConnection):
    """What op.get_bind() is meanwhile: statements go to the text, and nothing comes back."""

    def __init__(self, dialect, context):
        self._context = context
        super().__init__(dialect, self._note)

    def _note(self, statement, *parameters, **named):
        given = [named] if named else [values for values in parameters if values]
        if len(given) == 1 and isinstance(given[0], (list, tuple)):
            given = list(given[0])
        for values in given or [None]:
            self._context.impl._exec(statement if values is None else self._with(statement, values))
        return _Unread(self._context, statement)

    def _with(self, statement, values):
        statement = text(statement) if isinstance(statement, str) else statement
        if isinstance(statement, Insert):
            return statement.values(values)
        if isinstance(statement, TextClause):
            return statement.bindparams(**values)
        return self._context.current.refuse("it passes parameters to execute()")

    def __getattr__(self, name):
        if name.startswith("_") or name == "in_transaction":  # asked by SQLAlchemy, Python and Alembic themselves
            raise AttributeError(name)
        return self._context.current.refuse(f"it needs a connection ({name}), and there is none while planning")


class _Unread:
    """The result of a statement that was not executed: whoever looks at it is refused."""

    def __init__(self, context, statement):
        self.__dict__.update(context=context, statement=statement)

    def _refuse(self, *_):
        statement = excerpt(str(self.__dict__["statement"]))
        self.__dict__["context"].current.refuse(f"it reads the database, whose answer decides: {statement}")

    __getattr__ = __iter__ = __next__ = __bool__ = __len__ = __getitem__ = __eq__ = __ne__ = __enter__ = _refuse
    __hash__ = None


@contextmanager
def _in_place_of(environment, paper, connections):
    """Let `alembic.context` mean the offline context meanwhile, and let nothing reach the database."""
    online = environment._migration_context
    # In the middle of a run, `alembic.op` is that of the run.
    outer = getattr(alembic.op, "_proxy", None)
    environment._migration_context = paper

    def is_offline_mode():
        if paper.rendered:
            paper.current.why_not = paper.current.why_not or ASKS_OFFLINE
        return True

    def refuse(statement):
        if paper.rendered:
            paper.current.refuse(f"it runs a statement on a connection of its own: {excerpt(statement)}")

    environment.is_offline_mode = is_offline_mode
    connections.refuse_statement = refuse
    try:
        yield
    finally:
        environment._migration_context = online
        if outer is not None:
            outer._install_proxy()
        del environment.is_offline_mode
        connections.refuse_statement = None


def _paper_dialect(online):
    """Return PostgreSQL's dialect without a driver, because drivers' double percent signs."""
    dialect = PGDialect(paramstyle="named", json_serializer=online._json_serializer)
    for name in ("driver", "server_version_info", "default_schema_name", "_backslash_escapes"):
        if hasattr(online, name):
            setattr(dialect, name, getattr(online, name))
    return dialect
