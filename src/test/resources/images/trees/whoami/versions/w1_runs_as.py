"""Notes which user and group it runs as."""

import os

from alembic import op

revision = "w1_runs_as"
down_revision = None


def upgrade():
    op.execute(f"CREATE TABLE runs_as AS SELECT {os.getuid()} AS uid, {os.getgid()} AS gid")


def downgrade():
    op.execute("DROP TABLE runs_as")
