"""The rules for Secrets, as the cases that the operator's own tests read, too."""

import json
from pathlib import Path

import pytest

from dbmigrations_runner.credentials import parse, read_secret
from dbmigrations_runner.errors import StoppedError

CASES = json.loads(
    (Path(__file__).parents[1] / "resources/credentials/cases.json").read_text("utf-8"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_reads_a_secret(case):
    if "expect" in case:
        assert parse(case["secret"], case["key"])._asdict() == case["expect"]
        return
    with pytest.raises(StoppedError) as refused:
        parse(case["secret"], case["key"])
    assert refused.value.reason == "CredentialsInvalid"
    for part in case["invalid"]:
        assert part in refused.value.message
    for value in case["absent"]:
        assert value not in refused.value.message
    assert refused.value.__cause__ is None, "a cause would be printed with the value in it"


def test_reads_the_files_of_a_mounted_secret(tmp_path):
    (tmp_path / "..2026_01_01").mkdir()
    (tmp_path / "..data").symlink_to("..2026_01_01")
    (tmp_path / "..2026_01_01" / "host").write_text("db.example.com\n")
    (tmp_path / "host").symlink_to("..data/host")
    assert read_secret(tmp_path) == {"host": "db.example.com\n"}


def test_refuses_a_key_that_is_no_text(tmp_path):
    (tmp_path / "password").write_bytes(b"\xff\xfe")
    with pytest.raises(StoppedError, match="'password' is not UTF-8"):
        read_secret(tmp_path)
