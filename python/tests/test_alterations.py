"""Alterations of the schema: renames, further roles, dropped roles, beside a model of dictionaries."""

from __future__ import annotations

import copy
import random
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["a", "b", "c.d", "x~2", "50%", "`q`", "_id", "ä" * 150]
"""Names that labels, types, roles and properties get in turn."""


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


@dataclass
class Node:
    """A node."""

    labels: set[str]
    properties: dict[str, Any]


@dataclass
class Hyperedge:
    """A hyperedge of a declared type."""

    type: str
    members: dict[str, list[int]]
    properties: dict[str, Any]


@dataclass
class Model:
    """What the graph should hold; nodes and hyperedges by their property ``k``, which is never renamed."""

    nodes: dict[int, Node] = field(default_factory=dict)
    hyperedges: dict[int, Hyperedge] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    """Every label that ever stood at a node, by its present name."""
    types: dict[str, dict[str, str]] = field(default_factory=dict)
    """The roles of each declared type, and how often each is bound: empty, ``?`` or ``*``."""

    def names(self) -> set[str]:
        """The labels and types."""
        return self.labels | set(self.types)

    def properties_of(self, owners: list[Any]) -> set[str]:
        """The properties that some of the entities have."""
        return {name for own in owners for name in own.properties}


class Walk:
    """A random sequence of writes and alterations, each done to a graph and to a model."""

    def __init__(self, seed: int, graph: gr.Graph) -> None:
        self.random = random.Random(seed)
        self.graph = graph
        self.model = Model()
        self.next = 0

    def key(self) -> int:
        """The next value of ``k``."""
        self.next += 1
        return self.next

    def fresh(self, taken: set[str], prefix: str) -> str:
        """A name that is not taken."""
        return self.random.choice([name for name in (prefix + name for name in NAMES) if name not in taken])

    def run(self, text: str, refused: type[gr.GrismError] | None = None) -> None:
        """Runs a statement, or sees that it is refused and commits nothing."""
        if refused is None:
            self.graph.execute(text)
            return
        before = len(self.graph.history())
        with pytest.raises(refused):
            self.graph.execute(text)
        assert len(self.graph.history()) == before

    def create_node(self) -> None:
        """Creates a node."""
        labels = set(self.random.sample([f"L{name}" for name in NAMES], self.random.randint(0, 2)))
        labels -= set(self.model.types)
        key, properties = self.key(), self.values()
        parts = "".join(f":{quoted(label)}" for label in sorted(labels))
        self.graph.execute(f"CREATE (n{parts}) SET n = $p", {"p": {"k": key, **properties}})
        self.model.nodes[key] = Node(labels, properties)
        self.model.labels |= labels

    def values(self, taken: set[str] = frozenset()) -> dict[str, Any]:
        """Random properties."""
        names = [name for name in NAMES if name not in taken]
        return {name: self.value() for name in self.random.sample(names, self.random.randint(0, 3))}

    def value(self) -> Any:
        """A random value."""
        return self.random.choice([self.random.randint(0, 9), "text", 0.5, True])

    def change_labels(self) -> None:
        """Gives a node a label, or takes one away."""
        if not self.model.nodes:
            return
        key = self.random.choice(list(self.model.nodes))
        label = self.random.choice([f"L{name}" for name in NAMES])
        if label in self.model.types:
            return
        own = self.model.nodes[key].labels
        verb = "REMOVE" if label in own else "SET"
        self.graph.execute(f"MATCH (n {{k: {key}}}) {verb} n:{quoted(label)}")
        own.symmetric_difference_update({label})
        self.model.labels.add(label)

    def set_property(self) -> None:
        """Sets or removes a property."""
        owners = {**self.model.nodes, **self.model.hyperedges}
        if not owners:
            return
        key = self.random.choice(list(owners))
        own = owners[key]
        roles = self.model.types[own.type] if isinstance(own, Hyperedge) else {}
        name = self.random.choice(NAMES)
        if name in roles:
            return
        value = self.random.choice([None, self.value()])
        self.graph.execute(f"MATCH (n {{k: {key}}}) SET n.{quoted(name)} = $v", {"v": value})
        own.properties.pop(name, None)
        if value is not None:
            own.properties[name] = value

    def declare(self) -> None:
        """Declares a type."""
        name = self.fresh(self.model.names(), "T")
        if name in self.model.names() or len(self.model.types) > 3:
            return
        roles = {"first": self.random.choice(["", "*"]), "second": "?"}
        text = ", ".join(f"{role}{sign}" for role, sign in roles.items())
        self.graph.execute(f"CREATE HYPEREDGE TYPE {quoted(name)} ({text})")
        self.model.types[name] = roles

    def create_hyperedge(self) -> None:
        """Creates a hyperedge."""
        everything = list(self.model.nodes) + list(self.model.hyperedges)
        if not everything or not self.model.types:
            return
        name = self.random.choice(list(self.model.types))
        roles = self.model.types[name]
        key, properties = self.key(), self.values(set(roles))
        members = {}
        for role, sign in roles.items():
            low, high = {"": (1, 1), "?": (0, 1), "*": (0, 3)}[sign]
            members[role] = [self.random.choice(everything) for _ in range(self.random.randint(low, high))]
        bound = sorted({member for own in members.values() for member in own})
        found = ", ".join(f"(m{member} {{k: {member}}})" for member in bound)
        links = [f"(h)-[:{quoted(role)}]->(m{member})" for role, own in members.items() for member in own]
        match = f"MATCH {found} " if found else ""
        self.graph.execute(
            f"{match}CREATE {', '.join([f'(h:{quoted(name)} {{k: {key}}})', *links])} SET h += $p",
            {"p": properties},
        )
        self.model.hyperedges[key] = Hyperedge(name, {role: own for role, own in members.items() if own}, properties)

    def bind(self) -> None:
        """Binds one more member."""
        if not self.model.hyperedges or not self.model.nodes:
            return
        key = self.random.choice(list(self.model.hyperedges))
        own = self.model.hyperedges[key]
        many = [role for role, sign in self.model.types[own.type].items() if sign == "*"]
        if not many:
            return
        role, member = self.random.choice(many), self.random.choice(list(self.model.nodes))
        self.graph.execute(f"MATCH (h {{k: {key}}}), (m {{k: {member}}}) CREATE (h)-[:{quoted(role)}]->(m)")
        own.members.setdefault(role, []).append(member)

    def delete(self) -> None:
        """Deletes an entity that nothing binds, and tries one that something binds."""
        everything = list(self.model.nodes) + list(self.model.hyperedges)
        if not everything:
            return
        key = self.random.choice(everything)
        bound = {member for own in self.model.hyperedges.values() for some in own.members.values() for member in some}
        text = f"MATCH (n {{k: {key}}}) DELETE n"
        if key in bound:
            own = self.model.hyperedges.get(key)
            only_itself = own is not None and not any(
                key in some
                for other in self.model.hyperedges.values()
                if other is not own
                for some in other.members.values()
            )
            if not only_itself:
                self.run(text, gr.InvalidDataError)
            return
        self.run(text)
        self.model.nodes.pop(key, None)
        self.model.hyperedges.pop(key, None)

    def rename_label(self) -> None:
        """Renames a label, or sees that it is refused."""
        from_, to = (f"L{self.random.choice(NAMES)}" for _ in range(2))
        text = f"ALTER LABEL {quoted(from_)} RENAME TO {quoted(to)}"
        if from_ not in self.model.labels:
            self.run(text, gr.NotFoundError)
            self.run(text.replace("LABEL", "LABEL IF EXISTS", 1))
        elif to in self.model.labels:
            self.run(text, gr.InvalidDataError)
        else:
            self.run(text)
            self.model.labels = self.model.labels - {from_} | {to}
            for node in self.model.nodes.values():
                if from_ in node.labels:
                    node.labels = node.labels - {from_} | {to}

    def rename_label_property(self) -> None:
        """Renames a property of a label."""
        label, from_, to = f"L{self.random.choice(NAMES)}", self.random.choice(NAMES), self.random.choice(NAMES)
        nodes = [node for node in self.model.nodes.values() if label in node.labels]
        text = f"ALTER LABEL {quoted(label)} RENAME PROPERTY {quoted(from_)} TO {quoted(to)}"
        known = self.model.properties_of(nodes)
        if label not in self.model.labels:
            self.run(text, gr.NotFoundError)
            return
        if from_ == to or from_ not in known:
            return
        # The property is one of tables: nodes of the label set of one that has it have the name too.
        sets = [node.labels for node in nodes if from_ in node.properties]
        clash = any(to in node.properties for node in nodes)
        try:
            self.graph.execute(text)
        except gr.InvalidDataError:
            assert clash, (text, sets)
            return
        if clash:
            assert not any(from_ in node.properties and to in node.properties for node in nodes)
        for node in nodes:
            if from_ in node.properties:
                node.properties[to] = node.properties.pop(from_)

    def rename_type(self) -> None:
        """Renames a type, or sees that it is refused."""
        from_, to = (f"T{self.random.choice(NAMES)}" for _ in range(2))
        text = f"ALTER HYPEREDGE TYPE {quoted(from_)} RENAME TO {quoted(to)}"
        if from_ not in self.model.types:
            self.run(text, gr.NotFoundError)
        elif to in self.model.types:
            self.run(text, gr.InvalidDataError)
        else:
            self.run(text)
            self.model.types[to] = self.model.types.pop(from_)
            for own in self.model.hyperedges.values():
                if own.type == from_:
                    own.type = to

    def type(self) -> tuple[str, dict[str, str], list[Hyperedge]] | None:
        """A random type with its roles and hyperedges."""
        if not self.model.types:
            return None
        name = self.random.choice(list(self.model.types))
        return name, self.model.types[name], [own for own in self.model.hyperedges.values() if own.type == name]

    def rename_type_property(self) -> None:
        """Renames a property of a type."""
        if (found := self.type()) is None:
            return
        name, roles, own = found
        from_, to = self.random.choice(NAMES), self.random.choice(NAMES)
        known = self.model.properties_of(own)
        if from_ == to or from_ not in known:
            return
        text = f"ALTER HYPEREDGE TYPE {quoted(name)} RENAME PROPERTY {quoted(from_)} TO {quoted(to)}"
        if to in known or to in roles:
            self.run(text, gr.InvalidDataError)
            return
        self.run(text)
        for hyperedge in own:
            if from_ in hyperedge.properties:
                hyperedge.properties[to] = hyperedge.properties.pop(from_)

    def add_role(self) -> None:
        """Adds a role, or sees that it is refused."""
        if (found := self.type()) is None:
            return
        name, roles, own = found
        role, sign = self.random.choice(NAMES), self.random.choice(["?", "*", ""])
        text = f"ALTER HYPEREDGE TYPE {quoted(name)} ADD ROLE {quoted(role)}{sign}"
        if role in roles or role in self.model.properties_of(own) or (sign == "" and own):
            self.run(text, gr.InvalidDataError)
        else:
            self.run(text)
            roles[role] = sign

    def rename_role(self) -> None:
        """Renames a role, or sees that it is refused."""
        if (found := self.type()) is None:
            return
        name, roles, own = found
        from_, to = self.random.choice(list(roles)), self.random.choice(NAMES)
        text = f"ALTER HYPEREDGE TYPE {quoted(name)} RENAME ROLE {quoted(from_)} TO {quoted(to)}"
        if to in roles or to in self.model.properties_of(own):
            self.run(text, gr.InvalidDataError)
            return
        self.run(text)
        roles[to] = roles.pop(from_)
        for hyperedge in own:
            if from_ in hyperedge.members:
                hyperedge.members[to] = hyperedge.members.pop(from_)

    def drop_role(self) -> None:
        """Drops a role, or sees that it is refused."""
        if (found := self.type()) is None:
            return
        name, roles, own = found
        role = self.random.choice(list(roles))
        text = f"ALTER HYPEREDGE TYPE {quoted(name)} DROP ROLE {quoted(role)}"
        if len(roles) == 1:
            self.run(text, gr.InvalidDataError)
            return
        self.run(text)
        del roles[role]
        for hyperedge in own:
            hyperedge.members.pop(role, None)

    def step(self) -> None:
        """One write or alteration."""
        writes = [self.create_node, self.change_labels, self.set_property, self.create_hyperedge, self.bind]
        changes = [
            self.rename_label,
            self.rename_label_property,
            self.rename_type,
            self.rename_type_property,
            self.add_role,
            self.rename_role,
            self.drop_role,
        ]
        self.random.choice(writes * 3 + changes * 2 + [self.declare, self.declare, self.delete])()


