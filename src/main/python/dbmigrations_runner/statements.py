"""SQL as PostgreSQL reads it, cut into statements and words.

No grammar: it knows where a string, a quoted name, a dollar quote or a comment ends, and so what is a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

WORD, NAME, STRING, NUMBER, SYMBOL = "word", "name", "string", "number", "symbol"

TOKEN = re.compile(
    r"""\s*(?:--[^\n]*\s*)*(?:(?P<comment>/\*)
    |(?P<string>[eE]'(?:[^'\\]|\\.|'')*'|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*')
    |(?P<name>(?:[uU]&)?"(?:[^"]|"")+")
    |(?P<dollar>\$(?:[^\W\d]\w*)?\$)
    |(?P<number>\d[\w.]*)
    |(?P<word>[^\W\d][\w$]*)
    |(?P<symbol>::|.)|\Z)""",
    re.DOTALL | re.VERBOSE,
)
# What may open or close a place where a semicolon ends nothing.
NESTING = frozenset(["(", ")", "atomic", "case", "end"])
COMMENT = re.compile(r"/\*|\*/")
PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_$]*")
GREATEST_EXCERPT = 80


class Token(NamedTuple):
    """One word, name, string, number or symbol; words are in lower case, names without their quotes."""

    kind: str
    text: str
    start: int
    end: int

    def says(self, *words):
        """Tell whether this is one of these words or symbols, unquoted."""
        return self.kind in (WORD, SYMBOL) and self.text in words


@dataclass
class Statement:
    """One statement; `broken` where a quote or a comment in it has no end."""

    text: str
    start: int
    tokens: list
    broken: bool = False

    @property
    def excerpt(self):
        """The statement on one line, short enough for a sentence."""
        return excerpt(self.text)

    @property
    def reader(self):
        """A reader of the whole statement."""
        return Reader(self.tokens)


@dataclass
class Reader:
    """Reads tokens from the left."""

    tokens: list
    at: int = 0
    _end: Token = field(default=Token("end", "", -1, -1), repr=False)

    @property
    def next(self):
        """The token that comes next, or one that is nothing."""
        return self.tokens[self.at] if self.at < len(self.tokens) else self._end

    def take(self, words):
        """Step over these words if they are what comes next, and tell whether they were."""
        wanted = _split(words)
        if not self.next.says(wanted[0]):
            return False
        found = self.tokens[self.at : self.at + len(wanted)]
        if len(found) == len(wanted) and all(token.says(word) for token, word in zip(found, wanted)):
            self.at += len(wanted)
            return True
        return False

    def take_any(self, *alternatives):
        """Step over the first of these that comes next, and return it, or None."""
        return next((words for words in alternatives if self.take(words)), None)

    def name(self):
        """Step over a name with its schema, and return its parts, or None where none comes."""
        parts = []
        while self.next.kind in (WORD, NAME):
            parts.append(self.next.text)
            self.at += 1
            if not self.take("."):
                return tuple(parts)
        return None

    def names(self):
        """Step over names with commas between them, and return them."""
        found = [self.name()]
        while self.take(","):
            self.take("only")
            found.append(self.name())
        return [name for name in found if name]

    def rest(self):
        """Return all tokens that are left."""
        return self.tokens[self.at :]

    def says(self, words):
        """Tell whether these words stand, one after the other, anywhere in what is left outside of parentheses."""
        reader = Reader(outside(self.rest()))
        while reader.at < len(reader.tokens):
            if reader.take(words):
                return True
            reader.at += 1
        return False


def excerpt(text):
    """Return text on one line, short enough for a sentence."""
    line = " ".join(text.split())
    return line if len(line) <= GREATEST_EXCERPT else line[: GREATEST_EXCERPT - 1] + "…"


@cache
def _split(words):
    return words.split()


def said(name):
    """Return a name as a person writes it."""
    return ".".join(part if PLAIN_NAME.fullmatch(part) else '"' + part.replace('"', '""') + '"' for part in name)


def outside(tokens):
    """Return the tokens that stand in no parentheses."""
    found, depth = [], 0
    for token in tokens:
        depth -= token.says(")", "]")
        if depth <= 0:
            found.append(token)
        depth += token.says("(", "[")
    return found


def split_at_commas(tokens):
    """Return the parts between the commas that stand in no parentheses."""
    parts, depth = [[]], 0
    for token in tokens:
        depth += token.says("(", "[") - token.says(")", "]")
        if depth == 0 and token.says(","):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def split(sql):
    """Return the statements of a text."""
    found, tokens, depth = [], [], _Depth()
    broken = False
    for token in _tokens(sql):
        if token is None:
            broken = True
            break
        if token.says(";") and not depth.inside:
            found += _statement(sql, tokens)
            tokens, depth = [], _Depth()
        else:
            tokens.append(token)
            if token.text in NESTING:
                depth.follow(token, tokens)
    last = _statement(sql, tokens)
    if broken:
        start = tokens[0].start if tokens else 0
        last = [Statement(sql[start:], start, tokens, broken=True)]
    return found + last


class _Depth:
    """Where a semicolon ends nothing: in parentheses, and in the body of a function that begins with ATOMIC."""

    def __init__(self):
        self._parentheses = 0
        self._blocks = 0

    @property
    def inside(self):
        return self._parentheses > 0 or self._blocks > 0

    def follow(self, token, tokens):
        self._parentheses += token.says("(") - token.says(")")
        if token.says("atomic") and len(tokens) > 1 and tokens[-2].says("begin") and tokens[0].says("create"):
            self._blocks = 1
        elif self._blocks:
            self._blocks += token.says("case") - token.says("end")


def _statement(sql, tokens):
    return [Statement(sql[tokens[0].start : tokens[-1].end], tokens[0].start, tokens)] if tokens else []


def _tokens(sql):
    """Yield the tokens, and None at last where something has no end."""
    at = 0
    while at < len(sql):
        match = TOKEN.match(sql, at)
        kind = match.lastgroup
        if kind is None:  # only blanks are left
            return
        text, start, end = match.group(kind), match.start(kind), match.end()
        if kind == "comment":
            end = _comment_end(sql, start)
        elif kind == "dollar":
            closing = sql.find(text, end)
            end = closing + len(text) if closing >= 0 else -1
            kind = STRING
        elif kind == SYMBOL and text in ("'", '"'):
            end = -1
        if end < 0:
            yield None
            return
        if kind == NAME:
            yield Token(NAME, text[text.index('"') + 1 : -1].replace('""', '"'), start, end)
        elif kind == WORD:
            yield Token(WORD, text.lower(), start, end)
        elif kind != "comment":
            yield Token(kind, sql[start:end], start, end)
        at = end


def _comment_end(sql, at):
    depth = 0
    for match in COMMENT.finditer(sql, at):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return -1
