"""What EXPLAIN is told by keywords, and plans with what a run on Ray has done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from grism_ray import _native
    from grism_ray.options import ExplainSettings

Form: TypeAlias = "tuple[dict[str, bool], str]"
"""Options that are on or off, and the name of the format."""

FinishedRun: TypeAlias = "tuple[int, float, str]"
"""Rows, seconds, and what tasks did as JSON."""

Explain: TypeAlias = "Callable[[str, dict[str, Any], Form, FinishedRun | None], str]"
"""Shows a plan for an engine, with settings of the query, in a form, and with what a run has done."""

FLAGS = ("analyze", "distributed", "verbose", "costs", "buffers", "timing")


def split_explain(settings: ExplainSettings) -> tuple[Form, dict[str, Any]]:
    """How a plan is shown, and how its query is run."""
    given: Mapping[str, Any] = settings
    flags = {name: bool(given[name]) for name in FLAGS if given.get(name) is not None}
    others = {name: value for name, value in given.items() if name not in {*FLAGS, "format", "engine", "ray"}}
    return (flags, given.get("format") or "text"), others


def explain_run(
    explain: Explain,
    form: Form,
    settings: dict[str, Any],
    run: Callable[[dict[str, Any]], tuple[Iterator[_native.Batches], _native.DistributedQuery]],
) -> str:
    """Runs a query on Ray and shows its plan with what it did. ``run`` notes in its argument how it was planned."""
    start = time.monotonic()
    planned_with: dict[str, Any] = {}
    batches, query = run(planned_with)
    rows = sum(batch.num_rows for batch in batches)
    finished = rows, time.monotonic() - start, query.metrics()
    return explain("ray", {**settings, **planned_with, "snapshot": query.snapshot}, form, finished)
