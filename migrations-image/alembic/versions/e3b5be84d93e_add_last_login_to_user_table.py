"""add last_login to user table

Why: accounts that nobody uses any more can be found.
Data: none; empty until the next login.
By hand: nothing.
Downtime: none; a column without a default needs no rewrite of the table.

Revision ID: e3b5be84d93e
Revises: fff950e3007a
Create Date: 2025-11-24 09:12:00
"""

import sqlalchemy as sa
from alembic import op

revision = "e3b5be84d93e"
down_revision = "fff950e3007a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("user", sa.Column("last_login", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Drop the column, with the times."""
    op.drop_column("user", "last_login")