def content(graph: gr.Graph, **settings: Any) -> tuple[Any, ...]:
    """The nodes, the hyperedges, and what hyperedges bind, as read from either end."""
    entities = graph.query(
        "MATCH (n) RETURN n.k AS k, kind(n) AS kind, labels(n) AS labels, properties(n) AS properties", **settings
    ).to_pylist()
    found = {
        row["k"]: (
            row["kind"],
            sorted(row["labels"]),
            {name: row["properties"][name] for name in sorted(row["properties"]) if name != "k"},
        )
        for row in entities
    }
    lists = []
    for pattern in ("MATCH (h)-[r]->(m)", "MATCH (m) MATCH (m)<-[r]-(h)"):
        text = f"{pattern} RETURN h.k AS h, type(r) AS r, position(r) AS p, m.k AS m"
        lists.append(sorted(tuple(row.values()) for row in graph.query(text, **settings).to_pylist()))
    return dict(sorted(found.items())), *lists


def expected(model: Model) -> tuple[Any, ...]:
    entities = {key: ("node", sorted(own.labels), own.properties) for key, own in model.nodes.items()}
    entities |= {key: ("hyperedge", [own.type], own.properties) for key, own in model.hyperedges.items()}
    incidences = sorted(
        (key, role, place, member)
        for key, own in model.hyperedges.items()
        for role, members in own.members.items()
        for place, member in enumerate(members)
    )
    return entities, incidences, incidences


