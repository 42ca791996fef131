"""What is measured, each with its own method in its docstring. All times are seconds on this process' clock."""

import time
from concurrent.futures import ThreadPoolExecutor

from kube import condition, named
from world import FLOW_SCHEMA, IMAGE, JOBS, NAMESPACE, OPERATOR_NAMESPACE, RESOURCES

BACKGROUND = {"propagationPolicy": "Background"}


def migration(name, secret, target, **alembic):
    """Write down the resource of three lines that is the normal case."""
    spec = {"targetRevision": target, "image": IMAGE, "credentialsSecretRef": {"name": secret}}
    if alembic:
        spec["alembic"] = alembic
    return {
        "apiVersion": "dbmigrations.dev/v1alpha1",
        "kind": "DatabaseMigration",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }


def bare_job(name, database):
    """Write down the Job that a team has without an operator: the same image, `alembic upgrade head`."""
    place = {"DB_HOST": f"postgres.{NAMESPACE}.svc", "DB_PORT": "5432", "DB_NAME": database}
    env = [{"name": key, "value": value} for key, value in place.items()]
    for key, part in (("DB_USER", "user"), ("DB_PASSWORD", "password")):
        env.append({"name": key, "valueFrom": {"secretKeyRef": {"name": database, "key": part}}})
    container = {"name": "alembic", "image": IMAGE, "command": ["alembic", "upgrade", "head"], "env": env}
    pod = {"restartPolicy": "Never", "containers": [container]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"backoffLimit": 0, "template": {"spec": pod}},
    }


def ready(event):
    """Tell whether a resource is at its target."""
    found = condition(event.object, "Ready")
    return found.get("status") == "True" and found.get("reason") == "AtTarget"


def ended(event):
    """Tell whether a pod's only container has ended."""
    statuses = event.object.get("status", {}).get("containerStatuses", [])
    return any("terminated" in each["state"] for each in statuses)


def operator_run(world, name, target):
    """Migrate an empty database with the operator: (apply → Ready, container's end seen → Ready)."""
    world.fresh_database(name)
    resources, pods = world.resources.mark(), world.pods.mark()
    started = world.apply(migration(name, name, target))
    done = world.resources.first(lambda e: named(name)(e) and ready(e), resources)
    # Its end may be seen after Ready: the operator asks the database first.
    end = world.pods.first(lambda e: e.object["metadata"]["name"].startswith(f"{name}-") and ended(e), pods)
    world.api.call("DELETE", f"{RESOURCES}/{name}", BACKGROUND)
    return done.at - started, done.at - end.at


def job_run(world, name):
    """Migrate an empty database with a bare Job: apply → condition Complete."""
    world.fresh_database(name)
    jobs = world.jobs.mark()
    started = world.apply(bare_job(name, name))
    done = world.jobs.first(lambda e: named(name)(e) and condition(e.object, "Complete").get("status") == "True", jobs)
    world.api.call("DELETE", f"{JOBS}/{name}", BACKGROUND)
    return done.at - started


def side_by_side(world, runs, say):
    """Take both in turns, so that whatever slows the machine down slows both: {name: seconds}."""
    job_run(world, "warm-job")
    target = world.sql("SELECT version_num FROM alembic_version", "warm-job")
    operator_run(world, "warm-operator", target)
    seconds = {"operator": [], "afterEnd": [], "job": []}
    for number in range(runs):
        say(f"apply to ready, {number + 1} of {runs}")
        for who in ("operator", "job") if number % 2 == 0 else ("job", "operator"):
            if who == "operator":
                whole, after = operator_run(world, f"operator-{number}", target)
                seconds["operator"].append(whole)
                seconds["afterEnd"].append(after)
            else:
                seconds["job"].append(job_run(world, f"job-{number}"))
    return target, seconds


