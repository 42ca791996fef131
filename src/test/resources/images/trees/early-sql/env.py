"""An env.py that runs SQL before configure(), so that Alembic leaves the transaction to it and nobody commits."""

from alembic import context
from sqlalchemy import engine_from_config, pool, text

settings = context.config.get_section(context.config.config_ini_section)

with engine_from_config(settings, poolclass=pool.NullPool).connect() as connection:
    connection.execute(text("SELECT 1"))
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
