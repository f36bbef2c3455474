"""What is asked: a file for each family of questions."""

from __future__ import annotations

from peers.workloads.cycles import CYCLES
from peers.workloads.filters import FILTERS
from peers.workloads.groupings import GROUPINGS
from peers.workloads.hypergraphs import HYPERGRAPHS
from peers.workloads.lookups import LOOKUPS
from peers.workloads.lsqb import LSQB
from peers.workloads.paths import PATHS
from peers.workloads.searches import SEARCHES
from peers.workloads.statements import STATEMENTS
from peers.workloads.workload import Workload

WORKLOADS: tuple[Workload, ...] = (
    *PATHS,
    *CYCLES,
    *SEARCHES,
    *FILTERS,
    *LOOKUPS,
    *LSQB,
    *GROUPINGS,
    *STATEMENTS,
    *HYPERGRAPHS,
)

__all__ = ["WORKLOADS", "Workload"]
