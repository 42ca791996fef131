"""What each PostgreSQL driver calls the parts of the credentials, and the URLs that lead to it."""

from __future__ import annotations

import importlib
import os
import socket
import ssl
import tempfile
from contextlib import suppress
from urllib.parse import quote

from dbmigrations_runner.errors import StoppedError

# In the order in which SQLAlchemy's users choose them.
DRIVERS = ("psycopg2", "psycopg", "pg8000", "asyncpg")
ASYNC = ("psycopg", "asyncpg")
CONNECT_TIMEOUT_SECONDS = 10
# Where distributions keep the system's certificate authorities; Python's own answer comes first.
AUTHORITIES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)
# The same on the server's side: locks.KEEPALIVES.
PROBES = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 30_000}
# Characters that every reader of URLs takes as they are; anything else would need percent-encoding.
PLAIN = "!$&'()*+,;="

_certificate_files = {}


def available():
    """Return the names of the drivers that can be imported here."""
    found = []
    for name in DRIVERS:
        try:
            importlib.import_module(name)
        except ImportError:  # psycopg without libpq raises it, too
            continue
        found.append(name)
    return found


def family(driver):
    """Return the name that decides about parameters: psycopg2 and psycopg share libpq's."""
    return "libpq" if driver.startswith("psycopg") else driver.split("_")[0]


def parameters(driver, credentials):
    """Return the arguments with which the driver's connect() leads to the Secret's database."""
    kind = family(driver)
    found = {
        "host": credentials.host,
        "port": credentials.port,
        "user": credentials.user,
        "password": credentials.password,
        "dbname" if kind == "libpq" else "database": credentials.database,
    }
    if kind == "libpq":
        found["sslmode"] = credentials.sslmode
        if credentials.sslmode.startswith("verify-") or credentials.sslrootcert:
            found["sslrootcert"] = certificate_file(credentials)
    elif kind == "asyncpg":
        found["ssl"] = _context(credentials) or credentials.sslmode
    elif kind == "pg8000":
        found["ssl_context"] = _context(credentials) or (False if _plain_pg8000(credentials) else None)
    return found


def keep_alive(connection):
    """Notice within half a minute that nobody is at the other end, even while an answer is waited for.

    A connection that a router has forgotten stays open on both sides, and Linux looks after two hours.
    """
    with suppress(Exception):  # a driver that hides its socket notices later
        _on_socket(connection, _probe)


def own_end(connection):
    """Return the address and the port from which this connection comes; None where the driver hides its socket."""
    try:
        host, port, *_ = _on_socket(connection, lambda tcp: tcp.getsockname())
    except Exception:  # noqa: BLE001, a socket of the file system has neither
        return None
    return host, port


def _on_socket(connection, use):
    # SQLAlchemy adapts asynchronous drivers.
    connection = getattr(connection, "_connection", connection)
    if hasattr(connection, "_transport"):  # asyncpg
        return use(connection._transport.get_extra_info("socket"))
    if hasattr(connection, "_usock"):  # pg8000
        return use(connection._usock)
    with socket.socket(fileno=os.dup(connection.fileno())) as libpq:
        return use(libpq)


def _probe(tcp):
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in PROBES.items():
        if hasattr(socket, name):
            tcp.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def certificate_file(credentials):
    """Return the path of a file with the certificate authorities to trust."""
    if not credentials.sslrootcert:
        candidates = (ssl.get_default_verify_paths().cafile, *AUTHORITIES)
        return next((path for path in candidates if path and os.path.exists(path)), "system")
    if credentials.sslrootcert not in _certificate_files:
        handle, path = tempfile.mkstemp(prefix="dbmigrations-", suffix=".pem")  # mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(credentials.sslrootcert + "\n")
        _certificate_files[credentials.sslrootcert] = path
    return _certificate_files[credentials.sslrootcert]


def _context(credentials):
    """Return the TLS context for drivers without libpq; None where TLS is optional or off."""
    if credentials.sslmode in ("disable", "allow", "prefer"):
        return None
    context = ssl.create_default_context()
    # As libpq does it: a certificate authority that is given is checked with `require`, too.
    verify = credentials.sslmode.startswith("verify-") or credentials.sslrootcert
    context.check_hostname = credentials.sslmode == "verify-full"
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    if credentials.sslrootcert:
        try:
            context = _trusting_only(context, credentials.sslrootcert)
        except ssl.SSLError:
            raise StoppedError(
                "CredentialsInvalid", "the Secret's sslrootcert is no readable certificate: it must be whole PEM text"
            ) from None
    return context


def _trusting_only(template, pem):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = template.check_hostname
    context.verify_mode = template.verify_mode
    context.load_verify_locations(cadata=pem)
    return context


def _plain_pg8000(credentials):
    """Tell whether pg8000 must be told to stay plain: from 1.31 on it tries TLS first by itself."""
    from importlib.metadata import version  # noqa: PLC0415

    return credentials.sslmode == "disable" and tuple(map(int, version("pg8000").split(".")[:2])) >= (1, 31)


def full_url(scheme, credentials):
    """Return the URL with user and password percent-encoded.

    SQLAlchemy 1.4 and 2.0 do not decode the database's name, 2.1 does: an unusual one is left to the hook.
    """
    user, password = (quote(part, safe="") for part in (credentials.user, credentials.password))
    database = credentials.database if _is_plain(credentials.database) else ""
    return f"{scheme}://{user}:{password}@{_address(credentials)}/{database}"


def plain_url(scheme, credentials):
    """Return the URL without the parts that would need percent-encoding.

    Many an env.py puts DATABASE_URL into set_main_option without doubling percent signs, and ConfigParser
    dies of one. What is left out here reaches the connection through the hook and the PG… variables.
    """
    plain = [_is_plain(part) for part in (credentials.user, credentials.password, credentials.database)]
    user = credentials.user if plain[0] else ""
    password = f":{credentials.password}" if plain[0] and plain[1] else ""
    database = credentials.database if plain[2] else ""
    return f"{scheme}://{user}{password}{'@' if user else ''}{_address(credentials)}/{database}"


def _is_plain(text):
    return text.isascii() and quote(text, safe=PLAIN) == text


def _address(credentials):
    host = f"[{credentials.host}]" if ":" in credentials.host else credentials.host
    return f"{host}:{credentials.port}"
