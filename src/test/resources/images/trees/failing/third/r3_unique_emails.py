"""An address belongs to one customer; which PostgreSQL refuses, since it is not so."""

from alembic import op

revision = "r3_unique_emails"
down_revision = "r2_orders"


def upgrade():
    op.execute("CREATE UNIQUE INDEX customers_email ON customers (email)")


def downgrade():
    op.execute("DROP INDEX customers_email")
