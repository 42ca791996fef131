"""Statements that read and write rows: SELECT, WITH, DELETE, UPDATE, TRUNCATE, MERGE."""

from __future__ import annotations

from dbmigrations_runner.finding import Finding, closing, until
from dbmigrations_runner.statements import NAME, WORD, Reader, Statement, outside, said, split_at_commas

# Functions that a SELECT may call without doing more than it says.
SAFE_FUNCTIONS = frozenset(
    """
    abs array_agg array_length avg bool_and bool_or ceil ceiling char_length coalesce concat concat_ws count
    current_database current_schema current_setting currval date_part date_trunc extract floor format
    format_type gen_random_uuid greatest json_agg json_build_object jsonb_agg jsonb_build_object lastval least
    left length lower lpad ltrim max md5 min mod nextval now nullif pg_get_serial_sequence power quote_ident
    quote_literal rank regexp_replace replace right round row_number row_to_json rpad rtrim set_config setval
    split_part statement_timestamp string_agg substr substring sum to_char to_date to_json to_jsonb to_regclass
    to_timestamp transaction_timestamp trim trunc unnest upper version pg_notify pg_advisory_lock
    pg_advisory_xact_lock pg_sleep pg_typeof generate_series
    """.split()  # noqa: SIM905
)
# What may stand before a parenthesis and calls nothing.
NOT_FUNCTIONS = frozenset(
    """
    all and any array as between bit by case cast char character check cross cube decimal distinct else except
    exists filter float from grouping having in inner insert intersect interval into is join lateral left like
    limit materialized not numeric offset on only or order outer over partition recursive returning right rollup
    row select sets some table then time timestamp union unique using values varchar varying when where with
    within
    """.split()  # noqa: SIM905
)


def query(statement):
    """SELECT, VALUES, TABLE, WITH: what their functions do is not known."""
    tokens = statement.tokens
    for index in range(len(tokens) - 1):
        token, before = tokens[index], tokens[index - 1] if index else None
        if token.kind not in (WORD, NAME) or not tokens[index + 1].says("("):
            continue
        foreign = before is not None and before.says(".") and not tokens[index - 2].says("pg_catalog")
        known = token.kind == WORD and not foreign and token.text in SAFE_FUNCTIONS | NOT_FUNCTIONS
        names_columns = before is not None and before.says("with", "as", "recursive")
        if not known and not names_columns:
            yield Finding(destroys=f"calls {said((token.text,))}(), which may do anything: {statement.excerpt}")


def writing_parts(statement):
    """Return the statements inside of a WITH that write, and the one that it ends in."""
    tokens, found = statement.tokens, []
    for index, token in enumerate(tokens[:-1]):
        if token.says("(") and tokens[index + 1].says("delete", "update", "merge", "insert"):
            found.append(_part(statement, tokens[index + 1 : closing(tokens, index)]))
    top = {token.start for token in outside(tokens)}
    main = next((n for n, t in enumerate(tokens) if t.start in top and t.says("delete", "update", "merge")), None)
    if main is not None and tokens[0].says("with"):
        found.append(_part(statement, tokens[main:]))
    return found


def _part(statement, tokens):
    start, end = tokens[0].start - statement.start, tokens[-1].end - statement.start
    return Statement(statement.text[start:end], tokens[0].start, tokens)


def delete(statement):
    """Return what a DELETE does: one with a WHERE is taken for meant."""
    reader = statement.reader
    reader.take("delete from")
    reader.take("only")
    table = reader.name()
    if _is_for_all_rows(reader):
        sentence = f"deletes all rows of table {said(table or ())}"
        yield Finding(destroys=sentence, table=table, hazard=f"writes every row of table {said(table or ())}")


def update(statement):
    """Return what an UPDATE does: one with a WHERE is taken for meant."""
    reader = statement.reader
    reader.take("update")
    reader.take("only")
    table = reader.name()
    if not _is_for_all_rows(reader):
        return
    while reader.at < len(reader.tokens) and not reader.take("set"):
        reader.at += 1
    targets = [part for part in split_at_commas(until(reader.rest(), "from", "where", "returning")) if part]
    columns = tuple(token.text for part in targets for token in _assigned(part))
    yield Finding(
        destroys=f"overwrites {', '.join(columns)} in all rows of table {said(table or ())}",
        hazard=f"writes every row of table {said(table or ())}",
        table=table,
        overwrites=columns,
    )


def _assigned(part):
    """Return the columns before the equals sign: one, or several in parentheses."""
    left = until(part, "=")
    return [token for token in left if token.kind in (WORD, NAME) and not token.says("row")]


def _is_for_all_rows(reader):
    """Tell whether there is no WHERE, or one that is always true."""
    left = Reader(outside(reader.rest()))
    while left.at < len(left.tokens):
        if left.take("where"):
            condition = [token.text for token in left.rest()]
            return condition == ["true"] or (condition[1:2] == ["="] and condition[:1] == condition[2:])
        left.at += 1
    return True


def truncate(statement):
    """Return what a TRUNCATE does."""
    reader = statement.reader
    reader.take("truncate")
    reader.take("table")
    reader.take("only")
    for table in reader.names():
        also = ", and every table that refers to it" if reader.says("cascade") else ""
        yield Finding(destroys=f"empties table {said(table)}{also}", table=table)


def merge(statement):
    """Return what a MERGE does."""
    if any(token.says("delete", "update") for token in statement.tokens):
        yield Finding(destroys=f"changes or deletes the rows that a MERGE finds: {statement.excerpt}")
