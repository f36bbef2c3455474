"""``python -m grism_ray``: submits queries as Ray jobs, and is the command ``grism``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from grism_ray import GrismError, InvalidQueryError, command
from grism_ray.jobs import run_job, submit

FLOAT_DIGITS = 17
"""The most digits that a 64-bit float tells apart."""
SETTINGS = (
    "workers",
    "worker_module",
    "resource_timeout",
    "threads",
    "memory_limit",
    "timeout",
    "batch_rows",
    "partitions",
    "snapshot",
    "rewrites",
    "functions",
    "installed_functions",
)
"""The options of ``submit`` that are passed on as they are."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and gives its exit status.

    ``submit`` and the jobs that it starts are the package's own; every other one is the command ``grism``, whose
    ``--udfs`` finds functions in Python here.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] not in (["submit"], ["run-job"]):
        return command.main(words)
    parser = argparse.ArgumentParser(prog="python -m grism_ray", description="Run Grism queries as Ray jobs.")
    commands = parser.add_subparsers(dest="command", required=True)
    submitted = commands.add_parser("submit", help="submit a query to a cluster")
    submitted.add_argument("query", help="the query, or - to read it from standard input")
    submitted.add_argument("--graph", required=True, help="path or URI of the graph, as the cluster sees it")
    submitted.add_argument("--address", default="http://127.0.0.1:8265", help="the cluster's dashboard")
    submitted.add_argument("--output", help="where the result goes (default: in the graph)")
    submitted.add_argument("--params", default="{}", help="parameters as a JSON object")
    submitted.add_argument("--workers", type=int, help="worker actors (default: one for each CPU)")
    submitted.add_argument("--worker-module", help="the extension module that workers import in place of Grism's own")
    submitted.add_argument("--resource-timeout", type=float, help="seconds to wait for a worker with resources")
    submitted.add_argument("--threads", type=int, help="threads of each worker (default: one)")
    submitted.add_argument("--memory-limit", type=int, help="bytes that a worker may hold")
    submitted.add_argument("--timeout", type=float, help="seconds after which the query is cancelled")
    submitted.add_argument("--batch-rows", type=int, help="rows of a batch")
    submitted.add_argument("--partitions", type=int, help="partitions of a stage (default: one for each thread)")
    submitted.add_argument("--snapshot", type=int, help="the snapshot to read (default: the newest)")
    submitted.add_argument(
        "--rewrites", type=lambda names: names.split(","), help="rules of the optimizer to leave out, or none"
    )
    submitted.add_argument(
        "--udfs",
        dest="functions",
        action="append",
        help="a folder of Python files, or a module that the cluster has, whose functions the query may call",
    )
    submitted.add_argument(
        "--installed-udfs",
        dest="installed_functions",
        action="store_true",
        help="the functions of packages that the cluster has installed",
    )
    submitted.add_argument("--wait", action="store_true", help="wait, and print the result")
    job = commands.add_parser("run-job")
    job.add_argument("request")
    given = parser.parse_args(words)
    if given.command == "run-job":
        return run_job(given.request)
    try:
        text = sys.stdin.read() if given.query == "-" else given.query
        params = json.loads(given.params, parse_float=_float, object_pairs_hook=_object)
        settings = {name: getattr(given, name) for name in SETTINGS if getattr(given, name) is not None}
        handle = submit(text, given.graph, given.address, given.output, params=params, **settings)
        print(handle.id)
        if given.wait:
            handle.result().show()
    except (GrismError, json.JSONDecodeError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _object(entries: list[tuple[str, Any]]) -> dict[str, Any]:
    """The dict of an object's entries; a name that stands twice is refused."""
    made = dict(entries)
    if len(made) < len(entries):
        names = [name for name, _ in entries]
        message = f"the name `{next(name for name in names if names.count(name) > 1)}` stands twice in one object"
        raise InvalidQueryError(message)
    return made


def _float(text: str) -> float:
    """The float that a number is written as; one that 64 bits do not hold to its last digit is refused."""
    number = float(text)
    digits = text.lower().partition("e")[0].replace(".", "").lstrip("-0").rstrip("0")
    shown = f"{abs(number):.{max(len(digits) - 1, 0)}e}".partition("e")[0].replace(".", "")
    if digits and (len(digits) > FLOAT_DIGITS or shown != digits):
        message = f"the number {text} is no 64-bit float as it is written; round it, or pass it as a text"
        raise InvalidQueryError(message)
    return number


if __name__ == "__main__":
    sys.exit(main())
