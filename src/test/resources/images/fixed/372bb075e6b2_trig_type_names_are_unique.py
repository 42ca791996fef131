"""trig type names are unique

Why: the map's legend must not list a type twice.
Data: the old site's list has Surface Block twice. Of each name the lowest id stays, trig points of
the others move to it, and the others go.
By hand: nothing.
Downtime: none; the table is small.

Revision ID: 372bb075e6b2
Revises: d6ed100227f6
Create Date: 2025-12-15 11:20:08
"""

from alembic import op

revision = "372bb075e6b2"
down_revision = "d6ed100227f6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Join types of the same name, then add the constraint."""
    op.execute("""
        UPDATE trig
        SET trig_type_id = kept.id
        FROM trig_type AS old
        JOIN (SELECT name, min(id) AS id FROM trig_type GROUP BY name) AS kept USING (name)
        WHERE trig.trig_type_id = old.id AND old.id <> kept.id
    """)
    op.execute("DELETE FROM trig_type WHERE id NOT IN (SELECT min(id) FROM trig_type GROUP BY name)")
    op.create_unique_constraint(op.f("uq_trig_type_name"), "trig_type", ["name"])


def downgrade() -> None:
    """Drop the constraint. Joined types stay joined."""
    op.drop_constraint(op.f("uq_trig_type_name"), "trig_type", type_="unique")
