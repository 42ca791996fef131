"""An id longer than Alembic's own version table takes."""

from alembic import op

revision = "20261122_0001_add_the_table_of_all_the_customers"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE customers (id int)")


def downgrade():
    op.execute("DROP TABLE customers")
