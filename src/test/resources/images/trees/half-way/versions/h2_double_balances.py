"""Fills a table in portions that commit by themselves, and stops after the first."""

from alembic import op

revision = "h2_double_balances"
down_revision = "h1_accounts"


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("INSERT INTO accounts VALUES (1, 100)")
        op.execute("INSERT INTO accounts VALUES (2, 100 / 0)")


def downgrade():
    op.execute("DELETE FROM accounts")