@pytest.mark.filterwarnings("ignore::grism_ray.GrismWarning")
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("place", ["memory", "disk"])
def test_random_alterations_and_writes_do_as_a_model_does(place: str, seed: int, tmp_path: Path) -> None:
    path = tmp_path / "graph" if place == "disk" else None
    graph = gr.open(path)
    walk = Walk(seed, graph)
    past: list[tuple[int, Model]] = []
    for number in range(60):
        walk.step()
        assert graph.check()["problems"] == []
        if number % 10 == 9:
            assert content(graph) == expected(walk.model)
            past.append((graph.history()[-1].snapshot, copy.deepcopy(walk.model)))
            if place == "disk" and number % 20 == 9:
                graph.optimize()
    assert content(graph, engine="staged", partitions=3) == expected(walk.model)
    for snapshot, model in past:
        assert content(graph, snapshot=snapshot) == expected(model)
    graph.export_to(tmp_path / "export")
    with gr.open() as copied:
        copied.import_from(tmp_path / "export")
        assert content(copied) == expected(walk.model)
        assert copied.check()["problems"] == []
    if path is not None:
        # Another process finds the same.
        code = "import sys; sys.path.insert(0, sys.argv[2]); import test_alterations as t; import grism_ray as gr\n"
        code += "graph = gr.open(sys.argv[1]); print(graph.check()['problems'], t.content(graph))"
        folder = str(__file__).rsplit("/", 1)[0]
        told = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, str(path), folder], check=True, capture_output=True, text=True
        )
        assert told.stdout.strip() == f"[] {content(graph)}"


