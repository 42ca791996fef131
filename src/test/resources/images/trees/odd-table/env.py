"""An env.py that keeps its revisions in a schema and a table that need quotes."""

from alembic import context
from sqlalchemy import engine_from_config, pool

settings = context.config.get_section(context.config.config_ini_section)

with engine_from_config(settings, poolclass=pool.NullPool).connect() as connection:
    context.configure(
        connection=connection,
        version_table='Where "we" are',
        version_table_schema="Größen & Ops",
    )
    with context.begin_transaction():
        context.run_migrations()
