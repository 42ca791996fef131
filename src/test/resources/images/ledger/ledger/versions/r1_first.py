"""Something quick."""

from alembic import op

revision = "r1_first"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE r1_first (id int)")
    op.execute("INSERT INTO audit.ledger (revision, direction) VALUES ('r1_first', 'up')")


def downgrade():
    op.execute("DROP TABLE r1_first")
    op.execute("INSERT INTO audit.ledger (revision, direction) VALUES ('r1_first', 'down')")
