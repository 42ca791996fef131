"""Accounts."""

from alembic import op

revision = "h1_accounts"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE accounts (id int, balance int)")


def downgrade():
    op.execute("DROP TABLE accounts")
