"""migrate old user data to preferences

Why: the unit of distances is a preference; user.distance_ind was its old place.
Data: one row in user_preferences for each user; user.distance_ind goes.
By hand: nothing.
Downtime: an API that still reads user.distance_ind fails from here on: deploy the new one first.

Revision ID: 2dafe483f96c
Revises: fad8367726e5
Create Date: 2025-11-10 15:21:09
"""

import sqlalchemy as sa
from alembic import op

revision = "2dafe483f96c"
down_revision = "fad8367726e5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Copy the unit, then drop its old column."""
    op.execute("""
        INSERT INTO user_preferences (user_id, distance_unit)
        SELECT id, CASE distance_ind WHEN 'M' THEN 'mi' ELSE 'km' END
        FROM "user"
        ON CONFLICT (user_id) DO UPDATE SET distance_unit = excluded.distance_unit
    """)
    op.drop_column("user", "distance_ind")


def downgrade() -> None:
    """Restore the old column from the preferences, whose rows stay."""
    op.add_column("user", sa.Column("distance_ind", sa.CHAR(1), server_default="K", nullable=False))
    op.execute("""
        UPDATE "user"
        SET distance_ind = 'M'
        FROM user_preferences
        WHERE user_preferences.user_id = "user".id AND distance_unit = 'mi'
    """)
