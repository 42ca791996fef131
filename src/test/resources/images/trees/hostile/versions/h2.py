"""An error as long and as ugly as can be"""

revision = "h2"
down_revision = 'h1"<b>$(HOME);{%s}'


def upgrade():
    raise RuntimeError("\x1b[2J\x1b]0;mine\x07 \u202egnp <script> 'q' \"qq\" $(HOME) %s {0}" + "x" * 10_000)


def downgrade():
    pass
