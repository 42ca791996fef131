"""Takes until the gate is open; it is, unless the test has closed it."""

from alembic import op

revision = "r2_second"
down_revision = "r1_first"


def upgrade():
    op.execute("""
        DO $$ BEGIN
          WHILE (SELECT closed FROM audit.gate) LOOP
            PERFORM pg_sleep(0.02);
          END LOOP;
        END $$""")
    op.execute("CREATE TABLE r2_second (id int)")
    op.execute("INSERT INTO audit.ledger (revision, direction) VALUES ('r2_second', 'up')")


def downgrade():
    op.execute("DROP TABLE r2_second")
    op.execute("INSERT INTO audit.ledger (revision, direction) VALUES ('r2_second', 'down')")
