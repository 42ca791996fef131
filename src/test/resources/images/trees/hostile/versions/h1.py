"""An id that is hard to quote, and a message that steers terminals: \x1b[2J \u202egnp <script>alert(1)</script>"""

from alembic import op

revision = 'h1"<b>$(HOME);{%s}'
down_revision = None


def upgrade():
    op.execute("CREATE TABLE customers (id int) /* \x1b[2J\x1b]0;mine\x07 */")


def downgrade():
    pass
