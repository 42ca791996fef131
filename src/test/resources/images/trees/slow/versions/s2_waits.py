"""Takes until the test writes a row into the table gate."""

from alembic import op

revision = "s2_waits"
down_revision = "s1_before"


def upgrade():
    op.execute("""
        DO $$ BEGIN
          WHILE NOT EXISTS (SELECT FROM gate) LOOP
            PERFORM pg_sleep(0.05);
          END LOOP;
        END $$""")


def downgrade():
    op.execute("SELECT 1")
