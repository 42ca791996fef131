"""Orders."""

from alembic import op

revision = "r2_orders"
down_revision = "r1_customers"


def upgrade():
    op.execute("CREATE TABLE orders (id serial PRIMARY KEY)")


def downgrade():
    op.execute("DROP TABLE orders")
