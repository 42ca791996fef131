"""The Secret's files as one value: the same rules as the operator's, tested by the same cases.

Each refusal is `CredentialsInvalid` with one sentence that names the Secret's key, never a value.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from typing import NamedTuple
from urllib.parse import unquote

from dbmigrations_runner.errors import StoppedError

URI_KEYS = ("uri", "url", "DATABASE_URL")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# Each part with the names that it may have; the first one that has a value counts.
NAMES = {
    "host": ("host",),
    "port": ("port",),
    "user": ("user", "username"),
    "password": ("password",),
    "database": ("dbname", "database"),
    "sslmode": ("sslmode",),
    "sslrootcert": ("sslrootcert",),
}
GREATEST_PORT = 65535
REQUIRED = ("host", "user", "password", "database")
URI = (
    r"(?is)postgres(?:ql)?(?:\+\w+)?://"
    r"(?:(?P<user>[^:/?#@\[\]]*)(?P<colon>:(?P<password>[^/?#@]*))?@)?"
    r"(?P<host>\[[^\]/?#@]*\]|[^:/?#@\[\]]*)(?::(?P<port>[^/?#@:]*))?"
    r"(?:/(?P<database>[^/?#]*))?(?:\?(?P<query>[^#]*))?"
)


class Credentials(NamedTuple):
    """Where the database is and who may enter; `sslrootcert` is PEM text."""

    host: str
    port: int
    user: str
    password: str
    database: str
    sslmode: str
    sslrootcert: str | None


def read_secret(directory):
    """Return the Secret's keys with their text, without one trailing newline each."""
    secret = {}
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        # A mounted Secret keeps its versions in folders and links that begin with two dots.
        if name.startswith("..") or not os.path.isfile(path):
            continue
        with open(path, "rb") as file:
            secret[name] = _text(name, file.read())
    return secret


def parse(secret, key=None):
    """Return the credentials that a Secret holds, by the key that is given or else by form."""
    secret = {name: re.sub(r"\r?\n\Z", "", text) for name, text in secret.items()}
    if key is not None:
        return _from_key(secret, key)
    for name in URI_KEYS:
        if name in secret:
            return _from_uri(name, secret[name])
    if any(name in secret for names in NAMES.values() for name in names):
        return _from_parts("the Secret", secret)
    documents = [name for name, text in secret.items() if _json_object(text) is not None]
    if len(documents) > 1:
        raise _invalid(
            f"the Secret's keys {_list(documents)} all hold JSON documents: name one in credentialsSecretRef.key"
        )
    if not documents:
        raise _invalid(
            "the Secret holds no credentials in a known form: it needs the key uri (or url, DATABASE_URL), or the keys "
            "host, user, password and dbname, or one key with a JSON object, or credentialsSecretRef.key; "
            f"it has {_list(secret) or 'no key at all'}"
        )
    return _from_parts(f"the JSON document in the Secret's key '{documents[0]}'", _json_object(secret[documents[0]]))


def _from_key(secret, key):
    if key not in secret:
        raise _invalid(
            f"the Secret has no key '{key}', which credentialsSecretRef.key names; it has {_list(secret) or 'none'}"
        )
    text = secret[key]
    if "://" in text and not text.lstrip().startswith("{"):
        return _from_uri(key, text)
    document = _json_object(text)
    if document is None:
        raise _invalid(f"the Secret's key '{key}' holds neither a URI that begins with postgresql:// nor a JSON object")
    return _from_parts(f"the JSON document in the Secret's key '{key}'", document)


def _from_uri(key, text):
    where = f"the URI in the Secret's key '{key}'"
    if not re.match(r"postgres(ql)?(\+\w+)?://", text, re.IGNORECASE):
        raise _invalid(f"{where} does not begin with postgresql://")
    match = re.fullmatch(URI, text)
    if not match:
        raise _invalid(
            f"{where} cannot be read as postgresql://user:password@host:port/dbname: signs such as @ / ? # [ ] "
            "in user, password or dbname must be percent-encoded (host: an IPv6 address stands in brackets)"
        )
    parts = {name: match[name] for name in ("user", "password", "host", "port")}
    parts["dbname"] = match["database"]
    for pair in (match["query"] or "").split("&"):
        name, _, value = pair.partition("=")
        # Everything else that a URI can say would load classes, read files or lead elsewhere.
        if name in ("sslmode", "sslrootcert"):
            parts[name] = value
    decoded = {name: _decoded(where, name, value) for name, value in parts.items() if value is not None}
    # A socket's path or a list of hosts hidden in percent-encoding is no host.
    decoded["host"] = match["host"]
    return _from_parts(where, decoded)


