"""Counts of real hypergraphs that lie beside the project, against those of two independent programs."""

from __future__ import annotations

import collections
import csv
import time
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv

import grism_ray as gr
import shared

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def wd50k() -> gr.Graph:
    """One hyperedge type for each relation, one role for each qualifier."""
    graph, folder = gr.open(), shared.folder("data/wd50k")
    statements: dict[str, list[list[str]]] = collections.defaultdict(list)
    entities: dict[str, None] = {}
    with (folder / "train.txt").open(newline="") as lines:
        for line in csv.reader(lines):
            entities.update(dict.fromkeys([line[0], *line[2::2]]))
            statements[line[1]].append(line)
    graph.load_nodes("Entity", pa.table({"id": list(entities)}), key="id")
    for relation, lines in sorted(statements.items()):
        qualifiers = sorted({role for line in lines for role in line[3::2]})
        declared = "".join(f", {role} Entity*" for role in qualifiers)
        graph.execute(f"CREATE HYPEREDGE TYPE {relation} (subject Entity, object Entity{declared})")
        columns: dict[str, list[object]] = {"subject": [line[0] for line in lines], "object": [x[2] for x in lines]}
        for role in qualifiers:
            columns[role] = [[x[at + 1] for at in range(3, len(x), 2) if x[at] == role] for x in lines]
        graph.load_hyperedges(relation, pa.table(columns), roles={name: ("Entity", name) for name in columns})
    return graph


ANY = "MATCH (s)-[:subject]->() "
QUALIFIER = "NOT type(r) IN ['subject', 'object']"
STATEMENTS = [
    ("statements", f"{ANY}RETURN count(*) AS n", 166_435),
    ("incidences", f"{ANY}MATCH (s)-[r]->() RETURN count(r) AS n", 366_196),
    ("entities", "MATCH (e:Entity) RETURN count(*) AS n", 45_816),
    ("with a qualifier", f"{ANY}WHERE EXISTS {{ MATCH (s)-[r]->() WHERE {QUALIFIER} }} RETURN count(*) AS n", 22_890),
    (
        "share a statement with Q103916",
        f"MATCH (e:Entity {{id: 'Q103916'}}) {ANY}MATCH (s)-->(e) MATCH (s)-->(o) WHERE o <> e "
        "RETURN count(DISTINCT o) AS n",
        524,
    ),
    (
        "share a statement with Q103916: labels and arrows",
        "MATCH (s:Entity)<-[r1]-(h)-[r2]->(e:Entity {id: 'Q103916'}) WHERE s <> e RETURN count(DISTINCT s) AS n",
        524,
    ),
    (
        "share a statement with Q103916: no labels and no arrows",
        "MATCH (s)-[r1]-(h)-[r2]-(e {id: 'Q103916'}) WHERE s <> e RETURN count(DISTINCT s) AS n",
        524,
    ),
    (
        "share a statement with Q103916: from the other end, labels in WHERE",
        "MATCH (e)-[r1]-(h), (h)-[r2]-(s) WHERE e:Entity AND e.id = 'Q103916' AND s <> e RETURN count(DISTINCT s) AS n",
        524,
    ),
    (
        "subject of one and qualifier of some",
        f"{ANY}MATCH (s)-[r]->(e) WHERE {QUALIFIER} WITH DISTINCT e MATCH (e)<-[:subject]-(t) "
        "RETURN count(DISTINCT e) AS n",
        2_831,
    ),
    (
        "nominated for a work: statements",
        "MATCH (s:P1411)-[:P1686]->(), (s)-[:P805]->() RETURN count(DISTINCT s) AS n",
        1_690,
    ),
    ("nominated for a work: bindings", "MATCH (s:P1411)-[:P1686]->(), (s)-[:P805]->() RETURN count(*) AS n", 1_696),
    (
        "nominated for a work that casts the nominee",
        "MATCH (x)<-[:subject]-(:P1411)-[:P1686]->(work)<-[:subject]-(:P161)-[:object]->(x) RETURN count(*) AS n",
        71,
    ),
    (
        "awards with two winners or more",
        "MATCH (s:P166)-[:P1346]->(w) WITH s, count(w) AS winners WHERE winners >= 2 RETURN count(*) AS n",
        326,
    ),
    ("cast without a character", "MATCH (s:P161) WHERE NOT (s)-[:P453]->() RETURN count(*) AS n", 11_063),
]


def check(graph: gr.Graph, data: str, counts: list[tuple[str, str, int]], **options: object) -> None:
    """Compares counts, and notes the times of warm runs."""
    for name, query, expected in counts:
        graph.query(query, **options)
        started = time.perf_counter()
        [row] = graph.query(query, **options).to_pylist()
        seconds = time.perf_counter() - started
        shared.NOTES.append(f"{data}, {options.get('engine', 'local')}, {name}: {row['n']:,} in {seconds:.3f} s")
        assert row == {"n": expected}, name


def test_statements_with_qualifiers(wd50k: gr.Graph) -> None:
    check(wd50k, "wd50k", STATEMENTS)


def test_statements_on_ray(wd50k: gr.Graph, two_workers: dict[str, object]) -> None:
    check(wd50k, "wd50k", STATEMENTS, engine="ray", ray=two_workers)


KNOWS = [
    (
        "triangles in a country",
        "MATCH (a:Person)-[:knows]-(b:Person)-[:knows]-(c:Person)-[:knows]-(a) "
        "MATCH (a)-[:isLocatedIn]->(:City)-[:isPartOf]->(country:Country) "
        "MATCH (b)-[:isLocatedIn]->(:City)-[:isPartOf]->(country) "
        "MATCH (c)-[:isLocatedIn]->(:City)-[:isPartOf]->(country) RETURN count(*) AS n",
        30_456,
    ),
    (
        "interests of friends of friends",
        "MATCH (a:Person)-[:knows]-(b:Person)-[:knows]-(c:Person)-[:hasInterest]->(t:Tag) WHERE a <> c "
        "RETURN count(*) AS n",
        55_607_896,
    ),
]


@pytest.mark.parametrize("engine", ["local", "ray"])
def test_a_social_network(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    folder = shared.folder("data/lsqb")
    graph = gr.open(tmp_path / "lsqb.grism")

    def table(name: str, columns: list[str]) -> pa.Table:
        parse = arrow_csv.ParseOptions(delimiter="|")
        return arrow_csv.read_csv(folder / f"{name}.csv", parse_options=parse).rename_columns(columns)

    for label in ("City", "Country", "Person", "Tag"):
        graph.load_nodes(label, table(label, ["id"]), key="id")
    for name in (
        "City_isPartOf_Country",
        "Person_hasInterest_Tag",
        "Person_isLocatedIn_City",
        "Person_knows_Person",
    ):
        source, edge, target = name.split("_")
        roles = {"source": (source, "source"), "target": (target, "target")}
        graph.load_hyperedges(edge, table(name, ["source", "target"]), roles=roles)
    options = {"ray": request.getfixturevalue("two_workers")} if engine == "ray" else {}
    check(graph, "lsqb", KNOWS, engine=engine, **options)
