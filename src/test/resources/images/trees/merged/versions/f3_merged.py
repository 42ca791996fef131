"""Coupons and wishlists together, as `alembic merge` writes it."""

revision = "f3_merged"
down_revision = ("f2_coupons", "f2_wishlists")


def upgrade():
    pass


def downgrade():
    pass
