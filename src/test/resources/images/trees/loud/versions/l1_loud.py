"""A statement of more than 10,000 characters, and an error that repeats it."""

from alembic import op

revision = "l1_loud"
down_revision = None


def upgrade():
    op.execute(f"SELECT CAST('begin {'x' * 10_000} end' AS integer)")


def downgrade():
    pass
