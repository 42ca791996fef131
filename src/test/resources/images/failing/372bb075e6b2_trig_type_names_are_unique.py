"""trig type names are unique

Why: the map's legend must not list a type twice.
Data: none.
By hand: nothing.
Downtime: none; the table is small.

Revision ID: 372bb075e6b2
Revises: d6ed100227f6
Create Date: 2025-12-15 11:20:08
"""

from alembic import op

revision = "372bb075e6b2"
down_revision = "d6ed100227f6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the constraint."""
    op.create_unique_constraint(op.f("uq_trig_type_name"), "trig_type", ["name"])


def downgrade() -> None:
    """Drop the constraint."""
    op.drop_constraint(op.f("uq_trig_type_name"), "trig_type", type_="unique")
