"""Hypergraphs: teams of 2 to 40 items each, drawn from neighbourhoods, so that many teams share many items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peers.data.files import write_csv, write_pairs
from peers.data.graph import Edges, Graph, Nodes, Scale

if TYPE_CHECKING:
    from pathlib import Path

    from grism_ray.many import HyperedgeSource

LEAST_ARITY, GREATEST_ARITY = 2, 40
WINDOW = 60
"""Most items of a team are within that many of its centre."""


def _prepare(directory: Path, scale: Scale, teams: int, items: int) -> dict[str, Any]:
    """Writes ``team.csv``, ``item.csv`` and ``member.csv``, and ``member.bin`` for the floors."""
    import numpy as np

    random = np.random.default_rng(scale.seed)
    teams, items = scale.of(teams), scale.of(items)
    arities = np.arange(LEAST_ARITY, GREATEST_ARITY + 1)
    weights = arities**-1.2
    sizes = random.choice(arities, teams, p=weights / weights.sum())
    # A tenth of the items is in no team near the last centre; some teams stay apart from the others.
    centres = (items * 0.9 * random.random(teams) ** 1.5).astype(np.int64)
    drawn = np.repeat(np.arange(teams), sizes)
    near = centres[drawn] + (WINDOW * random.random(len(drawn)) ** 2).astype(np.int64)
    far = (items * random.random(len(drawn)) ** 2).astype(np.int64)
    members = np.where(random.random(len(drawn)) < 0.02, far, near) % items
    pairs = np.unique(drawn * items + members)
    drawn, members = pairs // items, pairs % items
    write_csv(directory / "team.csv", {"id": np.arange(teams)})
    write_csv(directory / "item.csv", {"id": np.arange(items)})
    write_csv(directory / "member.csv", {"id": drawn, "item": members})
    write_pairs(directory / "member.bin", drawn, members, bounds=(teams, items))
    return {"item": int(members[len(members) // 2]), "teams": teams, "items": items}


def _hyperedges(directory: Path) -> tuple[dict[str, str], dict[str, HyperedgeSource]]:
    source: HyperedgeSource = {
        "files": directory / "member.csv",
        "group_by": "id",
        "roles": {"member": ("item", "item")},
    }
    return {"team": "member item*"}, {"team": source}


def _graph(name: str, teams: int, items: int) -> Graph:
    return Graph(
        name=name,
        title=f"{teams:,} hyperedges of {LEAST_ARITY} to {GREATEST_ARITY} members",
        prepare=lambda directory, scale: _prepare(directory, scale, teams, items),
        nodes=(Nodes("item"), Nodes("team")),
        edges=(Edges("member", "team", "item"),),
        hyperedges=_hyperedges,
        reified=("team",),
    )


TEAMS = _graph("teams", 25_000, 12_000)
BIG_TEAMS = _graph("big-teams", 170_000, 80_000)
