"""Grism: a hypergraph query runtime.

Nodes and n-ary hyperedges with named roles, openCypher, Arrow and Lance, on one machine or on Ray::

    import grism_ray as gr

    hg = gr.open("flights.grism")
    hg.query("MATCH (f:FLIGHT)-[:carrier]->(a:Airline) RETURN a.name, count(*) AS n ORDER BY n DESC").show()
"""

import atexit

# The module comes first: it decides what `_native` is.
from grism_ray import _module, _native  # noqa: F401
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
from grism_ray.databases import sql
from grism_ray.entities import Hyperedge, Incidence, Node, Path
from grism_ray.errors import show_operators
from grism_ray.expressions import Expr, avg, col, collect, count, function, lit, max, min, sum
from grism_ray.frame import Frame, Grouped
from grism_ray.functions import UserFunction, UserParameter, discovered, udf
from grism_ray.jobs import Job, submit
from grism_ray.many import ManyReport
from grism_ray.report import LoadPreview, LoadReport, SnapshotInfo, TableDiff
from grism_ray.result import Result
from grism_ray.session import Graph, open
from grism_ray.times import Duration
from grism_ray.transaction import Transaction
from grism_ray.warning import GrismWarning

show_operators()
# Queries of daemon threads must not come back to an interpreter that is gone.
atexit.register(_native.end)

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
    "LoadPreview",
    "LoadReport",
    "ManyReport",
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
    "UserFunction",
    "UserParameter",
    "__version__",
    "avg",
    "col",
    "collect",
    "count",
    "discovered",
    "function",
    "lit",
    "max",
    "min",
    "open",
    "sql",
    "submit",
    "sum",
    "udf",
]
