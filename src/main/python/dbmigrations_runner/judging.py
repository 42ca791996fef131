"""What a plan's statements destroy, lock, rewrite or cannot do: sentences for the person who decides."""

from __future__ import annotations

from dbmigrations_runner import altering, columntypes, definitions, rowchanges
from dbmigrations_runner.finding import Finding, unknown
from dbmigrations_runner.statements import WORD, said, split

# They leave data alone, or only add to it.
HARMLESS = frozenset(
    """
    abort analyze begin checkpoint close comment commit deallocate declare discard end fetch grant import insert
    listen move notify reassign release reset revoke rollback savepoint security set show start unlisten
    """.split()  # noqa: SIM905
)
IN_BLOCK = "because it runs inside of a transaction: put it into `with op.get_context().autocommit_block():`"


def findings(statement):
    """Return what one statement does."""
    if statement.broken:
        return [unknown(statement)]
    head = statement.tokens[0]
    found = []
    if head.says("with", "insert"):
        found = [finding for part in rowchanges.writing_parts(statement) for finding in findings(part)]
    if head.says(*HARMLESS):
        return found
    handler = HANDLERS.get(head.text) if head.kind == WORD else None
    return found + (list(handler(statement)) if handler else [unknown(statement)])


class Judge:
    """Goes through a plan's statements in their order."""

    def __init__(self, known, autocommit):
        self._known = known
        self._autocommit = autocommit
        self._in_transaction = True

    def step(self, read, outside):
        """Return what destroys and what hurts in one step, of which `read` has the statements and their findings.

        `outside` has the parts of its text, as offsets, that run in autocommit.
        """
        self._known.step_starts()
        destroys, hazards = [], []
        for statement, found in read:
            inside = self._is_inside(statement, outside)
            for finding in found:
                self._add(destroys, self._destroyed(finding))
                self._add(hazards, self._hazard(finding, inside))
                self._remember(finding)
            self._follow(statement)
        return destroys, hazards

    def _is_inside(self, statement, outside):
        if self._autocommit or any(start <= statement.start < end for start, end in outside):
            return False
        return self._in_transaction

    def _follow(self, statement):
        head = statement.tokens[0]
        if head.says("begin", "start"):
            self._in_transaction = True
        elif head.says("commit", "end", "abort") or (head.says("rollback") and not statement.reader.says("to")):
            self._in_transaction = False

    @staticmethod
    def _add(sentences, sentence):
        if sentence and sentence not in sentences:
            sentences.append(sentence)

    def _destroyed(self, finding):
        known = self._known
        if known.is_temporary(finding.table) or known.is_filled_only_here(finding.table, finding.overwrites):
            return None
        if finding.new_type is None or finding.adds:
            return finding.destroys
        old = known.type_of(finding.table, finding.column)
        if old and not finding.cast and columntypes.widens(old, finding.new_type):
            return None
        how = " by an expression of its own" if finding.cast else ""
        return (
            f"changes column {said((*finding.table, finding.column))} from {old or 'a type that is not known'} "
            f"to {finding.new_type}{how}, which may lose data"
        )

    def _hazard(self, finding, inside):
        if inside and finding.refused:
            return f"PostgreSQL will refuse {finding.refused}, {IN_BLOCK}"
        if inside and finding.hazard_in_transaction:
            return finding.hazard_in_transaction
        sentence = finding.hazard
        if finding.new_type is not None and not finding.adds:
            sentence = self._rewrite(finding)
        if sentence is None or self._known.is_new(finding.table) or self._known.is_temporary(finding.table):
            return None
        return f"{sentence} ({self._known.size(finding.table)})" if finding.table else sentence

    def _rewrite(self, finding):
        old = self._known.type_of(finding.table, finding.column)
        if old and not finding.cast and not columntypes.rewrites(old, finding.new_type):
            return None
        table, column = said(finding.table), said((finding.column,))
        what = f"changes the type of column {table}.{column} to {finding.new_type}"
        return f"rewrites table {table} {altering.BLOCKED}: {what}"

    def _remember(self, finding):
        known, table = self._known, finding.table
        if finding.creates:
            known.created(table, finding.temporary)
        elif finding.renamed:
            known.renamed(table, finding.column, finding.renamed)
        elif finding.adds:
            known.added(table, finding.column, finding.new_type)
        elif finding.new_type is not None:
            known.changed(table, finding.column, finding.new_type)


def read(sql):
    """Return the statements of a text, each with what it does."""
    return [(statement, findings(statement)) for statement in split(sql)]


def tables(read):
    """Return the names of the tables that these statements are about."""
    return {finding.table for _, found in read for finding in found if finding.table}


def _vacuum(statement):
    reader = statement.reader
    reader.take("vacuum")
    full = reader.says("full") or any(token.says("full") for token in statement.tokens)
    yield Finding(refused="VACUUM")
    if full:
        table = _last_name(statement)
        which = f"table {said(table)}" if table else "every table"
        yield Finding(hazard=f"rewrites {which} {altering.BLOCKED}: VACUUM FULL", table=table)


def _cluster(statement):
    reader = statement.reader
    reader.take("cluster")
    table = reader.name()
    which = f"table {said(table)}" if table else "every table that was clustered before"
    yield Finding(hazard=f"rewrites {which} {altering.BLOCKED}: CLUSTER", table=table)


def _reindex(statement):
    if any(token.says("concurrently") for token in statement.tokens):
        yield Finding(refused="REINDEX CONCURRENTLY")
        return
    reader = statement.reader
    reader.take("reindex")
    kind = reader.take_any("index", "table", "schema", "database", "system")
    name = reader.name()
    sentence = f"builds {kind or 'index'} {said(name or ())} anew without CONCURRENTLY: writes wait until it is done"
    yield Finding(hazard=sentence, table=name if kind == "table" else None)
    if kind in ("schema", "database", "system"):
        yield Finding(refused=f"REINDEX {kind.upper()}")


def _refresh(statement):
    reader = statement.reader
    reader.take("refresh materialized view")
    if not reader.take("concurrently"):
        view = reader.name() or ()
        yield Finding(hazard=f"fills materialized view {said(view)} anew while nobody can read it", table=view or None)


def _lock(statement):
    reader = statement.reader
    reader.take("lock")
    reader.take("table")
    reader.take("only")
    for table in reader.names():
        yield Finding(hazard=f"locks table {said(table)} until the transaction ends", table=table)


def _explain(statement):
    if any(token.says("analyze", "analyse") for token in statement.tokens):
        yield unknown(statement)


def _copy(statement):
    if any(token.says("program") for token in statement.tokens):
        yield unknown(statement)


def _last_name(statement):
    names = [token.text for token in statement.tokens if not token.says("(", ")", ",")]
    last = names[-1] if names else "vacuum"
    return None if last in ("vacuum", "full", "verbose", "analyze") else (last,)


HANDLERS = {
    "select": rowchanges.query,
    "values": rowchanges.query,
    "table": rowchanges.query,
    "with": rowchanges.query,
    "delete": rowchanges.delete,
    "update": rowchanges.update,
    "truncate": rowchanges.truncate,
    "merge": rowchanges.merge,
    "create": definitions.create,
    "drop": definitions.drop,
    "alter": altering.alter,
    "vacuum": _vacuum,
    "cluster": _cluster,
    "reindex": _reindex,
    "refresh": _refresh,
    "lock": _lock,
    "explain": _explain,
    "copy": _copy,
}
