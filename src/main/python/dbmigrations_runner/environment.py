"""Puts the credentials everywhere that an env.py may look for them."""

import os

from dbmigrations_runner import drivers, image

# Of libpq's variables, those that lead a connection elsewhere whatever its parameters say.
MISLEADING = ("PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE", "PGPASSFILE", "PGREQUIRESSL")


def publish(run, tree, credentials):
    """Set the environment's variables and the Config's sqlalchemy.url."""
    for name in MISLEADING:
        os.environ.pop(name, None)
    os.environ.update(variables(run, credentials))
    os.environ.setdefault("PGCONNECT_TIMEOUT", str(drivers.CONNECT_TIMEOUT_SECONDS))
    url = drivers.full_url(_scheme(tree), credentials)
    # ConfigParser takes a percent sign for the begin of a reference.
    tree.config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))


def variables(run, credentials):
    """Return the variables that carry the credentials."""
    parts = {
        "host": credentials.host,
        "port": str(credentials.port),
        "user": credentials.user,
        "password": credentials.password,
        "dbname": credentials.database,
        "url": drivers.plain_url(_usable_scheme(drivers.available()), credentials),
    }
    found = {
        "DB_HOST": parts["host"],
        "DB_PORT": parts["port"],
        "DB_USER": parts["user"],
        "DB_PASSWORD": parts["password"],
        "DB_NAME": parts["dbname"],
        "PGHOST": parts["host"],
        "PGPORT": parts["port"],
        "PGUSER": parts["user"],
        "PGPASSWORD": parts["password"],
        "PGDATABASE": parts["dbname"],
        "PGSSLMODE": credentials.sslmode,
        "DATABASE_URL": parts["url"],
    }
    if credentials.sslrootcert or credentials.sslmode.startswith("verify-"):
        found["PGSSLROOTCERT"] = drivers.certificate_file(credentials)
    found.update({name: parts[part] for name, part in run.credentials_env.items()})
    return found


def _scheme(tree):
    """Return the scheme for sqlalchemy.url: the tree's own choice of driver, else one that the image has."""
    found = drivers.available()
    named = (image.file_url(tree.config) or "").partition("://")[0]
    if named.startswith("postgresql+") and named.partition("+")[2] in found:
        return named
    if _is_async(tree):
        return f"postgresql+{next((driver for driver in reversed(found) if driver in drivers.ASYNC), found[0])}"
    return _usable_scheme(found)


def _usable_scheme(found):
    """Return plain postgresql where SQLAlchemy finds a driver for it, else the name of one that the image has."""
    from sqlalchemy.engine import make_url  # noqa: PLC0415

    # Which driver is the default differs between SQLAlchemy 2.0 and 2.1.
    return "postgresql" if make_url("postgresql://").get_dialect().driver in found else f"postgresql+{found[0]}"


def _is_async(tree):
    """Tell whether env.py makes an asynchronous engine, for which not every driver will do."""
    with open(os.path.join(tree.script.dir, "env.py"), encoding="utf-8", errors="replace") as file:
        return "async_engine" in file.read()
