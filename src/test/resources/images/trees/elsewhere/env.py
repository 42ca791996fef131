"""An env.py that goes to a database of its own choice: the one named by -x database."""

from alembic import context
from sqlalchemy import create_engine, make_url, pool

url = make_url(context.config.get_main_option("sqlalchemy.url"))
database = context.get_x_argument(as_dictionary=True)["database"]

with create_engine(url.set(database=database), poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
