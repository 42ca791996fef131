"""add custom indexes for performance

Why: the front page lists the newest logs; logging in compares addresses in lower case.
Data: none.
By hand: nothing.
Downtime: none: CONCURRENTLY lets writers go on. It cannot run in a transaction, hence the
autocommit block.

Revision ID: d02573c0cda1
Revises: e3b5be84d93e
Create Date: 2025-12-01 13:37:42
"""

import sqlalchemy as sa
from alembic import op

revision = "d02573c0cda1"
down_revision = "e3b5be84d93e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the indexes, first removing what a broken-off build of the same name left.

    Such a build leaves an index that is marked invalid, is never used and yet slows every write;
    IF NOT EXISTS would take it for the real one.
    """
    with op.get_context().autocommit_block():
        op.drop_index("idx_tlog_created_at", "tlog", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            "idx_tlog_created_at",
            "tlog",
            [sa.text("created_at DESC")],
            postgresql_concurrently=True,
        )
        op.drop_index("idx_user_email_lower", "user", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            "idx_user_email_lower", "user", [sa.text("lower(email)")], postgresql_concurrently=True
        )


def downgrade() -> None:
    """Drop the indexes."""
    with op.get_context().autocommit_block():
        op.drop_index("idx_user_email_lower", "user", postgresql_concurrently=True, if_exists=True)
        op.drop_index("idx_tlog_created_at", "tlog", postgresql_concurrently=True, if_exists=True)
