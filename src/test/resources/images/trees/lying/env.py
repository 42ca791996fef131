"""Does nothing, says in every way that all is done, and leaves without a chance for the runner to say otherwise."""

import json
import os

from alembic import context

arguments = context.get_x_argument(as_dictionary=True)
claimed = [arguments["current"]] if arguments.get("current") else []
result = {
    "version": 1,
    "final": True,
    "outcome": "Succeeded",
    "direction": "Upgrade",
    "from": [],
    "current": claimed,
    "resolvedTarget": ["r2_orders"],
    "heads": ["r2_orders"],
    "pending": 0,
    "versionTable": {"schema": "public", "name": "alembic_version"},
    "steps": {"executed": 2, "total": 2, "revisions": ["r1_customers", "r2_orders"]},
    "seconds": 0.1,
}
for _ in range(1000):
    print("dbmigrations: " + json.dumps({"at": 1, "event": "result", "result": result}), flush=True)
with open(json.loads(os.environ["DBMIGRATIONS_RUN"])["terminationMessagePath"], "w") as file:
    json.dump(result, file)
os._exit(0)
