"""A check: do the database's tables match the models of env.py? What `alembic check` asks, and nothing is run."""

from __future__ import annotations

from alembic.autogenerate.api import RevisionContext

from dbmigrations_runner import differences, graph, refusals
from dbmigrations_runner.audit import Audit
from dbmigrations_runner.migration import Migration
from dbmigrations_runner.plan import PlanVerdict

MATCH, DIFFER, NOT_AT_HEAD, NO_MODELS = "ModelsMatch", "ModelsDiffer", "NotAtHead", "NoModels"
# What the command gives it; there is no revision to be made.
ARGUMENTS = {
    "message": None,
    "autogenerate": True,
    "sql": False,
    "head": "head",
    "splice": False,
    "branch_label": None,
    "version_path": None,
    "rev_id": "check",
    "depends_on": None,
}


class Check(Migration):
    """One run of env.py in which nothing is migrated: it ends with the comparison in `document`."""

    def __init__(self, *others):
        super().__init__(*others)
        self._autogenerate = None
        self.document = None

    def published(self):
        """Print each difference, and return what the result document says of the comparison."""
        for words in self.document["differences"]:
            self._report.event("difference", message=words)
        return self.document

    def _steps(self, rows, context):
        if self.graph is None:
            self._report.note(**{"from": sorted(rows)})
            refusals.moved(rows, self._run.expected_revisions)
        self.graph = graph.Graph(context.script or self._tree.script, self._run.image)
        self._report.note(heads=self.graph.heads)
        unknown = self.graph.unknown(rows)
        if unknown:
            self._report.note(unknown=unknown)
            raise refusals.not_in_image(unknown, self._run.image)
        self.env.table.refuse_overlap(self.graph.overlapping(rows))
        return []

    def _run_steps(self, context, rows, _steps):
        """Compare, and give Alembic nothing to run."""
        if not set(self.graph.heads) <= self.graph.ancestors(rows):
            self.document = self._unanswered(NOT_AT_HEAD, self._below_the_head(rows))
        elif not _has_tables(context.opts.get("target_metadata")):
            self.document = self._unanswered(NO_MODELS, self._no_models(context.opts.get("target_metadata")))
        else:
            self._report.phase("the database was being compared with the models")
            found = self._compared(context)
            self.document = {
                "answer": DIFFER if found else MATCH,
                "message": None,
                "total": len(found),
                "differences": found,
            }
        return []

    def _compared(self, context):
        """Return all differences that were found so far, in words."""
        if self._autogenerate is None:
            self._autogenerate = RevisionContext(self._tree.config, self.graph.script, dict(ARGUMENTS))
        # These rows are at the heads, though Alembic forgets `depends_on` where it makes sure of that.
        heads = tuple(revision.revision for revision in self.graph.script.get_revisions("heads"))
        self._autogenerate.run_autogenerate(heads, context)
        # A hook of env.py may take out what has no operations.
        scripts = self._autogenerate.generated_revisions
        operations = [operations for script in scripts for operations in script.upgrade_ops_list]
        return differences.described(operations, context.dialect, self._ours())

    def _ours(self):
        """Return the tables that no model is expected for."""
        audit = Audit(self._run, self._lock_connection)
        return {(self.env.table.schema, self.env.table.name)} | audit.tables(self.env.table.said)

    def _below_the_head(self, rows):
        return (
            f"the database is at {refusals.said(rows)}, and the models in image {self._run.image} are those of its "
            f"head, {', '.join(self.graph.heads)}: they are compared when the database is there"
        )

    def _no_models(self, metadata):
        if metadata is None:
            return (
                f"env.py in image {self._run.image} gives context.configure() no target_metadata, so there are no "
                "models to compare with: let it give Base.metadata"
            )
        return (
            f"the target_metadata that env.py in image {self._run.image} gives has no tables: let env.py import the "
            "modules that the models are in"
        )

    @staticmethod
    def _unanswered(answer, message):
        return {"answer": answer, "message": message, "total": 0, "differences": []}


class CheckVerdict(PlanVerdict):
    """Judges whether there is an answer; nothing was to be applied."""

    made = "models"
    doing = "a check"


def _has_tables(metadata):
    """Tell whether there is anything to compare with; Alembic takes one MetaData, or several."""
    several = metadata if isinstance(metadata, (list, tuple)) else [metadata]
    return any(one is not None and one.tables for one in several)
