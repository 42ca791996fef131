"""Addresses."""

from alembic import op

revision = "i1_addresses"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE addresses (line text)")


def downgrade():
    op.execute("DROP TABLE addresses")
