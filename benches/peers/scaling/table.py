"""The tables of growth, in Markdown."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from peers.markdown import bold, head, mebibytes, milliseconds, row, short
from peers.scaling.bounds import Measure
from peers.scaling.growth import Growth, Measured, Point, Run, growths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from peers.workloads import Workload

LONGEST = 300
"""Characters of an error."""
NOT_ASKED = "not asked, since a smaller size has no answer"


def render(run: Run, workloads: Sequence[Workload], titles: Mapping[str, str]) -> str:
    """Everything that a run says: where it ran, a table for each graph, and what grows too fast or has no time."""
    found = growths(run.measured, workloads)
    lines = [f"- {fact}: {value}" for fact, value in run.facts.items()]
    for graph, title in titles.items():
        own = [growth for growth in found if growth.graph == graph]
        if own:
            edges = [f"{size.edges:,}" for size in sorted(run.measured, key=_factor) if size.graph == graph]
            lines += ["", f"**{title[:1].upper()}{title[1:]} at the full size; edges: {', '.join(edges)}**", ""]
            lines += _table(own)
    return "\n".join([*lines, "", *_summary(found)]).rstrip() + "\n"


def _factor(size: Measured) -> float:
    return size.factor


def _table(growing: Sequence[Growth]) -> list[str]:
    factors = sorted({point.factor for growth in growing for point in growth.points})
    sizes = [f"{factor:g}x" for factor in factors]
    steps = [f"{one} to {other}" for one, other in itertools.pairwise(sizes)]
    names = ["workload", "grows with", *(f"{size}, ms" for size in sizes), *steps, "at most", "floor"]
    return [*head([*names, *(f"{size}, MiB" for size in sizes)]), *(_row(growth) for growth in growing)]


def _row(growth: Growth) -> str:
    cells = [f"{growth.workload}: {growth.title}", _amounts(growth)]
    cells += [_time(point) for point in growth.points]
    cells += [_exponent(found, growth.bound.exponent) for found in growth.exponents]
    cells.append(f"{growth.bound.exponent:g}")
    floor = [found for found in growth.floor_exponents if found is not None]
    cells.append(", ".join(f"{found:.2f}" for found in floor) or "–")
    return row([*cells, *(mebibytes(point.peak) for point in growth.points)])


def _amounts(growth: Growth) -> str:
    """Edges are those of the graph, which stand above the table."""
    measure = growth.bound.measure
    if measure is Measure.EDGES:
        return measure
    amounts = ("–" if point.milliseconds is None else f"{point.amount:,}" for point in growth.points)
    return f"{measure}: {', '.join(amounts)}"


def _time(point: Point) -> str:
    if point.milliseconds is None:
        return short(point.error) if point.error else "–"
    return milliseconds(point.milliseconds)


def _exponent(found: float | None, allowed: float) -> str:
    if found is None:
        return "–"
    return bold(f"{found:.2f}") if found > allowed else f"{found:.2f}"


def _summary(found: Sequence[Growth]) -> list[str]:
    fast = [growth.workload for growth in found if growth.exceeds]
    said = [f"Faster than allowed grow {', '.join(fast)}." if fast else "No time grows faster than allowed."]
    missing = [
        f"- {growth.workload} at {point.factor:g}x: {' '.join((point.error or NOT_ASKED).split())[:LONGEST]}"
        for growth in found
        for point in growth.points
        if point.milliseconds is None
    ]
    return [*said, "", "**Without a time**", "", *missing] if missing else said
