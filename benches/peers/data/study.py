"""A social graph: persons who follow persons, live in cities and have interests, some of each often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bulk_load
from peers.data.files import write_pairs
from peers.data.graph import Edges, Graph, Nodes, Scale

if TYPE_CHECKING:
    from pathlib import Path


def prepare(directory: Path, scale: Scale) -> dict[str, Any]:
    """Writes a file for each label and type, and ``follows.bin`` for the floors."""
    import numpy as np

    follows = bulk_load.generate_study(directory, scale.factor, scale.seed)
    persons = scale.of(bulk_load.STUDY["person"])
    write_pairs(directory / "follows.bin", follows["a"], follows["b"], bounds=(persons, persons))
    random = np.random.default_rng(scale.seed + 1)
    ids = random.choice(persons, min(2000, persons // 4), replace=False)
    return {
        "ids": ids.tolist(),
        "keys": random.integers(0, persons, 500).tolist(),
        "persons": persons,
    }


_NAMED = {"id": "INT64", "name": "STRING"}

STUDY = Graph(
    name="study",
    title="persons, cities and interests: 100,000 persons, 2,770,000 edges of three types",
    prepare=prepare,
    nodes=(Nodes("person", {**_NAMED, "age": "INT64"}), Nodes("city", _NAMED), Nodes("interest", _NAMED)),
    edges=(
        Edges("follows", "person", "person", {"since": "INT64"}),
        Edges("lives_in", "person", "city"),
        Edges("has_interest", "person", "interest"),
    ),
)
