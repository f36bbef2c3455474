"""``python -m grism_ray``: submits queries as Ray jobs, and is the command ``grism``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from grism_ray import GrismError, InvalidQueryError, _native
from grism_ray.jobs import run_job, submit

FLOAT_DIGITS = 17
"""The most digits that a 64-bit float tells apart."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and gives its exit status.

    ``submit`` and the jobs that it starts are the package's own; every other one is the command ``grism``, whose
    ``--udfs`` finds functions in Python here.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] not in (["submit"], ["run-job"]):
        return _native.command(["grism", *words])
    parser = argparse.ArgumentParser(prog="python -m grism_ray", description="Run Grism queries as Ray jobs.")
    commands = parser.add_subparsers(dest="command", required=True)
    submitted = commands.add_parser("submit", help="submit a query to a cluster")
    submitted.add_argument("query", help="the query, or - to read it from standard input")
    submitted.add_argument("--graph", required=True, help="path or URI of the graph, as the cluster sees it")
    submitted.add_argument("--address", default="http://127.0.0.1:8265", help="the cluster's dashboard")
    submitted.add_argument("--output", help="where the result goes (default: in the graph)")
    submitted.add_argument("--params", default="{}", help="parameters as a JSON object")
    submitted.add_argument("--workers", type=int, help="worker actors (default: one for each CPU)")
    submitted.add_argument("--wait", action="store_true", help="wait, and print the result")
    job = commands.add_parser("run-job")
    job.add_argument("request")
    given = parser.parse_args(words)
    if given.command == "run-job":
        return run_job(given.request)
    try:
        text = sys.stdin.read() if given.query == "-" else given.query
        params = json.loads(given.params, parse_float=_float, object_pairs_hook=_object)
        handle = submit(text, given.graph, given.address, given.output, params=params, workers=given.workers)
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
