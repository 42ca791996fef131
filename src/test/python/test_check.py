"""Checks: do the tables match the models? The answers are those of `alembic check`, in words."""

import subprocess

import pytest

from trees import ASYNC_ENV, ENV

MODELS = """\
import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.String(255), nullable=False),
    sa.Column("age", sa.Integer),
    sa.Column("kind", sa.String(10), server_default="person"),
    sa.UniqueConstraint("email", name="uq_users_email"),
    sa.Index("ix_users_age", "age"),
)
sa.Table(
    "orders",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id", name="fk_orders_user")),
)
"""
UP = "import models\nmodels.metadata.create_all(op.get_bind())"
WITH_MODELS = "import models\n\ntarget_metadata = models.metadata\n"
OPTIONS = "compare_type=True, compare_server_default=True"


@pytest.fixture(autouse=True)
def history(tree):
    tree.write("models.py", MODELS)
    tree.revision("aaaa1111", up=UP, down="pass")
    tree.env(ENV.replace("target_metadata = None\n", WITH_MODELS), OPTIONS)


def async_env(tree):
    text = ASYNC_ENV.replace("config = context.config\n", f"config = context.config\n{WITH_MODELS}")
    tree.env(text.replace("target_metadata=None", "target_metadata=target_metadata"), OPTIONS)


def differences(result):
    assert (result.status, result.outcome, result.reason, result.message) == (0, "Succeeded", None, None)
    answer = "ModelsDiffer" if result.models["total"] else "ModelsMatch"
    assert (result.models["answer"], result.models["message"]) == (answer, None)
    assert result.models["total"] == len(result.models["differences"])
    return result.models["differences"]


def changed(database, *statements):
    for statement in statements:
        database.query(statement)


def snapshot(database):
    return database.query("SELECT relname, xmin FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1")


def test_what_matches_matches_and_what_was_changed_by_hand_does_not(any_pod, tree, database):
    if "asyncpg" in any_pod.python:
        async_env(tree)
    assert any_pod.upgrade().outcome == "Succeeded"
    before = snapshot(database)
    matching = any_pod.check()
    assert differences(matching) == []
    assert (matching.from_, matching.current, matching.heads) == (["aaaa1111"], ["aaaa1111"], ["aaaa1111"])
    assert snapshot(database) == before
    changed(database, "ALTER TABLE users ADD COLUMN nickname varchar(40)", "DROP INDEX ix_users_age")
    found = any_pod.check()
    assert differences(found) == [
        "column users.nickname (VARCHAR(40)) is not in the models",
        "index ix_users_age on users (age) is missing",
    ]
    told = [event["message"] for event in found.events if event["event"] == "difference"]
    assert told == found.models["differences"]


CHANGES = {
    "DROP TABLE orders": ["table orders is missing"],
    "CREATE TABLE old_things (id int PRIMARY KEY, name text UNIQUE)": ["table old_things is not in the models"],
    "ALTER TABLE users DROP COLUMN age": [
        "index ix_users_age on users (age) is missing",
        "table users lacks column age (INTEGER)",
    ],
    "ALTER TABLE users ALTER COLUMN age TYPE bigint": ["column users.age is BIGINT, the models say INTEGER"],
    "ALTER TABLE users ALTER COLUMN email DROP NOT NULL": ["column users.email is NULL, the models say NOT NULL"],
    "ALTER TABLE users ALTER COLUMN kind DROP DEFAULT": [
        "column users.kind has no default, the models say default person"
    ],
    "COMMENT ON COLUMN users.age IS 'in years'": ["column users.age has comment 'in years', the models say no comment"],
    "COMMENT ON TABLE users IS 'people'": ["table users has a comment, the models say none"],
    "ALTER TABLE users DROP CONSTRAINT uq_users_email": [
        "unique constraint uq_users_email on users (email) is missing"
    ],
    "ALTER TABLE users ADD CONSTRAINT uq_kind UNIQUE (kind)": [
        "unique constraint uq_kind on users (kind) is not in the models"
    ],
    "CREATE UNIQUE INDEX ix_kind ON users (kind)": ["index ix_kind on users (kind) is not in the models"],
    "ALTER TABLE orders DROP COLUMN user_id; ALTER TABLE users DROP CONSTRAINT uq_users_email": [
        "foreign key fk_orders_user on orders (user_id) to users.id is missing",
        "table orders lacks column user_id (INTEGER)",
        "unique constraint uq_users_email on users (email) is missing",
    ],
    "DROP INDEX ix_users_age; CREATE INDEX ix_users_age ON users (age, kind)": [
        "index ix_users_age on users is another than in the models"
    ],
    "ALTER TABLE orders DROP CONSTRAINT fk_orders_user": [
        "foreign key fk_orders_user on orders (user_id) to users.id is missing"
    ],
}


