"""make_tlog_location_nullable

Why: a visit can be logged without saying where exactly the visitor stood.
Converted from api/migrations/001_make_tlog_location_nullable.sql.
Data: unchanged.
By hand: nothing.
Downtime: none; the API can be deployed before or after.

Revision ID: 0e59c3885358
Revises: 16076fffeed5
Create Date: 2025-11-04 11:32:18
"""

import sqlalchemy as sa
from alembic import op

revision = "0e59c3885358"
down_revision = "16076fffeed5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Allow logs without a location."""
    op.alter_column("tlog", "osgb_eastings", existing_type=sa.Integer, nullable=True)
    op.alter_column("tlog", "osgb_northings", existing_type=sa.Integer, nullable=True)
    op.alter_column("tlog", "osgb_gridref", existing_type=sa.String(14), nullable=True)


def downgrade() -> None:
    """Require a location again.

    A log without one gets that of its trig point, the best guess there is; afterwards it cannot be
    told which logs had none.
    """
    op.execute("""
        UPDATE tlog
        SET osgb_eastings = coalesce(tlog.osgb_eastings, trig.osgb_eastings),
            osgb_northings = coalesce(tlog.osgb_northings, trig.osgb_northings),
            osgb_gridref = coalesce(tlog.osgb_gridref, trig.osgb_gridref)
        FROM trig
        WHERE trig.id = tlog.trig_id
          AND num_nulls(tlog.osgb_eastings, tlog.osgb_northings, tlog.osgb_gridref) > 0
    """)
    op.alter_column("tlog", "osgb_gridref", existing_type=sa.String(14), nullable=False)
    op.alter_column("tlog", "osgb_northings", existing_type=sa.Integer, nullable=False)
    op.alter_column("tlog", "osgb_eastings", existing_type=sa.Integer, nullable=False)
