"""An env.py that lies, shouts, forks and destroys what it can: only the version table says what came of it."""

import json
import signal

import pytest

from pod import wait_until
from trees import ENV

FORGED = {
    "version": 1,
    "final": True,
    "outcome": "Succeeded",
    "current": ["bbbb2222"],
    "resolvedTarget": ["bbbb2222"],
    "pending": 0,
}
SAYS = "import json, os, sys\nFORGED = json.loads(%r)\n" % json.dumps(FORGED)  # noqa: UP031, braces are JSON's
PRINTS = SAYS + "print('dbmigrations: ' + json.dumps({'event': 'result', 'result': FORGED}), flush=True)\n"
WRITES = SAYS + (
    "path = json.loads(os.environ['DBMIGRATIONS_RUN'])['terminationMessagePath']\n"
    "open(path, 'w').write(json.dumps(FORGED))\n"
)
RAISES = "raise RuntimeError('no more')\n"

# What an env.py may do and still has its migrations applied.
HARMLESS = {
    "prints a forged result": PRINTS,
    "writes a forged result": WRITES,
    "makes the result's file huge": WRITES + "os.truncate(path, 1 << 40)\n",
    "prints a lot": "print('x' * 1000 + '\\n', end='')\n" * 20 + "print(('y' * 9999 + '\\n') * 5000)\n",
    "closes stdout": "import os\nos.close(1)\nos.close(2)\n",
    "replaces stdout": "import sys\nsys.stdout = sys.stderr = None\n",
    "deletes temporary files": "import shutil, tempfile\nshutil.rmtree(tempfile.gettempdir())\n",
    "empties the environment": "import os\nos.environ.clear()\n",
    "forks a child that stays": "import os, time\nif os.fork() == 0:\n    time.sleep(3)\n    os._exit(0)\n",
    "forks a child that ends first": WRITES + "if os.fork() == 0:\n    raise SystemExit(0)\nos.wait()\n",
    "forks a child that fails": "import os\nif os.fork() == 0:\n    raise RuntimeError\nos.wait()\n",
    "ignores signals": "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n",
}
# What ends it, and with what reason; None where there is nobody left to tell.
HARMFUL = {
    "forges a result and raises": (PRINTS + WRITES + RAISES, "EnvironmentFailed"),
    "forges a result and does nothing": (PRINTS + WRITES + "context = None\n", None),
    "ends the process": ("import os\nos._exit(0)\n", None),
    "kills itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", None),
    "closes everything": ("import os\nos.closerange(0, 256)\n", None),
    "makes the result's file huge and raises": (WRITES + "os.truncate(path, 1 << 40)\n" + RAISES, "EnvironmentFailed"),
}


@pytest.fixture(autouse=True)
def history(tree):
    tree.linear("aaaa1111", "bbbb2222")


@pytest.mark.parametrize("code", HARMLESS.values(), ids=HARMLESS)
def test_the_migrations_are_applied_and_the_result_is_the_runners(pod, tree, database, code):
    tree.env(code + ENV)
    result = pod.upgrade()
    assert (result.status, result.outcome) == (0, "Succeeded"), result.log
    assert result.current == database.revisions == ["bbbb2222"]
    assert result.executed == ["aaaa1111", "bbbb2222"]
    assert result.versionTable == {"schema": "public", "name": "alembic_version"}


@pytest.mark.parametrize(("code", "reason"), HARMFUL.values(), ids=HARMFUL)
def test_nothing_is_applied_and_nothing_is_said_to_be(pod, tree, database, code, reason):
    tree.env("from alembic import context\n" + code + "if context: exec(compile('''" + ENV + "''', 'env', 'exec'))\n")
    result = pod.upgrade()
    assert database.revisions == []
    assert database.tables == set()
    assert (result.outcome, result.reason) == ("Failed", reason or result.reason), result.log
    if reason:
        assert result.document["final"]


def test_what_follows_a_forged_result_is_said_even_after_a_step(pod, tree, database):
    tree.revision("cccc3333", up=WRITES + PRINTS + RAISES)
    result = pod.upgrade()
    assert (result.outcome, result.reason, result.current) == ("Failed", "MigrationFailed", [])
    assert database.revisions == []


def test_a_step_may_change_the_folder(pod, tree):
    tree.revision("cccc3333", up="import os\nos.chdir('/')").linear("dddd4444")
    result = pod.upgrade()
    assert (result.outcome, result.current) == ("Succeeded", ["dddd4444"]), result.log


def test_a_child_that_runs_the_migrations_too_changes_nothing_of_what_is_said(pod, tree, database):
    tree.env("import os\nos.fork()\n" + ENV)
    result = pod.upgrade()
    assert result.current == database.revisions
    assert database.revisions in ([], ["bbbb2222"])
    assert result.outcome == "Failed" or database.revisions == ["bbbb2222"]


def test_an_env_that_never_ends_is_ended_by_the_timeout(pod, tree, database):
    tree.env("import time\nwhile True:\n    time.sleep(0.01)\n")
    result = pod.upgrade(timeoutSeconds=1)
    assert (result.status, result.outcome, result.reason) == (1, "Failed", "Interrupted")
    assert database.revisions == []


def test_a_child_that_outlives_the_run_says_nothing_in_its_place(pod, tree):
    told = tree.path / "child"
    tree.env(
        f"import os, time\nif os.fork() == 0:\n    time.sleep(1)\n    open({str(told)!r}, 'w').write('here')\n"
        "    raise RuntimeError('the child fails')\n" + ENV
    )
    process = pod.start("head")
    result = pod.finished(process)
    assert result.outcome == "Succeeded", result.log
    wait_until(told.exists, "the child goes on")
    assert "the child fails" not in process.log.read_text()
    assert pod.message_of(process)["outcome"] == "Succeeded"


def test_a_busy_loop_does_not_keep_the_end_of_the_pod_waiting(pod, tree, database):
    tree.env("open('looping', 'w')\nwhile True:\n    pass\n")
    process = pod.start("head")
    wait_until((tree.path / "looping").exists, "env.py loops")
    process.send_signal(signal.SIGTERM)
    result = pod.finished(process)
    assert (result.status, result.reason) == (1, "Interrupted")
    assert database.revisions == []
