"""One run per database at a time, and what every session of a run looks like."""

import os
import signal
import socket
import subprocess
import threading
from contextlib import contextmanager

import psycopg
import pytest

from conftest import VENVS
from pod import wait_until
from trees import ENV

LOCK_KEY = 0x64626D6967726174
# A revision that goes on when the test says so, and shows what it was.
WAITS = """
op.execute("INSERT INTO gate_seen VALUES (1)")
op.execute("DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM gate) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$")
"""
SESSIONS = "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() ORDER BY 1"
COUNT = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()"


@pytest.fixture(autouse=True)
def gate(database, tree):
    database.query("CREATE TABLE gate (id int); CREATE TABLE gate_seen (id int)")
    database.query("GRANT ALL ON gate, gate_seen TO PUBLIC")
    tree.linear("aaaa1111")


def open_gate(database):
    database.query("INSERT INTO gate VALUES (1)")


def sleeps(database):
    """Tell whether a backend of a run executes the waiting revision."""
    return database.query(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'DO $$ BEGIN WHILE%' "
        "AND state = 'active' AND pid <> pg_backend_pid()"
    )


def test_the_lock_of_another_run_is_named_when_waiting_ends(pod, database):
    with database.connect() as other:
        other.execute("SET application_name = 'dbmigrations/other/1/2of3'")
        other.execute(f"SELECT pg_advisory_lock({LOCK_KEY})")
        pid = other.execute("SELECT pg_backend_pid()").fetchone()[0]
        result = pod.upgrade(lockWaitSeconds=0)
    assert (result.status, result.outcome, result.reason) == (1, "Failed", "LockTimeout")
    assert f"backend {pid} (dbmigrations/other/1/2of3)" in result.message
    assert database.revisions == []


def test_a_run_goes_on_when_the_lock_is_free(pod, database):
    with database.connect() as other:
        other.execute(f"SELECT pg_advisory_lock({LOCK_KEY})")
        process = pod.start("head")
        wait_until(lambda: "another run holds the lock" in process.log.read_text(), "the run waits")
        assert database.query(SESSIONS)[-1][0].endswith("/waiting")
        other.execute(f"SELECT pg_advisory_unlock({LOCK_KEY})")
        assert pod.finished(process).outcome == "Succeeded"


def test_a_statement_that_outlives_its_killed_runner_keeps_the_next_one_out(any_pod, database, tree):
    tree.revision("bbbb2222", up=WAITS)
    process = any_pod.start("head")
    wait_until(lambda: sleeps(database), "the revision runs")
    process.send_signal(signal.SIGSTOP)  # a lost node: its backend goes on, its connections stay
    lock_holder = (
        "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database() "
        f"AND locktype = 'advisory' AND objid = {LOCK_KEY & 0xFFFFFFFF} AND granted"
    )
    database.query(f"SELECT pg_terminate_backend(({lock_holder}))")
    wait_until(lambda: not database.query(lock_holder), "the lock is gone")
    result = any_pod.upgrade(lockWaitSeconds=1)
    assert result.reason == "LockTimeout"
    assert "earlier attempt" in result.message
    assert f"dbmigrations/{any_pod.uid}/1)" in result.message
    process.kill()
    assert process.wait() == -signal.SIGKILL
    open_gate(database)
    result = any_pod.upgrade(expected={"revisions": []})
    assert (result.outcome, database.revisions) == ("Succeeded", ["bbbb2222"])


def test_of_two_runs_at_once_one_migrates(pod, database, tree):
    tree.revision("bbbb2222", up=WAITS)
    first, second = pod.start("head"), pod.start("head")
    wait_until(lambda: sleeps(database), "the revision runs")
    open_gate(database)
    results = [pod.finished(first), pod.finished(second)]
    assert sorted(result.outcome for result in results) == ["Succeeded", "Superseded"]
    assert database.query("SELECT count(*) FROM gate_seen") == [(1,)]