@pytest.mark.usefixtures("old_and_new")
def test_each_difference_is_a_sentence(pod, database):
    pod.upgrade()
    for change, words in CHANGES.items():
        with database.connect() as connection:
            connection.execute(f"CREATE TABLE kept AS SELECT 1; DROP TABLE kept; {change}")
        assert differences(pod.check()) == words, change
        database.query("DROP TABLE IF EXISTS old_things, orders, users, alembic_version")
        pod.upgrade()


@pytest.mark.usefixtures("old_and_new")
def test_the_version_table_is_no_difference_wherever_it_is(pod, tree):
    for options in ("version_table='versions_of_ours'", "version_table_schema='public'", "include_schemas=True"):
        tree.env(ENV.replace("target_metadata = None\n", WITH_MODELS), options)
        pod.database.query("DROP TABLE IF EXISTS orders, users, alembic_version, versions_of_ours")
        assert pod.run("head", expected={"revisions": []}).outcome == "Succeeded"
        assert differences(pod.check(expected={"revisions": ["aaaa1111"]})) == []


@pytest.mark.usefixtures("old_and_new")
def test_the_hooks_of_env_py_are_asked(pod, tree, database):
    hooks = """
def include_object(object, name, type_, reflected, compare_to):
    return name != "old_things"


def process_revision_directives(context, revision, directives):
    seen = directives[0].upgrade_ops
    seen.ops = [op for op in seen.ops if getattr(op, "table_name", "") != "orders"]
    print("REVISION", revision)
"""
    options = "include_object=include_object, process_revision_directives=process_revision_directives"
    tree.env(ENV.replace("target_metadata = None\n", WITH_MODELS + hooks), options)
    pod.upgrade()
    changed(database, "CREATE TABLE old_things (id int)", "DROP TABLE orders", "ALTER TABLE users DROP COLUMN kind")
    result = pod.check()
    assert differences(result) == ["table users lacks column kind (VARCHAR(10))"]
    assert "REVISION ('aaaa1111',)" in result.log


@pytest.mark.usefixtures("old_and_new")
def test_a_hook_that_takes_everything_out_leaves_a_match(pod, tree, database):
    hook = "\ndef nothing(context, revision, directives):\n    directives[:] = []\n\n"
    options = "process_revision_directives=nothing"
    tree.env(ENV.replace("target_metadata = None\n", WITH_MODELS + hook), options)
    pod.upgrade()
    changed(database, "DROP TABLE orders")
    assert differences(pod.check()) == []


@pytest.mark.usefixtures("old_and_new")
def test_several_schemas_and_several_metadata(pod, tree, database):
    more = "import sqlalchemy as sa\nother = sa.MetaData()\n"
    more += 'sa.Table("parcels", other, sa.Column("id", sa.Integer, primary_key=True), schema="depot")\n'
    tree.write("others.py", more)
    both = WITH_MODELS.replace("models.metadata", "[models.metadata, others.other]").replace(
        "models\n", "models\nimport others\n", 1
    )
    tree.env(ENV.replace("target_metadata = None\n", both), "include_schemas=True")
    pod.upgrade()
    changed(database, f"CREATE SCHEMA depot AUTHORIZATION {database.user}", "CREATE TABLE depot.boxes (id int)")
    assert differences(pod.check()) == [
        "table depot.boxes is not in the models",
        "table depot.parcels is missing",
    ]


