"""Accounts, with their balances in euros."""

from alembic import op

revision = "c1_accounts"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE accounts (id int, balance int)")
    op.execute("CREATE TABLE orders (id int)")
    op.execute("INSERT INTO accounts VALUES (1, 1)")


def downgrade():
    op.execute("DROP TABLE orders, accounts")
