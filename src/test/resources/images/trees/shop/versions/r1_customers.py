"""Customers, two of whom share an address."""

from alembic import op

revision = "r1_customers"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE customers (id serial PRIMARY KEY, email text)")
    op.execute("INSERT INTO customers (email) VALUES ('ada@example.com'), ('ada@example.com')")


def downgrade():
    op.execute("DROP TABLE customers")