def _from_parts(where, values):
    found = {}
    for part, names in NAMES.items():
        found[part] = next((_value(where, name, values) for name in names if _given(part, name, values)), None)
    missing = [
        " or ".join(NAMES[part]) for part in REQUIRED if found[part] is None or (part != "password" and not found[part])
    ]
    if missing:
        raise _invalid(f"{where} lacks {', '.join(missing)}: every Secret needs host, user, password and dbname")
    return Credentials(
        host=_host(where, found["host"]),
        port=_port(where, found["port"]),
        user=found["user"],
        password=found["password"],
        database=found["database"],
        sslmode=_sslmode(where, found["sslmode"]),
        sslrootcert=_sslrootcert(where, found["sslrootcert"]),
    )


def _given(part, name, values):
    # An empty password is one; every other part that is empty counts as not given.
    return values.get(name) is not None and (part == "password" or values[name] != "")


def _value(where, name, values):
    value = values[name]
    if name == "port" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if name == "port" and not isinstance(value, str):
        raise _port_error(where)
    if not isinstance(value, str):
        raise _invalid(f"{where} has {name} as something else than text")
    if "\0" in value:
        raise _invalid(f"{where} has a zero byte in {name}, which PostgreSQL cannot take")
    return value


def _host(where, host):
    if host.startswith("["):
        host = host[1:-1] if host.endswith("]") else "?"
    if host.startswith("/") or host.lower().rstrip(".").split(".")[-1] == "localhost":
        raise _loopback(where)
    # Names that end in a number are addresses in disguise: 127.1, 2130706433, 0x7f000001.
    address = ":" in host or re.fullmatch(r"(.*\.)?(\d+|0x[0-9a-f]*)\.?", host, re.IGNORECASE)
    if "%" in host:
        raise _host_error(where)
    try:
        ip = ipaddress.ip_address(host) if address else None
    except ValueError:
        raise _host_error(where) from None
    if ip is not None:
        ip = getattr(ip, "ipv4_mapped", None) or ip
        if ip.is_loopback or ip.is_unspecified:
            raise _loopback(where)
    if not address and not re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?", host):
        raise _host_error(where)
    return host


def _port(where, port):
    if port is None:
        return 5432
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= GREATEST_PORT:
        raise _port_error(where)
    return int(port)


def _sslmode(where, mode):
    if mode is not None and mode not in SSL_MODES:
        raise _invalid(f"{where} has an unknown sslmode: it must be one of {', '.join(SSL_MODES)}")
    return mode or "prefer"


def _sslrootcert(where, pem):
    if pem is not None and "-----BEGIN CERTIFICATE-----" not in pem:
        raise _invalid(f"{where} has an sslrootcert that is no certificate: it must be PEM text, not a path")
    return pem


def _decoded(where, name, value):
    try:
        if re.search(r"%(?![0-9A-Fa-f]{2})", value):
            raise ValueError
        return unquote(value, errors="strict")
    except ValueError:
        raise _invalid(f"{where} has bad percent-encoding in {name}: a percent sign itself is written %25") from None


def _text(name, content):
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise _invalid(f"the Secret's key '{name}' is not UTF-8 text") from None


def _json_object(text):
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _list(names):
    return ", ".join(f"'{name}'" for name in names)


def _port_error(where):
    return _invalid(f"{where} has a bad port: it must be a whole number from 1 to {GREATEST_PORT}")


def _host_error(where):
    return _invalid(f"{where} has a bad host: it must be one host name or address, without port or parameters")


def _loopback(where):
    return _invalid(f"{where} has a loopback host: the operator must reach the database, too, so name its address")


def _invalid(message):
    return StoppedError("CredentialsInvalid", message)
