"""The runner's own connection while it plans or checks: it reads, and keeps nobody waiting."""

from __future__ import annotations

from types import MappingProxyType

from dbmigrations_runner import locks

# Held in shared mode, so that plans may be made beside each other and beside a run.
PLAN_KEY = 0x64626D6967726176


class PlanConnection(locks.LockConnection):
    """A session that holds no lock; its key only tells env.py's connections that they are in the same database."""

    key = PLAN_KEY
    more_settings = MappingProxyType({"default_transaction_read_only": "on"})

    @property
    def first_state(self):
        """What the session's name says: there is nothing else to tell until it ends."""
        return "checking" if self._run.mode == "check" else "planning"

    def acquire(self, _report):
        """Take the key by which env.py's connections find this one; it never waits."""
        self._query(f"SELECT pg_catalog.pg_try_advisory_lock_shared({PLAN_KEY})")

    def look(self, search_path, sql):
        """Return a query's rows, with names resolved by this search path; none where the user may not look."""
        session = self._usable_session()
        try:
            self._as_role(session)
            session.query(f"SELECT pg_catalog.set_config('search_path', {locks.literal(search_path)}, false)")
            return session.query(sql)
        except Exception:  # noqa: BLE001, a size that is not known is said to be that
            return []
        finally:
            session.query(
                "SELECT pg_catalog.set_config('role', 'none', false), "
                f"pg_catalog.set_config('search_path', '{locks.SAFE_SEARCH_PATH}', false)"
            )

    def cancel_work(self):
        """Cancel the statements of this run's other connections."""
        name = locks.literal(self._run.name[: locks.GREATEST_NAME])
        self._query(
            "SELECT pg_catalog.pg_cancel_backend(pid) FROM pg_catalog.pg_stat_activity "
            f"WHERE application_name = {name} AND datname = pg_catalog.current_database() AND pid <> {self.pid}"
        )
