"""The cluster under measurement: its node, its database, the operator in it."""

import json
import os
import re
import shutil
import subprocess
import time

from kube import Api, Watch

NAMESPACE = "bench"
RESOURCES = f"/apis/dbmigrations.dev/v1alpha1/namespaces/{NAMESPACE}/databasemigrations"
JOBS = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
SECRETS = f"/api/v1/namespaces/{NAMESPACE}/secrets"
OPERATOR_NAMESPACE = "dbmigrations"
OPERATOR = f"/apis/apps/v1/namespaces/{OPERATOR_NAMESPACE}/deployments/dbmigrations"
OPERATOR_PODS = f"/api/v1/namespaces/{OPERATOR_NAMESPACE}/pods"
IMAGE = "dbmigrations/trigpointing-migrations:demo"

# The API server counts requests by flow schema: one for the operator alone counts its requests, seen from outside.
FLOW_SCHEMA = "dbmigrations-bench"
FLOW_SCHEMAS = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"


def run(*command, text=None):
    """Run a command that has to work; return its output."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[:500]}")
    return done.stdout


class World:
    """One cluster in one container."""

    def __init__(self, node):
        """Connect to the cluster in the container `node`."""
        self.node = node
        kubeconfig = json.loads(self.inside("kubectl", "config", "view", "--raw", "--minify", "-o", "json"))
        port = run("docker", "port", node, "6443/tcp").splitlines()[0].rsplit(":", 1)[1]
        kubeconfig["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
        self.api = Api(kubeconfig)
        # Where there is no kubectl, the node's own; its start takes a little longer that way, for everybody alike.
        own = shutil.which("kubectl") and os.environ.get("KUBECONFIG")
        self.kubectl = ["kubectl"] if own else ["docker", "exec", "-i", node, "kubectl"]
        self.resources = Watch(self.api, RESOURCES)
        self.jobs = Watch(self.api, JOBS)
        self.pods = Watch(self.api, PODS)

    def inside(self, *command):
        """Run a command on the node."""
        return run("docker", "exec", self.node, *command)

    def apply(self, manifest):
        """`kubectl apply` one object; return when the command was started."""
        started = time.monotonic()
        run(*self.kubectl, "apply", "-f", "-", text=json.dumps(manifest))
        return started

    def sql(self, statement, database="trigpointing"):
        """Run SQL in the database's own pod; return the bare rows."""
        psql = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-U", "trigpointing", "-d", database]
        command = [*self.kubectl, "-n", NAMESPACE, "exec", "-i", "deploy/postgres", "--", *psql]
        return run(*command, text=statement).strip()

    def fresh_database(self, name):
        """Create an empty database, and a Secret of the same name that leads to it."""
        self.sql(f'CREATE DATABASE "{name}"')
        self.secret(name, name)

    def secret(self, name, database):
        """Create a Secret that leads to a database."""
        data = {"host": f"postgres.{NAMESPACE}.svc", "user": "trigpointing", "password": "demo", "dbname": database}
        self.api.call("POST", SECRETS, {"metadata": {"name": name}, "stringData": data})

    def scale_operator(self, replicas):
        """Ask for this many operators."""
        body = {"spec": {"replicas": replicas}}
        self.api.call("PATCH", f"{OPERATOR}/scale", body, "application/merge-patch+json")

    def operator_pods(self):
        """Return the operator's pods that are there, ending ones too."""
        deployment = self.api.get(OPERATOR)
        labels = ",".join(f"{key}%3D{value}" for key, value in deployment["spec"]["selector"]["matchLabels"].items())
        return self.api.get(f"{OPERATOR_PODS}?labelSelector={labels}")["items"]

    def operator_process(self):
        """Return the operator's process id on the node, or None."""
        found = self.inside("sh", "-c", "grep -lsa dbmigrations.jar /proc/[0-9]*/cmdline || true")
        for path in found.split():
            pid = path.split("/")[2]
            if self.inside("sh", "-c", f"cat /proc/{pid}/comm 2>/dev/null || true").strip() == "java":
                return pid
        return None

    def started_at(self, pid):
        """Return when this process of the node started, in seconds of `time.monotonic()`, to about 20 ms."""
        before = time.monotonic()
        stat, uptime = self.inside("cat", f"/proc/{pid}/stat", "/proc/uptime").splitlines()
        now = (before + time.monotonic()) / 2
        ticks = int(stat.rsplit(")", 1)[1].split()[19])
        return now - (float(uptime.split()[0]) - ticks / 100)

    def working_set(self):
        """Return the operator's memory in MiB, as the kubelet sees it and as it counts against a limit."""
        node = self.api.get("/api/v1/nodes")["items"][0]["metadata"]["name"]
        name = self.operator_pods()[0]["metadata"]["name"]
        for pod in self.api.get(f"/api/v1/nodes/{node}/proxy/stats/summary")["pods"]:
            if pod["podRef"]["name"] == name:
                return pod["containers"][0]["memory"]["workingSetBytes"] / 2**20
        raise RuntimeError(f"the kubelet tells nothing of {name}")

    def count_operator_requests(self):
        """Let the API server count the operator's requests from now on."""
        account = self.api.get(OPERATOR)["spec"]["template"]["spec"]["serviceAccountName"]
        subject = {
            "kind": "ServiceAccount",
            "serviceAccount": {"name": account, "namespace": OPERATOR_NAMESPACE},
        }
        everything = {
            "resourceRules": [
                {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True}
            ],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        }
        spec = {
            "matchingPrecedence": 50,
            "priorityLevelConfiguration": {"name": "workload-low"},
            "distinguisherMethod": {"type": "ByUser"},
            "rules": [{"subjects": [subject], **everything}],
        }
        self.api.call("POST", FLOW_SCHEMAS, {"metadata": {"name": FLOW_SCHEMA}, "spec": spec})

    def operator_requests(self):
        """Return how many requests of the operator the API server has taken so far."""
        pattern = rf'^apiserver_flowcontrol_dispatched_requests_total{{flow_schema="{FLOW_SCHEMA}",.*}} (\S+)$'
        return sum(float(number) for number in re.findall(pattern, self.api.text("/metrics"), re.MULTILINE))
