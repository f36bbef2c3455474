"""A graph that is cut into two: what a pattern finds in the whole, and in the parts.

What it finds in a part it finds in the whole as well, so the counts of the parts are no more than that of the whole
together; where the pattern is connected, nothing else is found. For a pattern whose rows depend only on what its
entities are connected with, the rows of the whole that lie in one part are those of that part.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

import random_graphs
from random_patterns import Query, parts

if TYPE_CHECKING:
    import random

Bag = collections.Counter[Any]


def random_parts(rng: random.Random) -> list[random_graphs.Graph]:
    """Two random graphs without a common number ``k``."""
    first = random_graphs.random_graph(rng)
    second = random_graphs.random_graph(rng, first.declared_edges)
    return [first, random_graphs.shifted(second, offset_of(first))]


def offset_of(first: random_graphs.Graph) -> int:
    """The first number of the second part."""
    return max(first.model.kinds, default=-1) + 1


def bridged(whole: random_graphs.Graph, offset: int) -> None:
    """Adds edges across the cut, as a bug would see them."""
    nodes = whole.model.of_kind("N")
    for a in (node for node in nodes if node < offset):
        random_graphs.add_edge(whole.model, "R", a, next(node for node in nodes if node >= offset))


def connected(query: Query) -> bool:
    """Whether one piece of pattern ties all rows' entities together."""
    return len(parts(clause for clause in query.branches[0].clauses if clause.kind == "MATCH")) == 1


def difference(query: Query, offset: int, whole: Bag, first: Bag, second: Bag) -> str | None:
    """What is wrong about the answers, if anything."""
    total, least = size(query, whole), size(query, first) + size(query, second)
    if total < least:
        return f"the whole has {total}, the parts {least}"
    if not query.exact:
        return None
    if connected(query) and total != least:
        return f"the whole has {total}, the parts {least}, and the pattern is connected"
    if query.form in ("count", "distinct count"):
        return None
    for name, part, within in (("first", first, lambda k: k < offset), ("second", second, lambda k: k >= offset)):
        own: Bag = collections.Counter(
            {row: count for row, count in whole.items() if all(within(k) for k in row[: query.keys])}
        )
        if own != part:
            return f"in the {name} part: more in the whole {own - part}, more in the part {part - own}"
    return None


def size(query: Query, answer: Bag) -> int:
    """How much was found: the count that the query returns, or its rows."""
    if query.form in ("count", "distinct count"):
        return sum(row[0] * count for row, count in answer.items())
    return sum(answer.values())
