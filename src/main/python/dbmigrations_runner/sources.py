"""What a revision's source says, without running it."""

from __future__ import annotations

import ast
import re
import tokenize

# What can leave something behind although the run rolled back: rule 10.
COMMITS = re.compile(r"autocommit|\bCONCURRENTLY\b|\bcommit\b|isolation_level", re.IGNORECASE)
# A driver's own connection, whose commits SQLAlchemy's events do not tell.
BYPASSES_EVENTS = re.compile(r"raw_connection|\b(dbapi_connection|driver_connection)\b|\.connection\.(?!dialect)")


def may_commit(path):
    """Tell whether the file has something in it that commits by itself; a file that cannot be read may."""
    source = _code(path)
    return source is None or bool(COMMITS.search(source))


def may_commit_unseen(path):
    """Tell whether the file commits on a connection that no event tells about."""
    source = _code(path)
    return source is not None and bool(BYPASSES_EVENTS.search(source) and COMMITS.search(source))


def irreversible(module, path):
    """Return why a revision cannot be undone, or None.

    A downgrade() which begins with a raise is a declaration, whatever follows.
    """
    if not callable(getattr(module, "downgrade", None)):
        return "it has no downgrade()"
    tree = _tree(path)
    functions = [
        node
        for node in (tree.body if tree else [])
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == "downgrade"
    ]
    if not functions:
        return None
    body = [node for node in functions[-1].body if not _says_nothing(node)]
    if body and isinstance(body[0], ast.Raise):
        return f"its downgrade() only raises{_raised(body[0])}"
    return None


def _raised(node):
    called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return f" {ast.unparse(called)}" if isinstance(called, (ast.Name, ast.Attribute)) else ""


def _says_nothing(node):
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _code(path):
    """Return the source without comments and docstrings."""
    tree = _tree(path)
    if tree is None:
        return None
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            node.body = [child for child in node.body if not _says_nothing(child)] or [ast.Pass()]
    return ast.unparse(tree)


def _tree(path):
    try:
        with tokenize.open(path) as file:
            return ast.parse(file.read())
    except (OSError, SyntaxError, UnicodeDecodeError, ValueError):
        return None  # compiled only, or written for another Python
