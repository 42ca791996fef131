"""A database that cannot be reached, that refuses, or that wants TLS, with every driver."""

import os

import pytest

CERTIFICATE = os.environ.get("DBMIGRATIONS_TEST_CERTIFICATE")


@pytest.fixture(autouse=True)
def history(tree):
    tree.linear("aaaa1111")


def failed(result, reason, *words):
    assert (result.status, result.outcome, result.reason) == (1, "Failed", reason), result.log
    for word in words:
        assert word in result.message
    assert result.seconds < 30


def test_a_port_where_nothing_listens_is_unreachable(any_pod, database):
    any_pod.secret = {**database.secret, "port": "1"}
    failed(any_pod.upgrade(), "DatabaseUnreachable", f"{database.secret['host']}:1")


def test_a_host_that_does_not_exist_is_unreachable(any_pod, database):
    any_pod.secret = {**database.secret, "host": "no-such-host.invalid"}
    failed(any_pod.upgrade(), "DatabaseUnreachable", "no-such-host.invalid")


def test_a_wrong_password_is_refused(any_pod, database):
    any_pod.secret = {**database.secret, "password": "wr0ng-Passw0rd"}
    result = any_pod.upgrade()
    failed(result, "CredentialsRefused", database.secret["host"])
    assert "wr0ng" not in result.log
    assert database.user not in result.message


def test_a_user_that_may_not_connect_is_refused(any_pod, database):
    database.query(f'REVOKE CONNECT ON DATABASE "{database.name}" FROM PUBLIC')
    database.query(f"REVOKE ALL ON DATABASE {database.name} FROM {database.user}")
    database.query(f"ALTER DATABASE {database.name} OWNER TO postgres")
    failed(any_pod.upgrade(), "CredentialsRefused")


def test_a_missing_database_may_come_up_later(any_pod, database):
    any_pod.secret = {**database.secret, "dbname": "not_created_yet"}
    failed(any_pod.upgrade(), "DatabaseUnreachable", "not_created_yet")


def test_bad_credentials_are_named_by_their_key(pod, database):
    pod.secret = {**database.secret, "port": "99999"}
    result = pod.upgrade()
    failed(result, "CredentialsInvalid", "port")
    assert "99999" not in result.message


def test_a_read_only_database_is_tried_again(any_pod, database):
    database.query(f"ALTER ROLE {database.user} SET default_transaction_read_only = on")
    result = any_pod.upgrade()
    failed(result, "DatabaseUnreachable", "25006")


@pytest.mark.skipif(not CERTIFICATE, reason="this server has no certificate")
@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_tls_as_the_secret_asks_for_it(any_pod, database, tree, mode):
    tree.revision(
        "bbbb2222",
        up="""
op.execute("CREATE TABLE seen AS SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
""",
    )
    any_pod.secret = {**database.secret, "sslmode": mode}
    if mode != "require":
        any_pod.secret["sslrootcert"] = CERTIFICATE
    result = any_pod.upgrade()
    assert result.outcome == "Succeeded", result.log
    assert database.query("SELECT ssl FROM seen") == [(True,)]


@pytest.mark.skipif(not CERTIFICATE, reason="this server has no certificate")
def test_no_tls_where_the_secret_says_so(any_pod, database, tree):
    tree.revision(
        "bbbb2222",
        up="""
op.execute("CREATE TABLE seen AS SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
""",
    )
    any_pod.secret = {**database.secret, "sslmode": "disable"}
    assert any_pod.upgrade().outcome == "Succeeded"
    assert database.query("SELECT ssl FROM seen") == [(False,)]


@pytest.mark.skipif(not CERTIFICATE, reason="this server has no certificate")
@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_a_certificate_that_the_system_does_not_know_is_not_trusted(any_pod, database, mode):
    any_pod.secret = {**database.secret, "sslmode": mode}
    failed(any_pod.upgrade(), "DatabaseUnreachable", "certificate")


@pytest.mark.skipif(not CERTIFICATE, reason="this server has no certificate")
def test_the_host_must_be_the_one_in_the_certificate(any_pod, database):
    address = database.query("SELECT host(inet_server_addr())")[0][0]
    any_pod.secret = {**database.secret, "host": address, "sslmode": "verify-full", "sslrootcert": CERTIFICATE}
    failed(any_pod.upgrade(), "DatabaseUnreachable")


def test_each_connection_notices_that_nobody_is_there_any_more(any_pod, database, tree):
    tree.revision("bbbb2222", up=PROBES_OF_EACH_SOCKET)
    assert any_pod.upgrade().outcome == "Succeeded"
    lock_and_migration = 2
    assert database.query("SELECT * FROM seen") == [(lock_and_migration, "1 10 5 3 30000")]


PROBES_OF_EACH_SOCKET = """
import os, socket
names = ["TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT"]
seen = []
for number in os.listdir("/proc/self/fd"):
    try:
        with socket.socket(fileno=os.dup(int(number))) as found:
            if found.getpeername()[1] == 5432:
                options = [found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)]
                options += [found.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in names]
                seen.append(" ".join(map(str, options)))
    except (OSError, IndexError):  # no socket, or a nameless one
        pass
op.execute("CREATE TABLE seen (sockets int, options text)")
op.execute(f"INSERT INTO seen VALUES ({len(seen)}, '{seen[0]}')" if len(set(seen)) == 1 else f"SELECT {seen}")
"""
