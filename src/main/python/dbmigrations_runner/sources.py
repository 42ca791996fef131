"""What a revision's source says, without running it."""

from __future__ import annotations

import ast
import re
import tokenize
from functools import lru_cache

# What can leave something behind although the run rolled back: rule 10.
COMMITS = r"(?i)autocommit|\bCONCURRENTLY\b|\bcommit\b|isolation_level"
# A driver's own connection, whose commits SQLAlchemy's events do not tell.
BYPASSES_EVENTS = r"raw_connection|\b(dbapi_connection|driver_connection)\b|\.connection\.(?!dialect)"
# Calls that only tell somebody something.
SPEAKS = r"(?i)print|warnings\.warn|_?(log|logger|logging)\.\w+"
# A downgrade() whose first deed is an operation of Alembic.
BEGINS_WITH_OP = r'(?m)^def downgrade\(.*\).*:\n(?:[ \t]*(?:#.*)?\n|[ \t]+"""[^"\\]*"""\n)*[ \t]+(?:with )?op\.'
IF_NOT_EXISTS = r"(?i)\bif\s+not\s+exists\b|\bif_not_exists\s*=\s*True"
MENDS_INDEX = r"(?i)\bdrop\s+index\b|\bdrop_index\b|\breindex\b"
ASKS_OFFLINE = r"\bas_sql\b|\bis_offline_mode\b"


def may_commit(path):
    """Tell whether the file has something in it that commits by itself; a file that cannot be read may."""
    source = _code(path)
    return source is None or bool(re.search(COMMITS, source))


def may_commit_unseen(path):
    """Tell whether the file commits on a connection that no event tells about."""
    source = _code(path)
    return source is not None and bool(re.search(BYPASSES_EVENTS, source) and re.search(COMMITS, source))


def skips_index(path, name):
    """Tell whether upgrade() would take an index of this name for built, as IF NOT EXISTS does with an invalid one."""
    tree = _tree(path)
    bodies = [node for node in (tree.body if tree else []) if getattr(node, "name", None) == "upgrade"]
    code = ast.unparse(bodies[-1]) if bodies else ""
    return (
        bool(re.search(IF_NOT_EXISTS, code))
        and not re.search(MENDS_INDEX, code)
        and bool(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", _text(path)))
    )


def upgrade_code(path):
    """Return the source without comments, docstrings and downgrade(); empty where it cannot be read."""
    return _code(path, leave_out="downgrade") or ""


def asks_offline(path):
    """Tell whether the file asks whether it runs offline, and so may do something else when it runs."""
    return bool(re.search(ASKS_OFFLINE, _text(path))) and bool(re.search(ASKS_OFFLINE, _code(path) or ""))


def irreversible(module, path):
    """Return why a revision cannot be undone, or None.

    A downgrade() whose first deed is a raise is a declaration, whatever follows.
    """
    if not callable(getattr(module, "downgrade", None)):
        return "it has no downgrade()"
    if _begins_with_op(path):
        return None
    deeds = _deeds(path, "downgrade")
    if deeds and isinstance(deeds[0], ast.Raise):
        return f"its downgrade() only raises{_raised(deeds[0])}"
    if deeds and isinstance(deeds[0], ast.Assert) and _is_constant(deeds[0].test):
        return "its downgrade() only fails an assertion"
    return None


def does_nothing_back(path):
    """Tell whether downgrade() does nothing although upgrade() does something; a merge does nothing both ways."""
    return not _begins_with_op(path) and _deeds(path, "downgrade") == [] and bool(_deeds(path, "upgrade"))


def _begins_with_op(path):
    """Tell the usual case apart without parsing: hundreds of files take a while."""
    text = _text(path)
    return text.count("def downgrade") == 1 and bool(re.search(BEGINS_WITH_OP, text))


def _deeds(path, name):
    """Return the statements of a function that do something, or None where there is no such function to read."""
    tree = _tree(path)
    functions = [
        node
        for node in (tree.body if tree else [])
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name
    ]
    return [node for node in functions[-1].body if not _is_idle(node)] if functions else None


def _is_idle(node):
    """Tell whether a statement leaves the database alone: it says something, or nothing at all."""
    if isinstance(node, ast.Return):
        return node.value is None or _is_constant(node.value)
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        return node.value is None or _is_constant(node.value)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return bool(re.fullmatch(SPEAKS, ast.unparse(node.value.func)))
    return isinstance(node, (ast.Import, ast.ImportFrom)) or _says_nothing(node)


def _is_constant(node):
    return isinstance(node, (ast.Constant, ast.JoinedStr))


def _raised(node):
    called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return f" {ast.unparse(called)}" if isinstance(called, (ast.Name, ast.Attribute)) else ""


def _says_nothing(node):
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _code(path, leave_out=None):
    """Return the source without comments and docstrings, and without that function."""
    tree = _tree(path)
    if tree is None:
        return None
    tree.body = [node for node in tree.body if leave_out is None or getattr(node, "name", None) != leave_out]
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            node.body = [child for child in node.body if not _says_nothing(child)] or [ast.Pass()]
    return ast.unparse(tree)


def _tree(path):
    try:
        return ast.parse(_text(path) or None)
    except (SyntaxError, TypeError, ValueError):
        return None  # compiled only, or written for another Python


@lru_cache(maxsize=4)
def _text(path):
    """Return the source; empty where it cannot be read."""
    try:
        with tokenize.open(path) as file:
            return file.read()
    except (OSError, SyntaxError, UnicodeDecodeError):
        return ""
