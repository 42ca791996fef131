"""Measures the operator beside a bare Job, in the cluster of the container that the first argument names.

Prints a table, and writes it to docs/benchmarks.md and its medians to docs/benchmarks.json. `BENCH_RUNS` (15) and
`BENCH_RESOURCES` (1000) shorten it; then nothing is written, because the figures would not be comparable.
"""

import os
import statistics
import sys
from datetime import datetime, timezone
from pathlib import Path

import measures
import runner
from report import Row, nested, table
from versions import environment
from world import World

RUNS = int(os.environ.get("BENCH_RUNS", "15"))
RESOURCES = int(os.environ.get("BENCH_RESOURCES", "1000"))
SETTLE = int(os.environ.get("BENCH_SETTLE", "60"))
DOCS = Path(__file__).parent.parent / "docs"


def say(text):
    """Print a line of progress."""
    print(f"- {text}", file=sys.stderr, flush=True)


def measure(world):
    """Take all measurements; return the rows of the table and the figures of the JSON file."""
    # First, while the operator has nothing to look after.
    runner_rows, runner_figures = runner.rows(runner.measure(RUNS, say))
    world.count_operator_requests()
    target, beside = measures.side_by_side(world, RUNS, say)
    nothing = measures.nothing_to_do(world, RUNS, target, say)
    to_readyz, to_ready = measures.operator_start(world, RUNS, target, say)
    memory = {}
    for count in sorted({min(count, RESOURCES) for count in (1, 100, 1000)}):
        measures.populate(world, count, RESOURCES, target, say)
        memory[count] = measures.memory_at_rest(world, SETTLE, say)
    requests, jobs = measures.requests_at_rest(world, 2 * SETTLE, say)

    ratio = statistics.median(beside["operator"]) / statistics.median(beside["job"])
    rows = [
        Row("12 revisions on an empty database: `kubectl apply` → Ready", "s", beside["operator"]),
        Row("the same in a bare Job: `kubectl apply` → Complete", "s", beside["job"]),
        Row("ratio of the two", "", [ratio], "≤ 0.65"),
        Row("the container's end seen → Ready (negative: Ready came first)", "s", beside["afterEnd"], "≤ 0.3 s"),
        Row("nothing to do: the object seen → Ready, no pod", "s", nothing, "≤ 0.3 s"),
        Row("operator's process started → /readyz true", "s", to_readyz, "≤ 2 s"),
        Row("operator's process started → a waiting resource Ready", "s", to_ready),
        *(
            Row(f"memory at rest, resources: {count}", "MiB", [figure], "≤ 150 MiB" if count == 1000 else "")
            for count, figure in memory.items()
        ),
        Row(f"API requests a minute at rest, resources: {RESOURCES}", "", [requests]),
        Row(f"Jobs created meanwhile, in {2 * SETTLE} s", "", [jobs], "0"),
        *runner_rows,
    ]
    figures = {
        "applyToReady.seconds": rows[0].median,
        "applyToReady.ratioToBareJob": ratio,
        "applyToReady.secondsAfterContainerEnd": statistics.median(beside["afterEnd"]),
        "nothingToDo.seconds": statistics.median(nothing),
        "atRest.jobsCreated": jobs,
        "atRest.apiRequestsPerMinute": requests,
        "operator.startSeconds": statistics.median(to_readyz),
        **{f"operator.memoryMiB.{count}": figure for count, figure in memory.items()},
        **runner_figures,
    }
    return rows, figures


def main():
    """Measure, print and, where nothing was shortened, write."""
    world = World(sys.argv[1])
    rows, figures = measure(world)
    print(table(rows))
    if (RUNS, RESOURCES, SETTLE) != (15, 1000, 60):
        say("shortened, so docs/benchmarks.* stay as they are")
        print(nested(figures))
        return
    text = (Path(__file__).parent / "benchmarks.md").read_text()
    today = datetime.now(timezone.utc).date().isoformat()
    DOCS.mkdir(exist_ok=True)
    (DOCS / "benchmarks.md").write_text(text.format(date=today, table=table(rows), environment=environment(world)))
    (DOCS / "benchmarks.json").write_text(nested(figures))
    say("written to docs/benchmarks.md and docs/benchmarks.json")


if __name__ == "__main__":
    main()
