"""Column types: whether a change of type can lose data, and whether it rewrites the table."""

from __future__ import annotations

import re

ALIASES = {
    "varchar": "character varying",
    "char": "character",
    "bpchar": "character",
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "int2": "smallint",
    "decimal": "numeric",
    "float": "double precision",
    "float8": "double precision",
    "float4": "real",
    "bool": "boolean",
    "varbit": "bit varying",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "timetz": "time with time zone",
    "time": "time without time zone",
}
# The digits before the point that each of them can hold.
INTEGERS = {"smallint": 5, "integer": 10, "bigint": 19}
TEXTS = ("text", "character varying")
# What one more fractional digit never loses; none given means six.
TIMES = ("timestamp without time zone", "timestamp with time zone", "time without time zone", "time with time zone")
WIDER = {
    ("real", "double precision"),
    ("smallint", "real"),
    ("smallint", "double precision"),
    ("integer", "double precision"),
    ("date", "timestamp without time zone"),
}


def parsed(text):
    """Return a type's canonical name and its arguments, as ("numeric", (10, 2))."""
    found = re.search(r"\(([\d\s,]*)\)", text)
    arguments = tuple(int(number) for number in re.findall(r"\d+", found.group(1))) if found else ()
    name = " ".join(re.sub(r"\([\d\s,]*\)", " ", text).replace('"', "").lower().split())
    name = name[len("pg_catalog.") :] if name.startswith("pg_catalog.") else name
    if name == "numeric" and len(arguments) == 1:
        arguments += (0,)
    return ALIASES.get(name, name), (1,) if name in ("char", "character") and not arguments else arguments


def widens(old, new):
    """Tell whether every value of the old type stays what it is in the new one."""
    (old_name, old_size), (new_name, new_size) = parsed(old), parsed(new)
    if new_name in TEXTS:
        return not new_size or (old_name in ("character", *TEXTS) and bool(old_size) and old_size <= new_size)
    if old_name in INTEGERS and new_name in INTEGERS:
        return INTEGERS[old_name] <= INTEGERS[new_name]
    if new_name == "numeric":
        return _fits_numeric(old_name, old_size, new_size)
    if old_name == new_name and old_name in TIMES:
        return (old_size or (6,)) <= (new_size or (6,))
    return (old_name, old_size) == (new_name, new_size) or (not new_size and (old_name, new_name) in WIDER)


def rewrites(old, new):
    """Tell whether PostgreSQL writes the whole table anew for the change."""
    (old_name, old_size), (new_name, new_size) = parsed(old), parsed(new)
    if (old_name, old_size) == (new_name, new_size):
        return False
    if old_name in TEXTS and new_name in TEXTS:
        return bool(new_size) and not (old_size and old_size <= new_size)
    if old_name == new_name == "numeric":
        return bool(new_size) and not (old_size and old_size[1] == new_size[1] and old_size[0] <= new_size[0])
    if old_name == new_name and old_name in (*TIMES, "bit varying"):
        return not widens(old, new)
    return True


def _fits_numeric(old_name, old_size, new_size):
    if old_name in INTEGERS:
        return not new_size or new_size[0] - new_size[1] >= INTEGERS[old_name]
    if old_name != "numeric":
        return False
    if not (old_size and new_size):
        return not new_size
    return new_size[1] >= old_size[1] and new_size[0] - new_size[1] >= old_size[0] - old_size[1]
