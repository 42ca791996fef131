"""${message}

Why:
Data:
By hand: nothing.
Downtime: none.

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = "${up_revision}"
down_revision = ${repr(down_revision).replace("'", '"')}
branch_labels = ${repr(branch_labels).replace("'", '"')}
depends_on = ${repr(depends_on).replace("'", '"')}


def upgrade() -> None:
    """TODO: say what is done."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """TODO: say what is restored, and what cannot be."""
    ${downgrades if downgrades else "pass"}
