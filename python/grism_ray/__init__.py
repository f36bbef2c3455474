"""Grism: a hypergraph query runtime.

Nodes and n-ary hyperedges with named roles, openCypher, Arrow and Lance, on one machine or on Ray::

    import grism_ray as gr

    hg = gr.open("flights.grism")
    hg.query("MATCH (f:FLIGHT)-[:carrier]->(a:Airline) RETURN a.name, count(*) AS n ORDER BY n DESC").show()
"""

from grism_ray._native import (
    CancelledError,
    ConflictError,
    GrismError,
    InternalError,
    InvalidDataError,
    InvalidQueryError,
    NotFoundError,
    ResourceExhaustedError,
    UnavailableError,
    UnsupportedError,
    __version__,
)
from grism_ray.expressions import Expr, avg, col, collect, count, function, lit, max, min, sum
from grism_ray.frame import Frame, Grouped
from grism_ray.jobs import Job, submit
from grism_ray.result import Duration, Hyperedge, Incidence, LoadReport, Node, Path, Result, SnapshotInfo, TableDiff
from grism_ray.session import Graph, Transaction, open
from grism_ray.warning import GrismWarning

__all__ = [
    "CancelledError",
    "ConflictError",
    "Duration",
    "Expr",
    "Frame",
    "Graph",
    "GrismError",
    "GrismWarning",
    "Grouped",
    "Hyperedge",
    "Incidence",
    "InternalError",
    "InvalidDataError",
    "InvalidQueryError",
    "Job",
    "LoadReport",
    "Node",
    "NotFoundError",
    "Path",
    "ResourceExhaustedError",
    "Result",
    "SnapshotInfo",
    "TableDiff",
    "Transaction",
    "UnavailableError",
    "UnsupportedError",
    "__version__",
    "avg",
    "col",
    "collect",
    "count",
    "function",
    "lit",
    "max",
    "min",
    "open",
    "submit",
    "sum",
]
