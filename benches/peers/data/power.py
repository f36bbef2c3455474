"""A directed graph whose degrees follow a power law: 80,000 pages with 1.8 million links, no loops, none twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peers.data.files import write_csv, write_pairs
from peers.data.graph import Edges, Graph, Nodes, Scale

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

PAGES, LINKS = 80_000, 1_800_000
EXPONENT = 0.5
"""The page of rank r is drawn with a weight of r to the power of minus this."""


def prepare(directory: Path, scale: Scale) -> dict[str, Any]:
    """Writes ``page.csv`` and ``links.csv``, and ``links.bin`` for the floors."""
    import numpy as np

    random = np.random.default_rng(scale.seed)
    pages = max(2, scale.of(PAGES))
    # So few that drawing them ends soon.
    links = min(scale.of(LINKS), pages * pages // 4)
    weights = np.arange(1, pages + 1) ** -EXPONENT
    bounds = np.cumsum(weights / weights.sum())
    ranks = random.permutation(pages)

    def drawn() -> np.ndarray:
        """Pages, the popular ones more often."""
        return ranks[np.minimum(np.searchsorted(bounds, random.random(links)), pages - 1)]

    found = np.empty(0, dtype=np.int64)
    while len(found) < links:
        sources, targets = drawn(), drawn()
        different = sources != targets
        found = np.unique(np.concatenate([found, sources[different] * pages + targets[different]]))
    found = random.permutation(found)[:links]
    sources, targets = found // pages, found % pages
    write_csv(directory / "page.csv", {"id": np.arange(pages)})
    write_csv(directory / "links.csv", {"a": sources, "b": targets})
    write_pairs(directory / "links.bin", sources, targets, bounds=(pages, pages))
    linking = np.unique(sources)
    pairs = np.column_stack([random.choice(linking, 1000), random.integers(0, pages, 1000)])
    return {
        "start": int(linking[len(linking) // 2]),
        "pairs": pairs[pairs[:, 0] != pairs[:, 1]].tolist(),
        "pages": pages,
    }


POWER = Graph(
    name="power",
    title=f"pages with links: a power law, {PAGES:,} nodes, {LINKS:,} edges",
    prepare=prepare,
    nodes=(Nodes("page"),),
    edges=(Edges("links", "page", "page"),),
)
