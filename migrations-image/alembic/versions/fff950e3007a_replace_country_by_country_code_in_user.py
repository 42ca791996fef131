"""replace country by country code in user

Why: countries were typed freely, so that nobody could count users by country.
Data: known names become their ISO 3166-1 code, all others (and none) ZZ, 'unknown'.
By hand: look at SELECT country, count(*) FROM "user" GROUP BY 1 before, and add to COUNTRIES what
is missing.
Downtime: an API that still uses user.country fails from here on, and the table is locked while
all users are updated.

Revision ID: fff950e3007a
Revises: 2dafe483f96c
Create Date: 2025-11-17 10:55:26
"""

import sqlalchemy as sa
from alembic import op

revision = "fff950e3007a"
down_revision = "2dafe483f96c"
branch_labels = None
depends_on = None


# Code: its name, as the downgrade writes it, and other spellings; compared in lower case.
COUNTRIES = {
    "GB": ("United Kingdom", "uk", "great britain", "england", "scotland", "wales"),
    "IE": ("Ireland", "eire", "republic of ireland"),
    "IM": ("Isle of Man",),
    "DE": ("Germany", "deutschland"),
    "ES": ("Spain", "españa"),
    "FR": ("France",),
    "NL": ("Netherlands", "the netherlands", "holland"),
    "US": ("United States", "usa", "united states of america"),
}
UNKNOWN = "ZZ"

user = sa.table("user", sa.column("country", sa.String), sa.column("country_code", sa.String))


def upgrade() -> None:
    """Add the code, fill it for every user, only then require it, and drop the name."""
    op.add_column("user", sa.Column("country_code", sa.String(2)))
    typed = sa.func.lower(sa.func.btrim(user.c.country))
    for code, names in COUNTRIES.items():
        spellings = [name.lower() for name in names]
        op.execute(user.update().where(typed.in_(spellings)).values(country_code=code))
    # Whatever is left would make NOT NULL fail.
    op.execute(user.update().where(user.c.country_code.is_(None)).values(country_code=UNKNOWN))
    op.alter_column("user", "country_code", existing_type=sa.String(2), nullable=False)
    op.drop_column("user", "country")


def downgrade() -> None:
    """Restore the names of known countries.

    Which spelling a user had typed is lost, and so is a country that had become 'unknown'.
    """
    op.add_column("user", sa.Column("country", sa.String(50)))
    for code, names in COUNTRIES.items():
        op.execute(user.update().where(user.c.country_code == code).values(country=names[0]))
    op.drop_column("user", "country_code")
