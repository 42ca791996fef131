"""What came of the run, from what the database says: exit codes and log lines prove nothing."""

from __future__ import annotations

from dbmigrations_runner import failures, graph
from dbmigrations_runner.errors import FAILED, SUCCEEDED, StoppedError
from dbmigrations_runner.report import partial

# How many of the statements that were committed the message names; the document has more.
MANY_IN_MESSAGE = 3


class Verdict:
    """Judges one run after env.py has ended."""

    def __init__(self, run, migration, lock_connection, leftovers, interruption, first_error):
        self._run = run
        self._migration = migration
        self._lock_connection = lock_connection
        self._leftovers = leftovers
        self._interruption = interruption
        self._first_error = first_error
        self._unread = None

    def facts(self, error):
        """Return outcome, reason, message and the facts that the result document takes."""
        migration = self._migration
        if error is None and migration.step:
            error = self._first_error() or RuntimeError("env.py hid its error")
        rows, invalid = self._read()
        left = self._leftovers.remaining(migration.is_reached(rows)) or migration.suspected
        if error is not None and migration.step and self._may_have_committed_unseen() and migration.step not in left:
            left = [*left, migration.step]
        known = {
            "current": rows,
            "pending": migration.pending(rows) if rows is not None else None,
            "partial": partial(left, invalid, self._leftovers.committed(left)),
            "baselined": migration.baselined(rows),
        }
        outcome, reason, message = self._judge(error or self._unread, rows, left, invalid)
        if error is not None and migration.called and not isinstance(error, StoppedError):
            known["failure"] = self._failure(error)
        return outcome, reason, message, known

    def _judge(self, error, rows, left, invalid):
        migration = self._migration
        stopped = migration.env.stopped or (error if isinstance(error, StoppedError) else None)
        if stopped and not migration.executed and not migration.step:
            return stopped.outcome, stopped.reason, stopped.message
        if left or invalid:
            return FAILED, "PartiallyApplied", self._partial_message(error, rows, left, invalid)
        if rows is not None and migration.is_at_target(rows):
            if error is None or self._interruption.why:
                return SUCCEEDED, None, None
            message = f"the database is at its target, but env.py failed afterwards: {failures.described(error)}"
            return FAILED, "EnvironmentFailed", message
        if self._interruption.why:
            return FAILED, "Interrupted", self._interruption.message()
        if stopped:
            return stopped.outcome, stopped.reason, stopped.message
        if error is not None:
            return self._explained(error)
        return FAILED, "NotApplied", self._not_applied_message()

    def _explained(self, error):
        """Return outcome, reason and message, with what helps where that is known."""
        reason, message = self._classify(error)
        hint = self._migration.adoption.hint
        if hint:
            return FAILED, reason, f"{message}; {hint}"
        cause = self._cause(error)
        return FAILED, reason, message + failures.way_out(failures.sqlstate(cause), failures.first_line(cause))

    def _classify(self, error):
        """Return reason and message of an exception that is not ours."""
        migration = self._migration
        cause = self._cause(error)
        if not failures.is_database_error(cause):
            if migration.step:
                return "MigrationFailed", f"revision {migration.step} failed: {failures.described(cause)}"
            return "EnvironmentFailed", f"env.py failed: {failures.described(cause)}"
        state = failures.sqlstate(cause)
        if state is None and not migration.called and failures.says_refused(failures.first_line(cause)):
            state = "28000"
        reason = failures.reason(error, state)
        if migration.step and state == failures.ADMIN_SHUTDOWN:
            reason = "Interrupted"
        where = f"revision {migration.step}" if migration.step else "env.py"
        if error is self._unread:
            where = "reading the database back"
        code = f" (SQLSTATE {state})" if state else ""
        return reason, f"{where} failed: {failures.first_line(cause)}{code}"

    def _cause(self, error):
        """Return the first error of a transaction: what follows it only says that there was one."""
        if failures.sqlstate(error) == failures.IN_FAILED_TRANSACTION and self._first_error() is not None:
            return self._first_error()
        return failures.root(error)

    def _failure(self, error):
        cause = self._cause(error)
        return {
            "revision": self._migration.step,
            "sqlstate": failures.sqlstate(cause),
            "statement": failures.statement(cause),
        }

    def _partial_message(self, error, rows, revisions, invalid):
        told = error is not None and not isinstance(error, StoppedError)
        facts = [self._classify(error)[1] if told else "the run did not undo all that it did"]
        facts += [self._committed_of(revision) for revision in revisions]
        facts += [f"index {name} is invalid" for name in invalid]
        if rows is not None:
            facts.append(f"the version table says {', '.join(rows) or 'base'}")
        return f"{'; '.join(facts)}; finish it or undo it by hand, then set the annotation dbmigrations.dev/retry"

    def _committed_of(self, revision):
        recorded = "still recorded as applied" if self._migration.direction == graph.DOWNGRADE else "not recorded"
        statements = self._leftovers.committed([revision])
        shown = [f"`{text}`" for text in statements[:MANY_IN_MESSAGE]] + ["…"] * (len(statements) > MANY_IN_MESSAGE)
        return f"revision {revision} is {recorded}, but committed {', '.join(shown) or 'a part of it, perhaps'}"

    def _not_applied_message(self):
        migration = self._migration
        if not migration.called:
            return "env.py ended without running the migrations: it must call context.run_migrations()"
        if migration.env.in_external_transaction:
            return (
                "env.py ended without an error, and nobody committed: it ran SQL before context.configure(), "
                "so Alembic left the transaction to it; let it commit before configure()"
            )
        return (
            f"env.py ended without an error, but the version table says that target {self._run.target} is not reached"
        )

    def _read(self):
        """Return the rows and this run's invalid indexes, as far as the database can still be read."""
        table = self._migration.env.version_table
        try:
            rows = self._lock_connection.rows(table["name"], table["schema"]) if table else None
            return rows, self._invalid_since(self._migration.invalid_before)
        except Exception as error:  # noqa: BLE001, what the run left is judged by what is known
            self._unread = error
            return None, []

    def _invalid_since(self, before):
        # None where no step was to run.
        return [] if before is None else sorted(set(self._lock_connection.invalid_indexes()).difference(before))

    def _may_have_committed_unseen(self):
        from dbmigrations_runner import sources  # noqa: PLC0415, only what failed in a step asks

        known = self._migration.graph
        return known is not None and sources.may_commit_unseen(known.revisions[self._migration.step].path)
