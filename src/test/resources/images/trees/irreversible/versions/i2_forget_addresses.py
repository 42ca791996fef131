"""Addresses go, and nobody kept a copy."""

from alembic import op

revision = "i2_forget_addresses"
down_revision = "i1_addresses"


def upgrade():
    op.execute("DROP TABLE addresses")


def downgrade():
    raise NotImplementedError
