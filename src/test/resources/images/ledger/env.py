"""Alembic's own env.py, as short as it gets. With -x transaction=each, each revision commits by itself."""

from alembic import context
from sqlalchemy import engine_from_config, pool

settings = context.config.get_section(context.config.config_ini_section)
arguments = context.get_x_argument(as_dictionary=True)

with engine_from_config(settings, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=arguments.get("transaction") == "each")
    with context.begin_transaction():
        context.run_migrations()
