"""Fails after it has done its work; the tree ledger has it mended."""

from alembic import op

revision = "r3_third"
down_revision = "r2_second"


def upgrade():
    op.execute("CREATE TABLE r3_third (id int)")
    op.execute("INSERT INTO audit.ledger (revision, direction) VALUES ('r3_third', 'up')")
    op.execute("SELECT 1 / 0")


def downgrade():
    op.execute("DROP TABLE r3_third")
