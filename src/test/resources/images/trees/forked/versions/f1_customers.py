"""Customers."""

from alembic import op

revision = "f1_customers"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE customers (id serial PRIMARY KEY)")


def downgrade():
    op.execute("DROP TABLE customers")
