"""An address belongs to one customer; the others of that address are removed first."""

from alembic import op

revision = "r3_unique_emails"
down_revision = "r2_orders"


def upgrade():
    op.execute("DELETE FROM customers a USING customers b WHERE a.email = b.email AND a.id > b.id")
    op.execute("CREATE UNIQUE INDEX customers_email ON customers (email)")


def downgrade():
    op.execute("DROP INDEX customers_email")