@pytest.fixture(params=["memory", "disk"])
def graph(request: pytest.FixtureRequest, tmp_path: Path) -> gr.Graph:
    return gr.open(tmp_path / "graph" if request.param == "disk" else None)


def one(graph: gr.Graph, text: str, **settings: Any) -> Any:
    (row,) = graph.query(text, **settings).to_pylist()
    (value,) = row.values()
    return value


ROWS = 5000
"""Hyperedges of a load whose incidences are sorted into runs."""


def load_papers(graph: gr.Graph, label: str, key: str, name: str, roles: dict[str, str], start: int = 0) -> None:
    numbers = list(range(start, start + ROWS))
    graph.load_nodes(label, pa.table({key: numbers, "half": [number // 2 for number in numbers]}), key=key)
    rows = pa.table({"n": numbers, "x": numbers, "y": [[number, start] for number in numbers]})
    graph.load_hyperedges(name, rows, roles=dict(zip(roles.values(), ["x", "y"], strict=True)))


def test_loads_before_and_after_an_alteration_are_one(graph: gr.Graph, tmp_path: Path) -> None:
    graph.execute("CREATE HYPEREDGE TYPE PAPER (first Author, others Author*)")
    load_papers(graph, "Author", "id", "PAPER", {"1": "first", "2": "others"})
    graph.execute("MATCH (p:PAPER {n: 7}) DELETE p")
    graph.execute("ALTER LABEL Author RENAME TO `Writer~1`")
    graph.execute("ALTER LABEL `Writer~1` RENAME PROPERTY id TO `key.of`")
    graph.execute("ALTER HYPEREDGE TYPE PAPER RENAME TO `BOOK/1`")
    graph.execute(
        "ALTER HYPEREDGE TYPE `BOOK/1` RENAME ROLE first TO main;"
        "ALTER HYPEREDGE TYPE `BOOK/1` RENAME ROLE others TO first"
    )
    load_papers(graph, "Writer~1", "key.of", "BOOK/1", {"1": "main", "2": "first"}, start=ROWS)
    assert one(graph, "MATCH (a)<-[:main]-(b:`BOOK/1`) WHERE a.`key.of` = b.n RETURN count(*)") == 2 * ROWS - 1
    assert one(graph, "MATCH (a:`Writer~1` {`key.of`: 0})<-[:first]-(b) RETURN count(*)") == ROWS
    # What has the older names now begins anew.
    graph.execute("CREATE HYPEREDGE TYPE PAPER (first Author, others Author*)")
    load_papers(graph, "Author", "id", "PAPER", {"1": "first", "2": "others"})
    graph.execute("ALTER HYPEREDGE TYPE PAPER DROP ROLE others; ALTER HYPEREDGE TYPE PAPER ADD ROLE others Author*")
    assert one(graph, "MATCH (p:PAPER)-[:others]->(a) RETURN count(*)") == 0
    assert one(graph, "MATCH (a:Author)<-[r]-(p:PAPER) RETURN count(r)") == ROWS
    graph.execute("MATCH (p:PAPER), (a:Author {id: 3}) WHERE p.n < 10 CREATE (p)-[:others]->(a)")
    assert graph.check()["problems"] == []
    told = {row["role"]: row["incidences"] for row in graph.execute("SHOW STATISTICS").to_pylist() if "role" in row}
    if not graph.uri.startswith("memory"):
        graph.optimize()
        graph.vacuum(retain=timedelta(0), keep=1, grace=timedelta(0))
    for engine in ("local", "staged"):
        assert one(graph, "MATCH (p:PAPER)-[:others]->(a {id: 3}) RETURN count(*)", engine=engine) == 10
        assert one(graph, "MATCH (a:`Writer~1`)<-[r]-(b) RETURN count(r)", engine=engine) == 6 * ROWS - 3
        assert one(graph, "MATCH (a:Author)<-[r]-(b) RETURN count(r)", engine=engine) == ROWS + 10
    assert graph.check()["problems"] == [], told
    graph.execute(f"COPY `BOOK/1` TO '{tmp_path}/books.parquet'")
    assert pq.read_schema(tmp_path / "books.parquet").names == ["main", "first", "n"]


def test_alterations_are_commits_that_say_what_they_did(graph: gr.Graph) -> None:
    graph.execute("CREATE HYPEREDGE TYPE M (a A*, b B?); CREATE (:A {x: 1}), (:B:A {x: 2, y: 1})")
    texts = [
        "ALTER LABEL A RENAME TO C",
        "ALTER LABEL C RENAME PROPERTY x TO z",
        "ALTER HYPEREDGE TYPE M ADD ROLE c*",
        "ALTER HYPEREDGE TYPE M RENAME ROLE c TO d",
        "ALTER HYPEREDGE TYPE M DROP ROLE b",
        "ALTER HYPEREDGE TYPE M RENAME TO N",
    ]
    for text in texts:
        graph.execute(text)
    assert [line.operation for line in graph.history()[-6:]] == [
        "rename A to C",
        "rename property x of C to z",
        "add role c to M",
        "rename role c of M to d",
        "drop role b of M",
        "rename M to N",
    ]
    count = len(graph.history())
    for text in (
        "ALTER LABEL IF EXISTS A RENAME TO D",
        "ALTER LABEL C RENAME PROPERTY IF EXISTS x TO y",
        "ALTER HYPEREDGE TYPE IF EXISTS M RENAME TO O",
        "ALTER HYPEREDGE TYPE N DROP ROLE IF EXISTS b",
        "ALTER HYPEREDGE TYPE N RENAME ROLE IF EXISTS c TO e",
        "ALTER HYPEREDGE TYPE N ADD ROLE IF NOT EXISTS d*",
        "CREATE HYPEREDGE TYPE N IF NOT EXISTS (a C*, d*)",
    ):
        graph.execute(text)
    for text in (
        "ALTER HYPEREDGE TYPE IF EXISTS N DROP ROLE b",
        "ALTER LABEL IF EXISTS C RENAME PROPERTY x TO y",
        "ALTER LABEL IF EXISTS C RENAME TO N",
    ):
        with pytest.raises((gr.NotFoundError, gr.InvalidDataError)):
            graph.execute(text)
    assert len(graph.history()) == count


def test_a_transaction_holds_several_alterations_or_none(graph: gr.Graph) -> None:
    graph.execute("CREATE HYPEREDGE TYPE M (a A*, b B?); CREATE (h:M {t: 1})-[:a]->(:A {x: 1}), (h)-[:b]->(:B {x: 2})")
    count = len(graph.history())
    swap = "ALTER HYPEREDGE TYPE M RENAME ROLE b TO c; ALTER LABEL A RENAME TO C; ALTER LABEL B RENAME TO A"
    transaction = graph.transaction()
    transaction.execute(swap)
    transaction.rollback()
    assert len(graph.history()) == count
    with graph.transaction() as transaction:
        transaction.create_node("A", x=3)
        transaction.execute(swap)
        transaction.execute("MATCH (h:M), (n:C {x: 3}) CREATE (h)-[:a]->(n)")
        transaction.create_node("A", x=4)
        found = transaction.query("MATCH (n) WHERE n.x > 0 RETURN n.x AS x, labels(n) AS l ORDER BY n.x").to_pylist()
    assert found == [{"x": 1, "l": ["C"]}, {"x": 2, "l": ["A"]}, {"x": 3, "l": ["C"]}, {"x": 4, "l": ["A"]}]
    assert len(graph.history()) == count + 1
    bound = graph.query("MATCH (h:M)-[r]->(n) RETURN type(r) AS r, n.x AS x ORDER BY n.x").to_pylist()
    assert bound == [{"r": "a", "x": 1}, {"r": "c", "x": 2}, {"r": "a", "x": 3}]
    assert graph.check()["problems"] == []


@pytest.mark.parametrize(
    "text",
    [
        "ALTER LABEL A RENAME TO C",
        "ALTER LABEL A RENAME PROPERTY x TO y",
        "ALTER HYPEREDGE TYPE M RENAME TO N",
        "ALTER HYPEREDGE TYPE M DROP ROLE b",
        "ALTER HYPEREDGE TYPE M RENAME ROLE a TO c",
        "ALTER HYPEREDGE TYPE M ADD ROLE c*",
    ],
)
def test_what_was_made_before_an_alteration_is_not_committed_after_it(graph: gr.Graph, text: str) -> None:
    graph.execute("CREATE HYPEREDGE TYPE M (a A*, b B?); CREATE (h:M {t: 1})-[:a]->(:A {x: 1}), (h)-[:b]->(:B {x: 2})")
    bound = one(graph, "MATCH (n:A) RETURN id(n)")
    transaction = graph.transaction()
    transaction.create_node("A", x=5)
    transaction.create_hyperedge("M", {"a": bound}, t=2)
    graph.execute(text)
    with pytest.raises(gr.ConflictError, match="another commit altered the schema"):
        transaction.commit()
    assert graph.check()["problems"] == []


def test_a_snapshot_from_before_keeps_its_names_and_differences_have_the_new_ones(graph: gr.Graph) -> None:
    graph.execute("CREATE (:A {x: 1}), (:A:B {x: 2}), (:B {x: 3}), (:A)-[:R {w: 1}]->(:A)")
    graph.execute("MATCH (n:B {x: 3}) SET n:A")
    before = graph.history()[-1].snapshot
    graph.execute("ALTER LABEL A RENAME TO C; ALTER LABEL C RENAME PROPERTY x TO y; ALTER HYPEREDGE TYPE R RENAME TO S")
    after = graph.history()[-1].snapshot
    graph.execute("CREATE (:A {x: 4})-[:R {w: 2}]->(:A)")
    assert sorted(one(graph, "MATCH (n:A) WHERE n.x > 0 RETURN collect(n.x)", snapshot=before)) == [1, 2, 3]
    assert one(graph, "MATCH (:A)-[r:R]->(:A) RETURN r.w", snapshot=before) == 1
    assert one(graph, "MATCH (:C)-[r:S]->(:C) RETURN r.w") == 1
    assert one(graph, "MATCH (:A)-[r:R]->(:A) RETURN r.w") == 2
    assert one(graph, "MATCH (n:C) WHERE n.y > 0 RETURN sum(n.y)") == 6
    # Only the row that holds its labels and its value itself has changed.
    assert {name: (len(own.added), len(own.changed)) for name, own in graph.diff(before, after).items()} == {
        "B": (0, 1)
    }
    assert {name: len(own.added) for name, own in graph.diff(after, after + 1).items()} == {"A": 2, "R": 1}


def test_a_frame_of_other_names_is_refused(graph: gr.Graph) -> None:
    graph.execute("CREATE (:A {x: 1})")
    before = graph.history()[-1].snapshot
    frame = graph.nodes("A").filter(gr.col("x") == 1)
    assert len(frame.collect()) == 1
    graph.execute("CREATE (:A {y: 1})")
    assert len(frame.collect()) == 1
    graph.execute("ALTER LABEL A RENAME PROPERTY x TO z")
    with pytest.raises(gr.NotFoundError, match="make it anew"):
        frame.collect()
    assert len(frame.collect(snapshot=before)) == 1
    frame = graph.nodes("A")
    graph.execute("ALTER LABEL A RENAME TO B")
    with pytest.raises(gr.NotFoundError, match="make it anew"):
        frame.collect()


@pytest.mark.parametrize("of_some", [False, True], ids=["all nodes of a table", "some nodes of a table"])
def test_indexes_follow_what_they_are_of(graph: gr.Graph, of_some: bool) -> None:
    graph.execute("CREATE (:A {i: 51}); CREATE VECTOR INDEX near FOR (n:A) ON (n.v) OPTIONS {dimensions: 2}")
    graph.execute("UNWIND range(1, 50) AS i CREATE (:A {i: i, v: [i, 1], t: 'word ' + toString(i)})")
    graph.execute("CREATE INDEX numbers FOR (n:A) ON (n.i); CREATE FULLTEXT INDEX texts FOR (n:A) ON EACH [n.t]")
    if of_some:
        graph.execute("MATCH (n:A {i: 50}) REMOVE n:A SET n:B")
    for name in ("i", "v", "t"):
        graph.execute(f"ALTER LABEL A RENAME PROPERTY {name} TO `new.{name}`")
    graph.execute("ALTER LABEL A RENAME TO Z")
    # Another property of the former name is not what the index is of.
    graph.execute("CREATE (:A {i: 7}), (:Z {i: 7, t: 'word 9', `new.i`: 100})")

    def found(text: str) -> list[Any]:
        return [next(iter(row.values())) for row in graph.query(text).to_pylist()]

    def check() -> None:
        assert found("MATCH (n:Z {`new.i`: 7}) RETURN n.`new.i`") == [7]
        assert found("MATCH (n:Z {i: 7}) RETURN n.`new.i`") == [100]
        search = "CALL db.index.fulltext.queryNodes('texts', '9') YIELD node RETURN node.`new.i`"
        assert found(search) == [9]
        near = "CALL db.index.vector.queryNodes('near', 1, [5.0, 1.0]) YIELD node RETURN node.`new.i`"
        assert found(near) == [5]
        assert found("MATCH (n {i: 50}) RETURN n.i") == ([50] if of_some else [])
        assert graph.check()["problems"] == []

    check()
    if not graph.uri.startswith("memory"):
        graph.optimize()
        check()
