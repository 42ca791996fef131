"""Keeps credentials out of everything that the runner itself writes."""

import base64
import json
import re
from urllib.parse import quote, quote_plus

MASK = "***"
# A shorter password is hidden only where it stands as a word of its own.
SHORT = 4

_passwords = []
_users = []


def hide(credentials):
    """From now on, let no value of these credentials through."""
    _passwords[:] = _pattern(credentials.password)
    # Hosts and database names may be said, so a user of the same name hides nothing.
    _users[:] = [] if credentials.user in (credentials.host,) else _pattern(credentials.user, whole=True)


def clean(text):
    """Return the runner's own text without any form of the password."""
    return _masked(text, _passwords)


def clean_foreign(text):
    """Return text of others (errors, statements, tracebacks) without password and user name."""
    return _masked(text, _passwords + _users)


def clean_json(value):
    """Return the same JSON value with every text in it cleaned."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [clean_json(item) for item in value]
    if isinstance(value, dict):
        return {name: clean_json(item) for name, item in value.items()}
    return value


def _pattern(secret, whole=False):
    if not secret:
        return []
    forms = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        quote(secret, safe="").replace("%", "%%"),
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        secret.replace("'", "''"),
        secret.replace("\\", "\\\\").replace("'", "\\'"),
        base64.b64encode(secret.encode("utf-8", "replace")).decode().rstrip("="),
    }
    patterns = []
    for form in sorted(forms, key=len, reverse=True):
        pattern = re.escape(form)
        if whole or len(secret) < SHORT:
            pattern = rf"(?<!\w){pattern}(?!\w)"
        patterns.append(pattern)
    return [re.compile("|".join(patterns))]


def _masked(text, patterns):
    for pattern in patterns:
        text = pattern.sub(MASK, text)
    return text
