"""What one statement does, as a value, and what the readers of statements share."""

from __future__ import annotations

from dataclasses import dataclass

from dbmigrations_runner.statements import outside


@dataclass(frozen=True)
class Finding:
    """One thing that a statement does; what is told of it depends on the table, too.

    `hazard` is told with the table's size, and not at all for a table that the plan itself creates; `refused` is
    what PostgreSQL refuses inside of a transaction; `new_type` is what the column's type becomes, `cast` whether
    an expression of its own computes it.
    """

    destroys: str | None = None
    hazard: str | None = None
    table: tuple | None = None
    refused: str | None = None
    hazard_in_transaction: str | None = None
    column: str | None = None
    new_type: str | None = None
    cast: bool = False
    creates: bool = False
    temporary: bool = False
    drops: bool = False
    adds: bool = False
    overwrites: tuple = ()
    renamed: tuple | None = None


def unknown(statement):
    """Return the finding for what is not understood, which counts as destructive."""
    return Finding(destroys=f"runs what is not understood: {statement.excerpt}")


def closing(tokens, opening):
    """Return where the parenthesis ends that opens here."""
    depth = 0
    for index in range(opening, len(tokens)):
        depth += tokens[index].says("(") - tokens[index].says(")")
        if depth == 0:
            return index
    return len(tokens)


def until(tokens, *words):
    """Return the tokens before the first of these words that stands in no parentheses."""
    stops = {token.start for token in outside(tokens) if token.says(*words)}
    return tokens[: next((index for index, token in enumerate(tokens) if token.start in stops), len(tokens))]


def type_text(tokens):
    """Return the type at the begin of a column's definition, as text."""
    ends = ("not", "null", "default", "constraint", "primary", "unique", "check", "references", "generated", "collate")
    text = " ".join(token.text for token in until(tokens, *ends, "using", "storage", "compression"))
    return text.replace(" (", "(").replace("( ", "(").replace(" )", ")").replace(" ,", ",").replace(" . ", ".")
