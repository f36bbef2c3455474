"""The flights of the demo: a hyperedge for each, with a carrier, two airports and most often a plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bulk_load
from peers.data.files import write_csv
from peers.data.graph import Edges, Graph, Nodes, Scale

if TYPE_CHECKING:
    from pathlib import Path

    from grism_ray.many import HyperedgeSource

# Names of labels and roles differ in more than case, since Kuzu has one catalog for both.
NODES = {
    "Airline": ("airlines", "carrier", "name"),
    "Airport": ("airports", "faa", "name"),
    "Aircraft": ("planes", "tailnum", "manufacturer"),
}
ROLES = {"carrier": "Airline", "origin": "Airport", "dest": "Airport", "plane": "Aircraft"}
PROPERTIES = {"id": "INT64", "month": "INT64", "distance": "DOUBLE", "arr_delay": "DOUBLE"}


def prepare(directory: Path, _scale: Scale) -> dict[str, Any]:
    """Writes a file for each label, and the flights twice: as one table, and as nodes with a table for each role."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    bulk_load.number_flights(directory)
    for label, (file, key, name) in NODES.items():
        table = pq.read_table(directory / f"{file}.parquet").select([key, name])
        plain = pc.replace_substring(table[name].cast(pa.string()), ",", " ")
        write_csv(directory / f"{label}.csv", table.set_column(1, name, plain))
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
        *(Nodes(label, {key: "STRING", name: "STRING"}) for label, (_, key, name) in NODES.items()),
        Nodes("FLIGHT", PROPERTIES),
    ),
    edges=tuple(Edges(role, "FLIGHT", label) for role, label in ROLES.items()),
    hyperedges=_hyperedges,
    reified=("FLIGHT",),
    tables={"airlines": "Airline.csv", "airports": "Airport.csv", "planes": "Aircraft.csv", "flights": "flights.csv"},
)