def test_the_sessions_say_how_far_the_run_is(pod, database, tree):
    tree.revision("bbbb2222", up=WAITS)
    process = pod.start("head")
    wait_until(lambda: sleeps(database), "the revision runs")
    # Told a few times a second, whatever the step does.
    wait_until(lambda: (f"dbmigrations/{pod.uid}/1/1of2",) in database.query(SESSIONS), "one of two is told")
    assert (f"dbmigrations/{pod.uid}/1",) in database.query(SESSIONS)
    step = "SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND query ~ 'revision bbbb2222'"
    wait_until(lambda: database.query(step, f"dbmigrations/{pod.uid}/1/1of2"), "the step is told")
    message = pod.message_of(process)
    assert (message["outcome"], message["reason"]) == ("Failed", "Interrupted")
    assert "bbbb2222" in message["message"]
    assert message["steps"] == {"executed": 1, "total": 2, "revisions": ["aaaa1111"]}
    open_gate(database)
    assert pod.finished(process).outcome == "Succeeded"


def test_a_run_whose_lock_is_lost_stops_before_the_next_step(pod, database, tree):
    tree.revision("bbbb2222", up=WAITS).revision("cccc3333")
    process = pod.start("head")
    wait_until(lambda: sleeps(database), "the revision runs")
    database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE %s", f"%{pod.uid}/1/%"
    )
    open_gate(database)
    result = pod.finished(process)
    assert (result.outcome, result.reason) == ("Failed", "Interrupted")
    assert "lock" in result.message
    assert result.current == database.revisions == []


def test_every_migrating_session_has_the_settings(any_pod, database, tree):
    settings = {
        "lock_timeout": "1234ms",
        "statement_timeout": "99s",
        "client_connection_check_interval": "1s",
        "tcp_keepalives_idle": "10",
        "tcp_user_timeout": "30000",
    }
    shown = ", ".join(f"current_setting('{name}') AS {name}" for name in settings)
    tree.revision("bbbb2222", up=f'op.execute("CREATE TABLE seen AS SELECT {shown}")')
    result = any_pod.upgrade(lockTimeoutMillis=1234, statementTimeoutMillis=99000)
    assert result.outcome == "Succeeded"
    assert database.query("SELECT * FROM seen") == [tuple(settings.values())]


# Looks at the sessions after each statement of any other connection.
WATCHED = """
import os, psycopg
watch = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
execute = psycopg.Cursor.execute
def watched(cursor, *arguments, **options):
    result = execute(cursor, *arguments, **options)
    if cursor.connection is not watch:
        held = "FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted"
        for name, in execute(watch.cursor(), "SELECT a.application_name " + held).fetchall():
            print("holds a key:", name or "nobody")
    return result
psycopg.Cursor.execute = watched
"""


def test_no_session_holds_a_key_before_it_has_its_name(pod, tree):
    pod.python = f"{VENVS}/psycopg3-sqlalchemy21/bin/python"
    tree.env(WATCHED + ENV)
    result = pod.upgrade()
    assert (result.outcome, result.executed) == ("Succeeded", ["aaaa1111"]), result.log
    assert f"holds a key: dbmigrations/{pod.uid}/1\n" in result.log
    assert "holds a key: nobody" not in result.log


def test_concurrently_runs_without_a_lock_timeout_which_is_restored(pod_with_blocks, database, tree):
    database.query(
        "CREATE FUNCTION seen_timeout(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN "
        "IF current_setting('lock_timeout') <> '0' THEN RAISE 'lock_timeout is set'; END IF; RETURN $1; END $$"
    )
    up = """
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX CONCURRENTLY i ON t_aaaa1111 (seen_timeout(id))")
    op.execute("CREATE TABLE seen AS SELECT current_setting('lock_timeout')")
"""
    tree.revision("bbbb2222", up="op.execute('INSERT INTO t_aaaa1111 VALUES (1)')").revision("cccc3333", up=up)
    result = pod_with_blocks.upgrade()
    assert result.outcome == "Succeeded"
    assert database.query("SELECT * FROM seen") == [("5s",)]


