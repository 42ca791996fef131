"""create user and trig tables

Why: the first two tables of the site: who logs, and what is logged.
Data: none.
By hand: nothing.
Downtime: none.

Revision ID: 39daed7c83f6
Revises:
Create Date: 2025-09-02 10:14:07
"""

import sqlalchemy as sa
from alembic import op

revision = "39daed7c83f6"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "user",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("firstname", sa.String(30)),
        sa.Column("surname", sa.String(30)),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
        # As the user typed it: 'England', 'UK', 'Deutschland', …
        sa.Column("country", sa.String(50)),
        # K for kilometres, M for miles.
        sa.Column("distance_ind", sa.CHAR(1), server_default="K", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("name", name=op.f("uq_user_name")),
    )
    op.create_table(
        "trig",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("waypoint", sa.String(8), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("osgb_eastings", sa.Integer, nullable=False),
        sa.Column("osgb_northings", sa.Integer, nullable=False),
        sa.Column("osgb_gridref", sa.String(14), nullable=False),
        sa.Column("wgs_lat", sa.Numeric(7, 5), nullable=False),
        sa.Column("wgs_long", sa.Numeric(8, 5), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trig")),
        sa.UniqueConstraint("waypoint", name=op.f("uq_trig_waypoint")),
    )


def downgrade() -> None:
    """Drop the tables, with all users and trig points."""
    op.drop_table("trig")
    op.drop_table("user")
