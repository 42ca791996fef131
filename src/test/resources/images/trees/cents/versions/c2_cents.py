"""Balances in cents, and an index on them; then something that has to wait for a lock."""

from alembic import op

revision = "c2_cents"
down_revision = "c1_accounts"


def upgrade():
    op.execute("UPDATE accounts SET balance = balance * 100")
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS accounts_balance ON accounts (balance)")
    op.execute("ALTER TABLE orders ADD note text")


def downgrade():
    op.execute("DROP INDEX accounts_balance")
    op.execute("UPDATE accounts SET balance = balance / 100")
