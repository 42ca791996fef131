"""Something quick."""

from alembic import op

revision = "s3_after"
down_revision = "s2_waits"


def upgrade():
    op.execute("CREATE TABLE after_it (id serial PRIMARY KEY)")
    op.execute("COMMENT ON TABLE before_it IS 'there is something after it'")


def downgrade():
    op.execute("DROP TABLE after_it")
