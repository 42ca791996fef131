"""validate tlog scores

Why: from here on every log, old or new, is known to have a score from 0 to 10.
Data: older scores outside are cut to the nearest one inside.
By hand: nothing.
Downtime: none: VALIDATE lets readers and writers go on, if the lock of adding the check was
released before. Hence a revision, and so a transaction, of its own.

Revision ID: d6ed100227f6
Revises: aba2cb1f4606
Create Date: 2025-12-09 09:00:21
"""

from alembic import op

revision = "d6ed100227f6"
down_revision = "aba2cb1f4606"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Mend old rows, then check them all."""
    op.execute("""
        UPDATE tlog
        SET score = greatest(0, least(10, score))
        WHERE score NOT BETWEEN 0 AND 10
    """)
    op.execute("ALTER TABLE tlog VALIDATE CONSTRAINT ck_tlog_score")


def downgrade() -> None:
    """Have the check as it was before, not validated. Cut scores stay cut."""
    op.drop_constraint(op.f("ck_tlog_score"), "tlog", type_="check")
    op.create_check_constraint(
        op.f("ck_tlog_score"), "tlog", "score BETWEEN 0 AND 10", postgresql_not_valid=True
    )
