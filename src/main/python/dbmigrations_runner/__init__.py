"""The runner: migrates one PostgreSQL database with the Alembic tree of the image that it runs in."""
