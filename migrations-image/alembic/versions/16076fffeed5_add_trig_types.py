"""add trig types

Why: a trig point is a pillar, a bolt, a rivet, …, and the map shows which.
Data: the list of the old site, row for row, so that its ids stay valid.
By hand: nothing; the importer fills trig.trig_type_id.
Downtime: none.

Revision ID: 16076fffeed5
Revises: bde4d699d9db
Create Date: 2025-10-13 09:25:30
"""

import sqlalchemy as sa
from alembic import op

revision = "16076fffeed5"
down_revision = "bde4d699d9db"
branch_labels = None
depends_on = None


# As the old site had them.
TRIG_TYPES = {
    1: "Pillar",
    2: "Fundamental Benchmark",
    3: "Intersected Station",
    4: "Bolt",
    5: "Surface Block",
    6: "Rivet",
    7: "Buried Block",
    8: "Cut",
    9: "Active Station",
    10: "Berntsen",
    11: "Cannon",
    12: "Concrete Ring",
    13: "Curry Stool",
    14: "Platform Bolt",
    15: "Surface Block",
    16: "Other",
}


def upgrade() -> None:
    """Create and fill the table of types, and let trig points refer to it."""
    trig_type = op.create_table(
        "trig_type",
        sa.Column("id", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trig_type")),
    )
    op.bulk_insert(trig_type, [{"id": id_, "name": name} for id_, name in TRIG_TYPES.items()])
    op.add_column("trig", sa.Column("trig_type_id", sa.SmallInteger))
    op.create_foreign_key(
        op.f("fk_trig_trig_type_id_trig_type"), "trig", "trig_type", ["trig_type_id"], ["id"]
    )


def downgrade() -> None:
    """Drop the types. Which trig point is of which type is lost."""
    op.drop_column("trig", "trig_type_id")
    op.drop_table("trig_type")
