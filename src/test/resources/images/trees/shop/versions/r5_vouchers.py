"""Vouchers."""

from alembic import op

revision = "r5_vouchers"
down_revision = "r4_comments"


def upgrade():
    op.execute("CREATE TABLE vouchers (id serial PRIMARY KEY)")


def downgrade():
    op.execute("DROP TABLE vouchers")
