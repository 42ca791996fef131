"""create tlog and tphoto tables

Why: users log their visits and add photographs to them.
Data: none.
By hand: nothing.
Downtime: none.

Revision ID: bde4d699d9db
Revises: 39daed7c83f6
Create Date: 2025-09-04 16:40:51
"""

import sqlalchemy as sa
from alembic import op

revision = "bde4d699d9db"
down_revision = "39daed7c83f6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, with an index on each foreign key (PostgreSQL makes none by itself)."""
    op.create_table(
        "tlog",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("trig_id", sa.Integer, nullable=False),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("osgb_eastings", sa.Integer, nullable=False),
        sa.Column("osgb_northings", sa.Integer, nullable=False),
        sa.Column("osgb_gridref", sa.String(14), nullable=False),
        sa.Column("score", sa.SmallInteger, server_default="0", nullable=False),
        sa.Column("comment", sa.Text, server_default="", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tlog")),
        sa.ForeignKeyConstraint(["trig_id"], ["trig.id"], name=op.f("fk_tlog_trig_id_trig")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_tlog_user_id_user")),
    )
    op.create_index(op.f("ix_tlog_trig_id"), "tlog", ["trig_id"])
    op.create_index(op.f("ix_tlog_user_id"), "tlog", ["user_id"])
    op.create_table(
        "tphoto",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("tlog_id", sa.Integer, nullable=False),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("caption", sa.Text, server_default="", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tphoto")),
        sa.ForeignKeyConstraint(
            ["tlog_id"], ["tlog.id"], name=op.f("fk_tphoto_tlog_id_tlog"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_tphoto_tlog_id"), "tphoto", ["tlog_id"])


def downgrade() -> None:
    """Drop the tables, with all logs and photographs."""
    op.drop_table("tphoto")
    op.drop_table("tlog")
