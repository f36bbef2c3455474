"""The flights of the demo: a hyperedge for each, with a carrier, two airports and most often a plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bulk_load
from peers.data.files import write_csv
from peers.data.graph import Edges, Graph, Nodes, Scale

if TYPE_CHECKING:
    from pathlib import Path

    from grism_ray.many import HyperedgeSource

NODES = {"Airline": ("carrier", "name"), "Airport": ("faa", "name"), "Plane": ("tailnum", "manufacturer")}
ROLES = {"carrier": "Airline", "origin": "Airport", "dest": "Airport", "plane": "Plane"}
PROPERTIES = {"id": "INT64", "month": "INT64", "distance": "DOUBLE", "arr_delay": "DOUBLE"}


def prepare(directory: Path, _scale: Scale) -> dict[str, Any]:
    """Writes a file for each label, and the flights twice: as one table, and as nodes with a table for each role."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    bulk_load.number_flights(directory)
    for label, columns in NODES.items():
        table = pq.read_table(directory / f"{bulk_load.FLIGHT_NODES[label][0]}.parquet").select(list(columns))
        plain = pc.replace_substring(table[columns[1]].cast(pa.string()), ",", " ")
        write_csv(directory / f"{label}.csv", table.set_column(1, columns[1], plain))
    flights = pq.read_table(directory / "flights.parquet")
    flights = flights.append_column("plane", flights["tailnum"]).select([*PROPERTIES, *ROLES])
    write_csv(directory / "flights.csv", flights)
    write_csv(directory / "FLIGHT.csv", flights.select(list(PROPERTIES)))
    for role in ROLES:
        bound = flights.filter(pc.is_valid(flights[role]))
        write_csv(directory / f"{role}.csv", bound.select(["id", role]))
    return {}


def _hyperedges(directory: Path) -> tuple[dict[str, str], dict[str, HyperedgeSource]]:
    roles = ", ".join(f"{role} {label}{'?' if role == 'plane' else ''}" for role, label in ROLES.items())
    return {"FLIGHT": roles}, {"FLIGHT": {"files": directory / "flights.csv", "roles": {role: role for role in ROLES}}}


FLIGHTS = Graph(
    name="flights",
    title="flights of New York in 2013: 336,776 hyperedges of four roles",
    prepare=prepare,
    nodes=(
        *(Nodes(label, {key: "STRING", name: "STRING"}) for label, (key, name) in NODES.items()),
        Nodes("FLIGHT", PROPERTIES),
    ),
    edges=tuple(Edges(role, "FLIGHT", label) for role, label in ROLES.items()),
    hyperedges=_hyperedges,
    reified=("FLIGHT",),
    tables={"airlines": "Airline.csv", "airports": "Airport.csv", "planes": "Plane.csv", "flights": "flights.csv"},
)
