"""Customers have no name any more."""

import sqlalchemy as sa
from alembic import op

revision = "p3_no_name"
down_revision = "p2_email"


def upgrade():
    op.drop_column("customers", "name")


def downgrade():
    op.add_column("customers", sa.Column("name", sa.Text))
