"""Finds out a connection pooler in transaction mode, where two statements of one session may reach two backends."""

from dbmigrations_runner.errors import StoppedError

# A pooler that others use, too, may hand out two backends at one time and one at another.
LOOKS = 4


def refuse_transaction_mode(session, pid, other, credentials):
    """Raise CredentialsInvalid unless both sessions keep a backend each, whatever else happens meanwhile.

    `pid` is that of the first one's backend until now; `other` is closed afterwards.
    """
    seen = {session: {pid}, other: set()}
    try:
        for _ in range(LOOKS):
            for asked in (other, session):
                seen[asked].add(asked.query("SELECT pg_catalog.pg_backend_pid()::bigint")[0][0])
    finally:
        other.close()
    if len(seen[session]) == len(seen[other]) == 1 and seen[session] != seen[other]:
        return
    raise StoppedError(
        "CredentialsInvalid",
        f"{credentials.host}:{credentials.port} is a connection pooler in transaction mode, where no "
        "lock lasts: the Secret must lead to PostgreSQL itself or to a pool in session mode",
    )