def nothing_to_do(world, runs, target, say):
    """Apply a resource for a database that the bare Job has migrated: object seen → Ready, and no Job."""
    seconds = []
    for number in range(runs):
        say(f"nothing to do, {number + 1} of {runs}")
        name = f"still-{number}"
        resources, jobs = world.resources.mark(), world.jobs.mark()
        world.apply(migration(name, f"job-{number}", target))
        seen = world.resources.first(named(name), resources)
        done = world.resources.first(lambda e, name=name: named(name)(e) and ready(e), resources)
        if any(e.object["metadata"]["name"].startswith(f"{name}-") for e in world.jobs.events[jobs:]):
            raise RuntimeError(f"{name} had nothing to do and started a Job")
        seconds.append(done.at - seen.at)
        world.api.call("DELETE", f"{RESOURCES}/{name}", BACKGROUND)
    return seconds


def stop_operator(world):
    """Stop the operator and wait until its pod is gone."""
    world.scale_operator(0)
    while world.operator_pods():
        time.sleep(0.2)


def readiness(world):
    """Ask /readyz through the API server until it says yes: (its process' start, when it said so)."""
    while True:
        for pod in world.operator_pods():
            name = pod["metadata"]["name"]
            status, _ = world.api.send("GET", f"/api/v1/namespaces/{OPERATOR_NAMESPACE}/pods/{name}:8080/proxy/readyz")
            if status == 200:
                at = time.monotonic()
                return world.started_at(world.operator_process()), at
        time.sleep(0.02)


def operator_start(world, runs, target, say):
    """Start the operator while a resource waits: process start → /readyz true, process start → the resource Ready."""
    to_readyz, to_ready = [], []
    for number in range(runs):
        say(f"operator's start, {number + 1} of {runs}")
        stop_operator(world)
        name = f"waiting-{number}"
        world.apply(migration(name, f"job-{number}", target))
        resources = world.resources.mark()
        world.scale_operator(1)
        started, at = readiness(world)
        done = world.resources.first(lambda e, name=name: named(name)(e) and ready(e), resources)
        to_readyz.append(at - started)
        to_ready.append(done.at - started)
        world.api.call("DELETE", f"{RESOURCES}/{name}", BACKGROUND)
    return to_readyz, to_ready


def populate(world, count, total, target, say):
    """Let there be `count` resources at their target, of `total` that are to come.

    Ten databases, and in each a version table per resource, so that no two resources want the same thing.
    """
    already = len(world.api.get(RESOURCES)["items"])
    if already == 0:
        for number in range(10):
            world.fresh_database(f"crowd-{number}")
            world.sql(
                f"DO $$ BEGIN FOR i IN {number}..{total} BY 10 LOOP EXECUTE format("
                f"'CREATE TABLE %I AS SELECT ''{target}''::varchar(32) AS version_num', 'version_' || i); "
                "END LOOP; END $$",
                f"crowd-{number}",
            )
    say(f"bringing {count} resources to their target")
    mark = world.resources.mark()

    def create(number):
        manifest = migration(f"crowd-{number}", f"crowd-{number % 10}", target, versionTable=f"version_{number}")
        world.api.call("POST", RESOURCES, manifest)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(already, count)))
    missing = {f"crowd-{number}" for number in range(already, count)}
    events = world.resources.follow(mark, timeout=600)
    while missing:
        event = next(events)
        if ready(event):
            missing.discard(event.object["metadata"]["name"])


def memory_at_rest(world, settle, say):
    """Let the operator rest, then read its working set, which the kubelet takes every ten seconds or so."""
    say(f"resting for {settle} s")
    time.sleep(settle)
    samples = []
    for _ in range(4):
        samples.append(world.working_set())
        time.sleep(5)
    return max(samples)


def requests_at_rest(world, seconds, say):
    """Count what the operator asks of the API server and which Jobs it creates: (requests per minute, Jobs)."""
    say(f"counting requests for {seconds} s")
    jobs = world.jobs.mark()
    started, before = time.monotonic(), world.operator_requests()
    if before == 0:
        raise RuntimeError(f"the API server has counted no request under the flow schema {FLOW_SCHEMA}")
    time.sleep(seconds)
    requests, minutes = world.operator_requests() - before, (time.monotonic() - started) / 60
    created = sum(event.type == "ADDED" for event in world.jobs.events[jobs:])
    return requests / minutes, created