@pytest.mark.usefixtures("old_and_new")
def test_what_another_branch_depends_on_is_at_the_head_all_the_same(pod, tree):
    tree.revision("bbbb2222", up="pass", down="pass", after=None, labels="other", depends="aaaa1111")
    assert pod.upgrade("heads").current == ["bbbb2222"]
    assert differences(pod.check()) == []


@pytest.mark.usefixtures("old_and_new")
def test_below_the_head_nothing_is_compared(pod, tree):
    pod.upgrade()
    tree.revision("bbbb2222")
    result = pod.check()
    assert (result.status, result.outcome) == (0, "Succeeded")
    assert result.models == {
        "answer": "NotAtHead",
        "message": "the database is at revision aaaa1111, and the models in image "
        "registry.example.com/app-migrations:1.4.2 are those of its head, bbbb2222: they are compared when the "
        "database is there",
        "total": 0,
        "differences": [],
    }


@pytest.mark.usefixtures("old_and_new")
def test_without_models_that_is_said(pod, tree):
    pod.upgrade()
    tree.env()
    without = pod.check()
    assert (without.outcome, without.models["answer"]) == ("Succeeded", "NoModels")
    assert "no target_metadata" in without.models["message"]
    tree.env(ENV.replace("= None\n", "= __import__('sqlalchemy').MetaData()\n"))
    empty = pod.check()
    assert empty.models["answer"] == "NoModels"
    assert "has no tables" in empty.models["message"]


def test_models_that_cannot_be_imported_are_a_sentence(pod, tree):
    pod.upgrade()
    tree.env(ENV.replace("target_metadata = None\n", "from models import Base\n"))
    result = pod.check()
    assert (result.status, result.outcome, result.reason, result.models) == (1, "Failed", "EnvironmentFailed", None)
    assert result.message.startswith("env.py failed: ImportError: cannot import name 'Base' from 'models'")


def test_an_env_py_that_writes_is_refused(pod, tree, database):
    pod.upgrade()
    writes = "connection.exec_driver_sql('CREATE TABLE t (id int)')"
    tree.env(ENV.replace("        context.configure(", f"        {writes}\n        context.configure("))
    result = pod.check()
    assert (result.outcome, result.reason) == ("Failed", "EnvironmentFailed")
    assert "a check only reads" in result.message
    assert "t" not in database.tables


def test_it_waits_for_nobody_and_nobody_waits_for_it(pod, database):
    pod.upgrade()
    with database.connect() as other:
        other.execute("SELECT pg_advisory_lock(%s), pg_advisory_lock(%s)", (0x64626D6967726174, 0x64626D6967726175))
        assert differences(pod.check()) == []


def test_a_database_that_moved_is_not_compared(pod):
    pod.upgrade()
    result = pod.check(expected={"revisions": ["bbbb2222"]})
    assert (result.outcome, result.models) == ("Superseded", None)


def test_many_differences_leave_the_last_out_and_say_how_many_there_are(pod, database):
    pod.upgrade()
    for number in range(100):
        database.query(f"CREATE TABLE old_table_{number:03}_{'x' * 40} (id int)")
    result = pod.check()
    assert (result.outcome, result.models["total"]) == ("Succeeded", 100)
    assert 20 < len(result.models["differences"]) < 100
    assert len([event for event in result.events if event["event"] == "difference"]) == 100


def test_alembic_check_finds_as_much(pod, tree, database):
    pod.upgrade()
    changed(database, "ALTER TABLE users ADD COLUMN nickname text", "DROP INDEX ix_users_age", "DROP TABLE orders")
    secret = database.secret
    who, where = f"{secret['username']}:{secret['password']}", f"{secret['host']}:{secret['port']}"
    tree.ini(f"postgresql://{who}@{where}/{secret['dbname']}")
    done = subprocess.run(
        [pod.python, "-m", "alembic", "check"], cwd=tree.path, capture_output=True, text=True, check=False
    )
    assert done.stdout.count("('") + done.stderr.count("('") >= 3, done.stderr
    assert len(differences(pod.check())) == 3
