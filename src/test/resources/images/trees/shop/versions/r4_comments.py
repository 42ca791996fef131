"""Comments."""

from alembic import op

revision = "r4_comments"
down_revision = "r3_unique_emails"


def upgrade():
    op.execute("CREATE TABLE comments (id serial PRIMARY KEY)")


def downgrade():
    op.execute("DROP TABLE comments")
