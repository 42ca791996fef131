"""Customers have an address for mail."""

import sqlalchemy as sa
from alembic import op

revision = "p2_email"
down_revision = "p1_customers"


def upgrade():
    op.add_column("customers", sa.Column("email", sa.Text))


def downgrade():
    op.drop_column("customers", "email")
