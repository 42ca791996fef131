"""More SQL than a ConfigMap holds."""

from alembic import op

revision = "p4_large"
down_revision = "p3_no_name"


def upgrade():
    for i in range(12000):
        op.execute(f"INSERT INTO customers (id, email) VALUES ({i}, '{'x' * 100}')")


def downgrade():
    op.execute("DELETE FROM customers WHERE id < 12000")
