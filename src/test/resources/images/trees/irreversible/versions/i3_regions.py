"""Regions."""

from alembic import op

revision = "i3_regions"
down_revision = "i2_forget_addresses"


def upgrade():
    op.execute("CREATE TABLE regions (id int)")


def downgrade():
    op.execute("DROP TABLE regions")
