"""The statements of WD50K: a hyperedge type for each of 487 relations, with a role for each qualifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bulk_load
from peers.data.graph import Edges, Graph, MissingDataError, Nodes, Scale

if TYPE_CHECKING:
    from pathlib import Path

    from grism_ray.many import HyperedgeSource


def prepare(directory: Path, _scale: Scale) -> dict[str, Any]:
    """Writes the statements as one table and its incidences, and as a table for each relation."""
    try:
        bulk_load.generate_wd50k(directory)
    except FileNotFoundError as error:
        raise MissingDataError(str(error.filename)) from error
    return {}


def _hyperedges(directory: Path) -> tuple[dict[str, str], dict[str, HyperedgeSource]]:
    return bulk_load.wd50k_sources(directory)


WD50K = Graph(
    name="wd50k",
    title="statements of Wikidata with qualifiers: 166,435 hyperedges of 487 types",
    prepare=prepare,
    nodes=(Nodes("Entity", {"id": "STRING"}, "entity.csv"), Nodes("statement", {"id": "INT64", "relation": "STRING"})),
    edges=(Edges("binds", "statement", "Entity", {"role": "STRING"}, "incidence.csv"),),
    hyperedges=_hyperedges,
    reified=("statement",),
    tables={"entity": "entity.csv", "statement": "statement.csv", "incidence": "incidence.csv"},
)
