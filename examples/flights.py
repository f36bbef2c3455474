"""The flights of New York 2013 as a hypergraph: what the examples, the tests and the benchmarks load and ask."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import grism_ray as gr

DATA = Path(__file__).parent / "data"

DECLARATIONS = """
CREATE HYPEREDGE TYPE FLIGHT (carrier Airline, origin Airport, dest Airport, plane Plane?);
CREATE HYPEREDGE TYPE WEATHER (airport Airport)
"""

QUERIES = {
    "long flights by airline": (
        "MATCH (f:FLIGHT)-[:carrier]->(a:Airline) WHERE f.distance > 1000 "
        "RETURN a.name AS airline, count(*) AS flights ORDER BY flights DESC, airline LIMIT 5"
    ),
    "top destination pairs": (
        "MATCH (o:Airport)<-[:origin]-(f:FLIGHT)-[:dest]->(d:Airport) "
        "RETURN o.faa AS origin, d.faa AS dest, count(*) AS flights ORDER BY flights DESC, origin, dest LIMIT 5"
    ),
    "average delay by manufacturer": (
        "MATCH (f:FLIGHT)-[:plane]->(p:Plane) WHERE p.manufacturer IS NOT NULL "
        "RETURN p.manufacturer AS manufacturer, avg(f.arr_delay) AS delay, count(*) AS flights "
        "ORDER BY flights DESC, manufacturer LIMIT 5"
    ),
    "carriers that flew the same plane": (
        "MATCH (a:Airline)<-[:carrier]-(f:FLIGHT)-[:plane]->(p:Plane)<-[:plane]-(g:FLIGHT)-[:carrier]->(b:Airline) "
        "WHERE a.carrier < b.carrier "
        "RETURN a.carrier AS one, b.carrier AS other, count(DISTINCT p) AS planes ORDER BY planes DESC, one, other"
    ),
}


def load(graph: gr.Graph) -> list[gr.LoadReport]:
    """Declares the types and loads every table; gives the reports."""
    graph.execute(DECLARATIONS)
    roles = {"carrier": "carrier", "origin": "origin", "dest": "dest", "plane": "tailnum"}
    return [
        graph.load_nodes("Airline", DATA / "airlines.parquet", key="carrier"),
        graph.load_nodes("Airport", DATA / "airports.parquet", key="faa"),
        graph.load_nodes("Plane", DATA / "planes.parquet", key="tailnum"),
        graph.load_hyperedges("FLIGHT", DATA / "flights.parquet", roles, missing="create"),
        graph.load_hyperedges("WEATHER", DATA / "weather.parquet", {"airport": "origin"}),
    ]


def same(a: gr.Result, b: gr.Result) -> bool:
    """Whether two answers are equal: floats within 1e-9 relative, for their sums may differ in order."""

    def close(x: object, y: object) -> bool:
        if isinstance(x, float) and isinstance(y, float):
            return abs(x - y) <= 1e-9 * max(abs(x), abs(y))
        return x == y

    rows, others = a.to_pylist(), b.to_pylist()
    return len(rows) == len(others) and all(
        close(row[name], other[name]) for row, other in zip(rows, others, strict=True) for name in row
    )
