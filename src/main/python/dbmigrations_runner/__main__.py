"""The runner: what happens in one attempt, in order.

It is told what to do by a document in the environment, and answers with one in the termination message.
"""

import contextlib
import gc
import os
import sys

# Modules and a thousand revisions are objects that stay: looking through them all the time only takes time.
gc.set_threshold(200_000)
# Only the name dbmigrations_runner enters the user's world, not those of its modules.
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from dbmigrations_runner import credentials as secrets  # noqa: E402
from dbmigrations_runner import document, environment, failures, image, redaction  # noqa: E402
from dbmigrations_runner.errors import FAILED, SUCCEEDED, StoppedError  # noqa: E402
from dbmigrations_runner.interruption import Interruption  # noqa: E402
from dbmigrations_runner.leftovers import Leftovers  # noqa: E402
from dbmigrations_runner.locks import LockConnection  # noqa: E402
from dbmigrations_runner.report import Report, partial  # noqa: E402


def main():
    """Make one attempt, and return the process's exit status."""
    run = document.read_run(os.environ[document.RUN_VARIABLE])
    interruption = Interruption(run.timeout_seconds)
    report = Report(run)
    interruption.start(lambda message: report.finish(FAILED, "Interrupted", message))
    try:
        outcome, reason, message, facts = attempt(run, report, interruption)
    except StoppedError as stopped:
        outcome, reason, message, facts = stopped.outcome, stopped.reason, stopped.message, {}
    except BaseException as error:  # noqa: BLE001, nothing may end the pod without a result
        report.log_error(error)
        outcome, reason, message, facts = FAILED, *unexpected(error), {}
    report.finish(outcome, reason, message, **facts)
    interruption.finished()
    return 0 if outcome == SUCCEEDED else 1


def attempt(run, report, interruption):
    """Bring the database to the target, and return what came of it."""
    if run.mode not in ("apply", "plan", "check"):
        known = "only apply, plan and check"
        raise StoppedError("EnvironmentFailed", f"this runner does not know mode {run.mode}, {known}")
    report.phase("reading the Secret")
    credentials = secrets.parse(secrets.read_secret(run.credentials_directory), run.credentials_key)
    redaction.hide(credentials)
    report.phase("reading the image's Alembic tree")
    tree = image.load(run)
    environment.publish(run, tree, credentials)

    report.phase("connecting to the database")
    lock_connection = connection(run)(run, tree.driver, credentials, interruption)
    interruption.cancels_through(lock_connection)
    report.note(database=lock_connection.database)
    lock_connection.refuse_other_database(run.expected_database)
    lock_connection.acquire(report)

    # These import SQLAlchemy and Alembic, which the image is known to have only now.
    from dbmigrations_runner.connections import Connections  # noqa: PLC0415

    make, judge = kinds(run)
    leftovers = Leftovers(lambda marked: report.note(partial=partial(marked, [], leftovers.committed(marked))))
    connections = Connections(run, credentials, lock_connection, interruption, leftovers)
    connections.install()
    migration = make(run, tree, lock_connection, connections, leftovers, report)
    report.phase("env.py was running")
    error = run_env(migration, report)

    report.event("phase", message="reading the database back")
    verdict = judge(run, migration, lock_connection, leftovers, interruption, lambda: connections.first_error)
    return verdict.facts(error)


def connection(run):
    """Return the kind of the runner's own connection."""
    if run.reads_only:
        from dbmigrations_runner.planconnection import PlanConnection  # noqa: PLC0415

        return PlanConnection
    return LockConnection


def kinds(run):
    """Return what runs env.py, and what judges it afterwards."""
    if run.mode == "check":
        from dbmigrations_runner.check import Check, CheckVerdict  # noqa: PLC0415

        return Check, CheckVerdict
    if run.mode == "plan":
        from dbmigrations_runner.plan import Plan, PlanVerdict  # noqa: PLC0415

        return Plan, PlanVerdict
    from dbmigrations_runner.migration import Migration  # noqa: PLC0415
    from dbmigrations_runner.verdict import Verdict  # noqa: PLC0415

    return Migration, Verdict


def run_env(migration, report):
    """Run env.py, and return the exception with which it ended, or None."""
    runner = os.getpid()
    try:
        migration.run_env()
    except SystemExit as exit_:
        return None if exit_.code in (None, 0) else exit_
    except BaseException as error:  # noqa: BLE001, env.py may raise whatever it likes
        if not isinstance(error, StoppedError):
            report.log_error(error)
        return error
    finally:
        if os.getpid() != runner:
            # A child that env.py has forked and forgotten: the lock and the result are its parent's.
            os._exit(1)
    return None


def unexpected(error):
    """Return reason and message for an error outside env.py: a database that went away, or a defect here."""
    if failures.is_database_error(error) or failures.is_connection_lost(error):
        return failures.reason(error, failures.sqlstate(error)), f"the database failed: {failures.first_line(error)}"
    return "EnvironmentFailed", f"the runner failed: {failures.described(error)}"


if __name__ == "__main__":
    status = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    # The result is written: threads and exit handlers of env.py can neither hold the pod nor change its status.
    os._exit(status)
