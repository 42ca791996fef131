"""Something quick."""

from alembic import op

revision = "s1_before"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE before_it (id serial PRIMARY KEY)")


def downgrade():
    op.execute("DROP TABLE before_it")
