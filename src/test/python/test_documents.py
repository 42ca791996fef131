"""What leaves the pod: short enough, whole JSON, and without credentials."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from dbmigrations_runner import redaction
from dbmigrations_runner.credentials import Credentials
from dbmigrations_runner.document import encoded, new_result

PASSWORD = "p%40 @:/'\"\\ß日🔑"


def result(**facts):
    return {**new_result(), "message": "m", **facts}


def shortened(document):
    content = encoded(document)
    assert len(content) <= 4096
    return json.loads(content)


def test_a_short_result_is_left_alone():
    document = result(steps={"executed": 1, "total": 1, "revisions": ["a"]})
    assert shortened(document) == document


def test_the_oldest_steps_go_first():
    ids = [f"{number:012x}" for number in range(1000)]
    document = shortened(result(steps={"executed": 1000, "total": 1000, "revisions": ids}, message="x" * 900))
    assert document["steps"]["executed"] == 1000
    assert document["steps"]["revisions"] == ids[-len(document["steps"]["revisions"]) :]
    assert len(document["steps"]["revisions"]) > 100
    assert document["message"] == "x" * 900


def test_message_and_statement_are_cut_before_the_rest():
    failure = {"revision": "a", "sqlstate": "23502", "statement": "é" * 10_000}
    document = shortened(result(message="日" * 10_000, failure=failure))
    assert len(document["failure"]["statement"]) == 500
    assert len(document["message"]) == 500
    assert len(shortened(result(failure=failure))["failure"]["statement"]) == 500


@pytest.mark.parametrize("count", [10, 100, 1000])
def test_whatever_is_long_the_outcome_stays(count):
    ids = ["🔑" * 60 + str(number) for number in range(count)]
    names = dict.fromkeys(("from", "current", "resolvedTarget", "heads", "unknown"), ids)
    partial = {"revisions": ids, "invalidIndexes": ids, "committed": ids}
    steps = {"executed": count, "total": count, "revisions": ids}
    document = shortened(result(reason="PartiallyApplied", message="🔑" * 5000, steps=steps, partial=partial, **names))
    assert (document["outcome"], document["reason"]) == ("Failed", "PartiallyApplied")
    assert document["partial"]["revisions"]


@pytest.fixture
def hidden():
    redaction.hide(Credentials("db.example.com", 5432, "app_user", PASSWORD, "shop", "prefer", None))
    yield
    redaction.hide(Credentials("", 0, "", "", "", "", None))


@pytest.mark.parametrize(
    "form",
    [
        PASSWORD,
        quote(PASSWORD),
        quote(PASSWORD, safe=""),
        quote_plus(PASSWORD),
        quote(PASSWORD, safe="").replace("%", "%%"),
        repr(PASSWORD),
        json.dumps(PASSWORD),
        PASSWORD.replace("'", "''"),
        base64.b64encode(PASSWORD.encode()).decode(),
    ],
)
@pytest.mark.usefixtures("hidden")
def test_no_form_of_the_password_gets_out(form):
    text = redaction.clean(f"before {form} after")
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert "***" in text
    assert PASSWORD not in text
    assert form not in text


@pytest.mark.usefixtures("hidden")
def test_a_user_is_hidden_in_the_words_of_others_only():
    assert redaction.clean_foreign('role "app_user" does not exist') == 'role "***" does not exist'
    assert redaction.clean_foreign("table my_app_users") == "table my_app_users"
    assert redaction.clean("image app_user-migrations") == "image app_user-migrations"


def test_a_short_password_does_not_garble_the_text():
    redaction.hide(Credentials("db", 5432, "app", "a", "shop", "prefer", None))
    assert redaction.clean("a database at a") == "*** database at ***"


def test_what_steers_a_terminal_is_escaped():
    result = new_result()
    result["message"] = "a\u202egnp\x9b2J \x1b[2J ä"

    content = encoded(result)

    assert b"\\u202egnp\\u009b2J \\u001b[2J" in content
    assert json.loads(content)["message"] == result["message"]
