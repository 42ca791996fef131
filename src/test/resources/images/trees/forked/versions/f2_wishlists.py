"""Wishlists, written beside the other revision that follows f1_customers."""

from alembic import op

revision = "f2_wishlists"
down_revision = "f1_customers"


def upgrade():
    op.execute("CREATE TABLE wishlists (id serial PRIMARY KEY)")


def downgrade():
    op.execute("DROP TABLE wishlists")
