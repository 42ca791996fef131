"""One of two ids that begin alike."""

from alembic import op

revision = "27c6a1"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE one (id int)")


def downgrade():
    op.execute("DROP TABLE one")
