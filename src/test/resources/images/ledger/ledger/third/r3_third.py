"""Something quick."""

from alembic import op

revision = "r3_third"
down_revision = "r2_second"


def upgrade():
    op.execute("CREATE TABLE r3_third (id int)")
    op.execute("INSERT INTO audit.ledger (revision, direction) VALUES ('r3_third', 'up')")


def downgrade():
    op.execute("DROP TABLE r3_third")
    op.execute("INSERT INTO audit.ledger (revision, direction) VALUES ('r3_third', 'down')")
