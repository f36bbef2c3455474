"""Frames and prepared queries against the same questions as text."""

from __future__ import annotations

import time

import pytest

import grism_ray as gr
from small_graphs import people


@pytest.fixture(scope="module")
def graph() -> gr.Graph:
    return people(gr.open())


def rows(result: gr.Result) -> list[tuple[object, ...]]:
    return sorted((tuple(row.values()) for row in result.to_pylist()), key=repr)


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (
            lambda g: (
                g.nodes("Person").cypher("OPTIONAL MATCH (n0)-[:KNOWS*1..2]->(m) WHERE m.age > $age", {"age": 40})
            ).cypher("RETURN n0.id AS id, count(m) AS n"),
            "MATCH (n0:Person) OPTIONAL MATCH (n0)-[:KNOWS*1..2]->(m) WHERE m.age > 40 "
            "RETURN n0.id AS id, count(m) AS n",
        ),
        (
            lambda g: g.nodes("Person").cypher("MATCH (n0)<-[:attendee]-(h)").at("h").select("topic"),
            "MATCH (:Person)<-[:attendee]-(h) RETURN h.topic",
        ),
        (
            lambda g: (
                g.nodes("Person")
                .cypher("WHERE n0.age IS NOT NULL AND NOT EXISTS { MATCH (n0)-[:LIVES_IN]->() }")
                .select("id")
            ),
            None,
        ),
        (
            lambda g: g.nodes("City").select("name").union(g.nodes("Person").select("name")).distinct(),
            "MATCH (n:City) RETURN n.name AS name UNION MATCH (n:Person) RETURN n.name AS name",
        ),
        (
            lambda g: (
                g.nodes("Person").select(xs=gr.function("range", 1, gr.col("id"))).unwind("xs", "x").agg(n=gr.sum("x"))
            ),
            "MATCH (p:Person) UNWIND range(1, p.id) AS x RETURN sum(x) AS n",
        ),
        (
            lambda g: g.nodes("Person").cypher(
                "MATCH p = shortestPath((n0)-[:KNOWS*]->(m:Person {id: 3})) RETURN length(p) AS n"
            ),
            "MATCH (n0:Person), (m:Person {id: 3}) MATCH p = shortestPath((n0)-[:KNOWS*]->(m)) RETURN length(p) AS n",
        ),
    ],
)
def test_a_frame_gives_what_the_text_gives(graph: gr.Graph, frame: object, text: str | None) -> None:
    if text is None:
        with pytest.raises(gr.InvalidQueryError, match="WHERE"):
            frame(graph)  # type: ignore[operator]
        return
    built = frame(graph)  # type: ignore[operator]
    expected = rows(graph.query(text))
    assert expected
    assert rows(built.collect()) == expected
    assert rows(built.collect(engine="staged", partitions=3)) == expected


def test_entities_of_a_frame_stay_entities(graph: gr.Graph) -> None:
    people_frame = graph.nodes("Person")
    oldest = people_frame.cypher("WITH n0 WHERE n0.age IS NOT NULL RETURN n0 AS p ORDER BY n0.age DESC LIMIT 1")
    assert rows(oldest.at("p").select("age").collect()) == [(65,)]
    [row] = oldest.collect().to_pylist()
    assert (row["p"].labels, row["p"].properties.keys() >= {"id", "name"}) == (["Person"], True)
    named = people_frame.select(**{"n0.name": "age"}).cypher("MATCH (n0:City {name: 'Ulm'}) RETURN n0.name AS city")
    assert rows(named.collect()) == [("Ulm",)] * 12
    with pytest.raises(gr.UnsupportedError, match="cypher"):
        people_frame.select(x=gr.function("labels", gr.col("n0"))).collect()
    with pytest.raises(gr.InvalidQueryError, match="arguments"):
        people_frame.select(x=gr.function("size")).collect(engine="staged")


def test_what_a_frame_cannot_do_is_said(graph: gr.Graph) -> None:
    people_frame = graph.nodes("Person")
    with pytest.raises(gr.InvalidQueryError, match="line 1, column 19"):
        people_frame.cypher("MATCH (n0)-[:KNOWS->(m)")
    with pytest.raises(gr.InvalidQueryError, match="clauses that read"):
        people_frame.cypher("SET n0.age = 1")
    with pytest.raises(gr.InvalidQueryError, match="`n0` is|no column"):
        people_frame.at("nobody")
    with pytest.raises(gr.InvalidQueryError, match="the same columns"):
        people_frame.select("id").union(people_frame.select("name"))
    with pytest.raises(gr.InvalidQueryError, match="needs a list"):
        people_frame.unwind("age", "x")


def test_a_prepared_query_is_planned_once_and_sees_the_newest_snapshot(graph: gr.Graph) -> None:
    own = people(gr.open())
    prepared = own.prepare("MATCH (p:Person) WHERE p.age > $age RETURN count(*) AS n")
    assert prepared.query({"age": 40}).to_pylist() == [{"n": 5}]
    assert prepared.query({"age": 64}).to_pylist() == [{"n": 1}]
    own.execute("CREATE (:Person {id: 99, name: 'New', age: 90})")
    assert prepared.query({"age": 64}).to_pylist() == [{"n": 2}]
    own.execute("MATCH (p:Person {id: 99}) SET p.age = 'old'")
    # The property holds values of any type now; a plan made before would read numbers.
    assert prepared.query({"age": 64}).to_pylist() == [{"n": 1}]
    assert prepared.query({"age": "a"}).to_pylist() == [{"n": 1}]
    with pytest.raises(gr.InvalidQueryError):
        own.prepare("MATCH (p:Person RETURN p")
    with pytest.raises(gr.InvalidQueryError, match="execute"):
        own.prepare("CREATE (:Person)")


def test_the_clock_and_chance_are_not_kept(graph: gr.Graph) -> None:
    first, second = (graph.query("RETURN datetime() AS now").to_pylist() for _ in range(2))
    assert first != second
    chances = {graph.query("RETURN rand() AS r").to_pylist()[0]["r"] for _ in range(3)}
    assert len(chances) == 3


def test_a_kept_plan_saves_time(graph: gr.Graph) -> None:
    def seconds(text: str) -> float:
        started = time.perf_counter()
        graph.query(text)
        return time.perf_counter() - started

    pattern = ", ".join(f"(p{i}:Person)-[:KNOWS]->(q{i}:Person {{id: {i}}})" for i in range(8))
    new = min(seconds(f"MATCH {pattern} RETURN count(*) AS n{turn}") for turn in range(5))
    kept = min(seconds(f"MATCH {pattern} RETURN count(*) AS n0") for _ in range(5))
    assert kept < new
