"""add user preferences table

Why: settings get a table of their own, before the table of users grows a column for each.
Data: none; a user without a row has the defaults.
By hand: nothing.
Downtime: none.

Revision ID: fad8367726e5
Revises: 0e59c3885358
Create Date: 2025-11-10 14:03:44
"""

import sqlalchemy as sa
from alembic import op

revision = "fad8367726e5"
down_revision = "0e59c3885358"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "user_preferences",
        sa.Column("user_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("distance_unit", sa.String(2), server_default="km", nullable=False),
        sa.Column("email_notifications", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_preferences")),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_user_preferences_user_id_user"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "distance_unit IN ('km', 'mi')", name=op.f("ck_user_preferences_distance_unit")
        ),
    )


def downgrade() -> None:
    """Drop the table, with all preferences."""
    op.drop_table("user_preferences")
