"""Runs the migrations: online against the database of the environment, or offline as SQL."""

from logging.config import fileConfig

import sqlalchemy as sa
from alembic import context
from alembic.util import CommandError

from api.database import DatabaseNotConfiguredError, database_url
from api.models import Base

if context.config.config_file_name is not None:
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)

OPTIONS = {
    # What autogenerate and `alembic check` compare with; its naming convention names constraints.
    "target_metadata": Base.metadata,
    "compare_type": True,
    "compare_server_default": True,
    # Each revision commits by itself. With one transaction for the whole run, a failure after an
    # autocommit_block() (indexes CONCURRENTLY) would leave the index in place and its row in
    # alembic_version rolled back, and a lock taken by the first revision would be held to the end.
    "transaction_per_migration": True,
}


def run_offline() -> None:
    """Print SQL. Needs no database, so that `--sql` works anywhere."""
    context.configure(dialect_name="postgresql", literal_binds=True, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Migrate the database.

    No statement may run on the connection before configure(): it would begin a transaction that
    Alembic takes for somebody else's and does not commit, so that nothing is applied.
    """
    try:
        url = database_url()
    except DatabaseNotConfiguredError as error:
        raise CommandError(str(error)) from None
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