def test_lock_timeout_is_a_reason_to_try_again(any_pod, database, tree):
    any_pod.upgrade("aaaa1111")
    tree.revision("bbbb2222", up='op.add_column("t_aaaa1111", sa.Column("name", sa.Text))')
    with database.connect() as other:
        other.autocommit = False
        other.execute("LOCK t_aaaa1111")
        result = any_pod.upgrade(lockTimeoutMillis=100)
    assert (result.reason, result.failure["sqlstate"]) == ("LockTimeout", "55P03")
    assert result.failure["revision"] == "bbbb2222"
    assert any_pod.upgrade().outcome == "Succeeded"


@pytest.mark.skipif(not os.path.exists("/usr/sbin/pgbouncer"), reason="no pgbouncer here")
@pytest.mark.parametrize("mode", ["transaction", "session", "statement"])
@pytest.mark.parametrize("others", [0, 6])
def test_a_pooler_in_transaction_mode_is_refused(pod, database, tmp_path, mode, others):
    with _pooler(database, tmp_path, mode) as secret, _traffic(database, secret, others):
        pod.secret = secret
        result = pod.upgrade()
    if mode == "session":
        assert result.outcome == "Succeeded"
    else:
        assert result.reason == "CredentialsInvalid"
        assert "transaction mode" in result.message
        assert database.query("SELECT to_regclass('alembic_version')") == [(None,)]


def test_a_run_takes_no_session_to_look_for_a_pooler_where_none_can_be(any_pod, database):
    """Where connections run out, each one counts: the lock's, env.py's, and no more."""
    with database.connect() as watch:

        def count_sessions(**document):
            any_pod.upgrade(**document)
            wait_until(lambda: watch.execute(SESSIONS).rowcount == 1, "only this session is left")
            return watch.execute(COUNT).fetchone()[0]

        first = count_sessions()
        second = count_sessions(mode="unknown")  # which ends before it connects, and so shows how many the test takes
        assert count_sessions() - second == second - first + 2


@contextmanager
def _pooler(database, tmp_path, mode):
    server, port = database.secret, _free_port()
    (tmp_path / "users.txt").write_text(f'"{database.user}" "{database.password}"\n')
    (tmp_path / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={server['host']} port={server['port']}\n[pgbouncer]\nlisten_addr = *\n"
        f"listen_port = {port}\nauth_type = scram-sha-256\nauth_file = {tmp_path}/users.txt\npool_mode = {mode}\n"
        "unix_socket_dir =\nignore_startup_parameters = extra_float_digits\n"
    )
    pooler = subprocess.Popen(["/usr/sbin/pgbouncer", "-q", str(tmp_path / "pgbouncer.ini")])
    try:
        address = os.uname().nodename
        wait_until(lambda: _accepts(address, port), "the pooler listens")
        yield {**server, "host": address, "port": str(port)}
    finally:
        pooler.terminate()
        pooler.wait()


@contextmanager
def _traffic(database, secret, clients):
    """Others use the same pool, which so has several backends to hand out, now this one, now that one."""
    stop = threading.Event()

    def ask():
        with psycopg.connect(
            host=secret["host"],
            port=secret["port"],
            user=database.user,
            password=database.password,
            dbname=database.name,
            autocommit=True,
            prepare_threshold=None,
        ) as connection:
            while not stop.is_set():
                connection.execute("SELECT pg_sleep(random() / 100)")

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _accepts(address, port):
    with socket.socket() as client:
        return client.connect_ex((address, port)) == 0


def _free_port():
    """Other tests run beside this one, with poolers of their own."""
    with socket.socket() as server:
        server.bind(("", 0))
        return server.getsockname()[1]
