"""add index to user email

Why: the administrators' search finds users by the address exactly as they wrote it.
Data: none.
By hand: nothing.
Downtime: none, see the revision before.

Revision ID: ac4c5eb732db
Revises: d02573c0cda1
Create Date: 2025-12-02 08:50:15
"""

from alembic import op

revision = "ac4c5eb732db"
down_revision = "d02573c0cda1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the index, first removing what a broken-off build of the same name left.

    Such a build leaves an index that is marked invalid, is never used and yet slows every write;
    IF NOT EXISTS would take it for the real one.
    """
    with op.get_context().autocommit_block():
        op.drop_index("idx_user_email", "user", postgresql_concurrently=True, if_exists=True)
        op.create_index("idx_user_email", "user", ["email"], postgresql_concurrently=True)


def downgrade() -> None:
    """Drop the index."""
    with op.get_context().autocommit_block():
        op.drop_index("idx_user_email", "user", postgresql_concurrently=True, if_exists=True)
