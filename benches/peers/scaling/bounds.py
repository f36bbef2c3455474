"""What the time of each question may grow with, and how fast."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from peers.workloads import WORKLOADS, Workload


class Measure(StrEnum):
    """What a time is compared with."""

    EDGES = "edges"
    """Of the graph."""
    ROWS = "rows"
    """Of the answer."""
    COUNTED = "counted"
    """What the last column of the answer counts, where that is passed over one by one."""


@dataclass(frozen=True)
class Bound:
    """A time may grow as the measure to the power of ``exponent``."""

    measure: Measure
    exponent: float
    """With a margin for what the processor's caches hold of a small graph and not of a large one."""


LINEAR = Bound(Measure.EDGES, 1.15)
CYCLES = Bound(Measure.EDGES, 1.6)
"""Counts by intersection take edges to the power of 1.5 at worst."""
OUTPUT = Bound(Measure.ROWS, 1.15)
COUNTED = Bound(Measure.COUNTED, 1.15)

ROWS = (
    Workload(
        name="rows-paths",
        title="paths of 2 hops from one page of 2,000, all rows",
        graph="power",
        texts={
            "cypher": (
                "MATCH (a:page)-[:links]->(b:page)-[:links]->(c:page) WHERE a.id % 2000 = 7 RETURN a.id, b.id, c.id"
            ),
        },
    ),
    Workload(
        name="rows-names",
        title="whom persons of one age follow, with names and since when, all rows",
        graph="study",
        texts={
            "cypher": "MATCH (a:person)-[e:follows]->(b:person) WHERE a.age = 30 RETURN a.name, b.name, e.since",
        },
    ),
)
"""Questions whose answer is many rows, all of which Python gets: the systems' table has none of these."""

BOUNDS = {
    # Counts, and groupings and searches that pass over the graph once.
    **dict.fromkeys(("walks-2", "walks-3", "trails-3", "walks-4", "follows-2", "ends-2", "co-members"), LINEAR),
    **dict.fromkeys(("edge-filter", "not-back", "no-interest", "not-shared", "ids-list"), LINEAR),
    **dict.fromkeys(("top-followed", "cities", "city-pairs", "shared-teams"), LINEAR),
    **dict.fromkeys(("levels", "reach-3", "distances", "components"), LINEAR),
    **dict.fromkeys(("trails-4", "triangles", "cycles-3", "squares", "cliques-4"), CYCLES),
    **dict.fromkeys(("later-edge", "hubs-2", "share-1", "share-2", "share-3"), COUNTED),
    **dict.fromkeys((workload.name for workload in ROWS), OUTPUT),
}
"""By the name of the question. Lookups, and questions about graphs of one size, are not in it."""

MEASURED = tuple(workload for workload in (*WORKLOADS, *ROWS) if workload.name in BOUNDS)
