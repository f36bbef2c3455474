"""The growth of each question's time from one size of its graph to the next."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from peers.runner import LOAD
from peers.scaling.bounds import BOUNDS, LINEAR, Bound, Measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from peers.data.graph import Graph
    from peers.runner import Cell
    from peers.workloads import Workload

LEAST_RATIO = 1.5
"""Between amounts that are closer than that an exponent says nothing."""


@dataclass(frozen=True)
class Point:
    """A question, or a load, at one size."""

    factor: float
    """Of the full size."""
    amount: int | None = None
    """What the time is compared with; ``None`` without an answer."""
    milliseconds: float | None = None
    """The least time of the runs, since other work on the machine only adds to times."""
    peak: float | None = None
    """Most memory of the process meanwhile, in MiB."""
    error: str = ""
    """Empty where there is an answer, or where nobody asked."""


@dataclass(frozen=True)
class Measured:
    """One graph at one size."""

    graph: str
    factor: float
    edges: int
    points: dict[str, Point]
    """Those of the load and of the questions, by name."""
    floors: dict[str, Point] = field(default_factory=dict)
    """Those of the programs in C and C++, which show what the processor's caches do to a time."""


@dataclass(frozen=True)
class Run:
    """All of a run."""

    facts: dict[str, str]
    """What must be known of the machine, the versions and the limits."""
    measured: list[Measured]

    @classmethod
    def read(cls, file: Path) -> Run:
        """A run that was written."""
        found = json.loads(file.read_text())
        measured = [
            Measured(size["graph"], size["factor"], size["edges"], _points(size["points"]), _points(size["floors"]))
            for size in found["measured"]
        ]
        return cls(found["facts"], measured)

    def write(self, file: Path) -> None:
        """Writes it as JSON."""
        found = {"facts": self.facts, "measured": [asdict(size) for size in self.measured]}
        file.write_text(json.dumps(found, indent=1))


@dataclass(frozen=True)
class Growth:
    """A question at all sizes, the smallest first."""

    workload: str
    title: str
    graph: str
    bound: Bound
    points: tuple[Point, ...]
    floors: tuple[Point, ...]
    """Of the floor at the same sizes."""

    @property
    def exponents(self) -> list[float | None]:
        """By which power of the amount the time grows from each size to the next; ``None`` where that is unknown."""
        return [exponent(one, other) for one, other in itertools.pairwise(self.points)]

    @property
    def floor_exponents(self) -> list[float | None]:
        """The same of the floor."""
        return [exponent(one, other) for one, other in itertools.pairwise(self.floors)]

    @property
    def exceeds(self) -> bool:
        """Whether a time grows faster than allowed."""
        return any(found is not None and found > self.bound.exponent for found in self.exponents)

    @property
    def unanswered(self) -> bool:
        """Whether a size has no time."""
        return any(point.milliseconds is None for point in self.points)


def exponent(one: Point, other: Point) -> float | None:
    """By which power of the amount the time grows between two sizes."""
    if one.milliseconds is None or other.milliseconds is None or not one.amount or not other.amount:
        return None
    if max(one.amount, other.amount) / min(one.amount, other.amount) < LEAST_RATIO:
        return None
    return math.log(other.milliseconds / one.milliseconds) / math.log(other.amount / one.amount)


def growths(measured: Sequence[Measured], workloads: Sequence[Workload]) -> list[Growth]:
    """The growth of these questions and of the loads of their graphs."""
    graphs: dict[str, list[Measured]] = {}
    for size in sorted(measured, key=lambda size: size.factor):
        graphs.setdefault(size.graph, []).append(size)
    found = []
    for graph, sizes in graphs.items():
        asked = [(workload.name, workload.title) for workload in workloads if workload.graph == graph]
        for name, title in [(f"{LOAD}-{graph}", "from CSV"), *asked] if asked else []:
            if any(name in size.points for size in sizes):
                points = tuple(size.points.get(name, Point(size.factor)) for size in sizes)
                floors = tuple(size.floors.get(name, Point(size.factor)) for size in sizes)
                found.append(Growth(name, title, graph, bound_of(name), points, floors))
    return found


def point(cell: Cell, factor: float, edges: int) -> Point:
    """What came of a question, of whose answer no more is kept than how much it is."""
    amount: int | None = edges
    measure = bound_of(cell.workload).measure
    if measure is not Measure.EDGES:
        answer = cell.answer or []
        amount = len(answer) if measure is Measure.ROWS else sum(row[-1] for row in answer)
    if not cell.milliseconds:
        return Point(factor, peak=cell.peak, error=cell.error)
    return Point(factor, amount, min(cell.milliseconds), cell.peak)


def bound_of(workload: str) -> Bound:
    """The bound of a question; a load reads every edge."""
    return BOUNDS.get(workload, LINEAR)


def edges(graph: Graph, directory: Path) -> int:
    """The edges, or incidences of hyperedges, in the files of a graph."""
    return sum(_lines(directory / edges.path) - 1 for edges in graph.edges)


def _points(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Point]:
    return {name: Point(**point) for name, point in found.items()}


def _lines(file: Path) -> int:
    with file.open("rb") as opened:
        return sum(block.count(b"\n") for block in iter(lambda: opened.read(1 << 20), b""))
