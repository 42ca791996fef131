"""require tlog scores from 0 to 10

Why: the average score of a trig point must not be spoilt by a score of 100.
Data: new and changed logs are checked at once, old ones by the next revision.
By hand: nothing.
Downtime: none: NOT VALID adds the check without reading the table under its lock.

Revision ID: aba2cb1f4606
Revises: ac4c5eb732db
Create Date: 2025-12-08 17:05:33
"""

from alembic import op

revision = "aba2cb1f4606"
down_revision = "ac4c5eb732db"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the check for new rows."""
    op.create_check_constraint(
        op.f("ck_tlog_score"), "tlog", "score BETWEEN 0 AND 10", postgresql_not_valid=True
    )


def downgrade() -> None:
    """Drop the check."""
    op.drop_constraint(op.f("ck_tlog_score"), "tlog", type_="check")
