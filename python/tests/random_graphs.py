"""Random graphs beyond those of the naive model: cut into two, united, and made smaller.

A graph here also has a property of mixed types, a label that is set after the nodes were created, and edges that end in
hyperedges. Its binary edge type ``R`` may be declared.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import naive

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

DECLARED_EDGES = "CREATE HYPEREDGE TYPE R (source N, target N)"
MORE_TYPES = "CREATE HYPEREDGE TYPE K (p N, q N*); CREATE HYPEREDGE TYPE L (q N*, r?)"
"""Hyperedges of other types with the roles of H."""
INDEXES = [
    "CREATE INDEX FOR (n:N) ON (n.s)",
    "CREATE INDEX FOR (n:N) ON (n.x)",
    "CREATE CONSTRAINT FOR (n:N) REQUIRE n.k IS UNIQUE",
]
MIXED_VALUES = ["1", "2", "1.0", "2.5", "'a'", "'b'", "true"]
"""As Cypher literals; integers and floats compare by value, the others are of types that do not compare."""


@dataclass
class Graph:
    """A model, and what a graph has besides."""

    model: naive.Model
    declared_edges: bool = False
    """Whether the type R of binary edges is declared."""
    labelled_later: set[int] = field(default_factory=set)
    """The nodes that get the label C by a SET after they were created."""
    rewritten: bool = False
    """Whether rows were deleted and changed after the graph was created."""
    more_types: bool = False
    """Whether there are the types K and L."""
    indexes: list[str] = field(default_factory=list)
    """The statements that make its indexes and constraints."""

    def statements(self) -> list[str]:
        """What makes the graph in an empty one."""
        found = [naive.DECLARATIONS] + ([DECLARED_EDGES] if self.declared_edges else [])
        found += [MORE_TYPES] if self.more_types else []
        if self.model.kinds:
            found.append(naive.create_statement(self.model))
        if self.labelled_later:
            found.append(f"MATCH (n) WHERE n.k IN {sorted(self.labelled_later)} SET n:C")
        if self.rewritten:
            found.append("CREATE (n:N {k: -1, x: 1}), (n)-[:R {k: -2}]->(n), (:H {k: -3})-[:p]->(n)")
            found.append("MATCH (n:N {k: -1}) DETACH DELETE n")
        return found + self.indexes


def random_graph(rng: random.Random, declared_edges: bool | None = None) -> Graph:
    """A random model with more to match in it."""
    model = naive.random_model(rng)
    graph = Graph(model, rng.random() < 0.25 if declared_edges is None else declared_edges)
    graph.rewritten = rng.random() < 0.2
    nodes = model.of_kind(naive.NODE)
    hyperedges = model.of_kind(naive.HYPER) + model.of_kind(naive.OVER)
    for k, properties in model.properties.items():
        if rng.random() < 0.4:
            properties["y"] = rng.choice(MIXED_VALUES)
        if k in nodes and rng.random() < 0.15:
            model.labels[k].add("C")
        elif k in nodes and rng.random() < 0.15:
            graph.labelled_later.add(k)
    for _ in range(rng.choice([0, 0, 1, 2]) if hyperedges else 0):
        add_edge(model, "S", rng.choice(nodes), rng.choice(hyperedges)).update(x=rng.randrange(4))
    # Where a label or type is unknown, a step from a hyperedge may be known to ask for a role that there is not.
    for label in ("B", "C"):
        if not any(label in labels for labels in model.labels.values()):
            model.labels[rng.choice(nodes)].add(label)
    for name in {"R", "S"} - {edge[1] for edge in model.edges}:
        add_edge(model, name, rng.choice(nodes), rng.choice(nodes))
    return graph


def denser_graph(rng: random.Random) -> Graph:
    """A random graph of up to 60 entities, with more of everything.

    It has hubs, parallel edges, members that several hyperedges have in common, and properties of several types.
    """
    model = naive.Model()
    graph = Graph(model, rng.random() < 0.2, rewritten=rng.random() < 0.1, more_types=rng.random() < 0.7)
    graph.indexes = [index for index in INDEXES if rng.random() < 0.4]

    def entity(kind: str, labels: set[str]) -> int:
        k = len(model.kinds)
        model.kinds[k], model.labels[k] = kind, labels
        model.properties[k] = {"k": k} | {
            name: value() for name, (share, value) in choices.items() if rng.random() < share
        }
        return k

    choices: dict[str, tuple[float, Callable[[], Any]]] = {
        "x": (0.85, lambda: rng.randrange(4)),
        "s": (0.8, lambda: rng.choice(["'ab'", "'ab'", "'b'", "'abc'", "''"])),
        "f": (0.6, lambda: rng.choice([0.0, 0.5, 1.5, -2.25])),
        "y": (0.2, lambda: rng.choice(MIXED_VALUES)),
    }
    nodes = [
        entity(naive.NODE, {"N"} | {label for label in "BC" if rng.random() < 0.3}) for _ in range(rng.randint(3, 24))
    ]
    # A few of them are much more popular than the rest.
    popular = nodes[:2] * rng.choice([0, 2, len(nodes) // 2]) + nodes
    for _ in range(rng.choice([0, 1, 2, 4, 6]) * len(nodes) // 2):
        k = entity("E", set())
        start = rng.choice(popular)
        model.edges.append((k, rng.choice("RRS"), start, start if rng.random() < 0.1 else rng.choice(popular)))
    hypers: list[int] = []
    for _ in range(rng.choice([0, 2, 4, 8, 14])):
        kind = rng.choice([naive.HYPER, naive.HYPER, "K", "L"] if graph.more_types else [naive.HYPER])
        k = entity(kind, {kind})
        if kind != "L":
            model.incidences.append((k, "p", 0, rng.choice(popular)))
        for position in range(rng.choice([0, 1, 2, 2, 3, 5])):
            model.incidences.append((k, "q", position, rng.choice(popular)))
        if kind != "K" and rng.random() < 0.6:
            model.incidences.append((k, "r", 0, rng.choice(nodes + hypers)))
        hypers.append(k)
    for h in model.of_kind(naive.HYPER)[:4]:
        k = entity(naive.OVER, {"G"})
        model.incidences += [(k, "of", 0, h), (k, "by", 0, rng.choice(popular))]
    if hypers and rng.random() < 0.3:
        add_edge(model, "S", rng.choice(nodes), rng.choice(hypers)).update(x=1)
    return graph


def add_edge(model: naive.Model, name: str, start: int, end: int) -> dict[str, Any]:
    """Adds a binary edge; its properties."""
    k = max(model.kinds) + 1
    model.kinds[k], model.labels[k], model.properties[k] = "E", set(), {"k": k}
    model.edges.append((k, name, start, end))
    return model.properties[k]


def shifted(graph: Graph, offset: int) -> Graph:
    """The same graph with other numbers."""
    model = graph.model
    moved = naive.Model(
        properties={k + offset: own | {"k": k + offset} for k, own in model.properties.items()},
        kinds={k + offset: kind for k, kind in model.kinds.items()},
        labels={k + offset: set(labels) for k, labels in model.labels.items()},
        edges=[(k + offset, name, a + offset, b + offset) for k, name, a, b in model.edges],
        incidences=[(h + offset, role, place, m + offset) for h, role, place, m in model.incidences],
    )
    return Graph(moved, graph.declared_edges, {k + offset for k in graph.labelled_later}, graph.rewritten)


def united(first: Graph, second: Graph) -> Graph:
    """Two graphs without a common number as one."""
    one, two = first.model, second.model
    model = naive.Model(
        properties=one.properties | two.properties,
        kinds=one.kinds | two.kinds,
        labels=one.labels | two.labels,
        edges=one.edges + two.edges,
        incidences=one.incidences + two.incidences,
    )
    later = first.labelled_later | second.labelled_later
    return Graph(model, first.declared_edges, later, first.rewritten or second.rewritten)


def without(graph: Graph, gone: int) -> Graph:
    """The graph without an entity, and without what cannot stand without it."""
    model = copy.deepcopy(graph.model)
    lost = {gone}
    while True:
        edges = {k for k, _, a, b in model.edges if {a, b} & lost}
        # An optional or multi-valued role only loses its member.
        required = {h for h, role, _, m in model.incidences if role in ("p", "of", "by") and m in lost}
        if edges | required <= lost:
            break
        lost |= edges | required
    for table in (model.properties, model.kinds, model.labels):
        for k in lost:
            table.pop(k, None)
    model.edges = [edge for edge in model.edges if edge[0] not in lost]
    model.incidences = [own for own in model.incidences if own[0] not in lost and own[3] not in lost]
    return replace(graph, model=model, labelled_later=graph.labelled_later - lost)


def simpler(graph: Graph) -> Iterator[Graph]:
    """Graphs that have a little less than this one."""
    for k in sorted(graph.model.kinds, reverse=True):
        yield without(graph, k)
    for index, (_, role, _, _) in enumerate(graph.model.incidences):
        if role in ("q", "r"):
            less = copy.deepcopy(graph)
            del less.model.incidences[index]
            yield less
    for k, properties in graph.model.properties.items():
        for name in properties.keys() - {"k"}:
            less = copy.deepcopy(graph)
            del less.model.properties[k][name]
            yield less
    for k in graph.labelled_later:
        yield replace(graph, labelled_later=graph.labelled_later - {k})
    if graph.declared_edges:
        yield replace(graph, declared_edges=False)
    if graph.rewritten:
        yield replace(graph, rewritten=False)
    for index in graph.indexes:
        yield replace(graph, indexes=[other for other in graph.indexes if other != index])
    if graph.more_types and not graph.model.of_kind("K") + graph.model.of_kind("L"):
        yield replace(graph, more_types=False)


def smallest(graph: Graph, differs: Callable[[Graph], bool]) -> Graph:
    """The graph made smaller, one thing after the other, while the answers on it still differ."""
    progress = True
    while progress:
        progress = False
        for less in simpler(graph):
            if differs(less):
                graph, progress = less, True
                break
    return graph
