"""The other."""

from alembic import op

revision = "27c6b2"
down_revision = "27c6a1"


def upgrade():
    op.execute("CREATE TABLE two (id int)")


def downgrade():
    op.execute("DROP TABLE two")
