"""Vector and full-text indexes: against brute force, after changes, within transactions, from files, and on Ray."""

from __future__ import annotations

import json
import math
import random
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from pathlib import Path

DIMENSIONS = 8


def vectors(count: int, seed: int) -> list[list[float]]:
    generator = random.Random(seed)
    return [[generator.gauss(0, 1) for _ in range(DIMENSIONS)] for _ in range(count)]


def documents(rows: list[list[float]]) -> pa.Table:
    flat = pa.array([number for row in rows for number in row], pa.float32())
    places = pa.FixedSizeListArray.from_arrays(flat, DIMENSIONS)
    return pa.table({"id": range(len(rows)), "place": places})


def rounded(vector: list[float]) -> list[float]:
    return pa.array(vector, pa.float32()).to_pylist()


def score(metric: str, a: list[float], b: list[float]) -> float:
    a, b = rounded(a), rounded(b)
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    if metric == "dot":
        return dot
    if metric == "cosine":
        return (1 + dot / math.hypot(*a) / math.hypot(*b)) / 2
    return 1 / (1 + math.dist(a, b) ** 2)


def best(metric: str, rows: dict[int, list[float]], wanted: list[float], count: int) -> list[int]:
    return sorted(rows, key=lambda key: -score(metric, rows[key], wanted))[:count]


def found(hg: gr.Graph, index: str, wanted: list[float] | str, count: int, **settings: object) -> list[int]:
    return [row["entity"].properties["id"] for row in hg.search(index, wanted, count, **settings).to_pylist()]


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "dot"])
@pytest.mark.parametrize("in_memory", [False, True])
def test_the_nearest_vectors_are_those_of_brute_force(tmp_path: Path, metric: str, in_memory: bool) -> None:
    rows = vectors(2_000, 3)
    hg = gr.open(None if in_memory else tmp_path / "g.grism")
    hg.load_nodes("Doc", documents(rows), key="id")
    hg.execute(f"CREATE VECTOR INDEX places FOR (d:Doc) ON (d.place) OPTIONS {{similarity: '{metric}'}}")
    there = dict(enumerate(rows))
    for wanted in vectors(20, 4):
        expected = best(metric, there, wanted, 10)
        assert found(hg, "places", wanted, 10) == expected
        scores = [row["score"] for row in hg.search("places", wanted, 10).to_pylist()]
        for key, own in zip(expected, scores, strict=True):
            assert own == pytest.approx(score(metric, rows[key], wanted), rel=1e-6)
    # What changes is found as it is now, within the transaction that changes it too.
    wanted = vectors(1, 5)[0]
    first, second = best(metric, there, wanted, 2)
    with hg.transaction() as tx:
        tx.execute("MATCH (d:Doc {id: $id}) DELETE d", {"id": first})
        tx.execute(
            "MATCH (d:Doc {id: $id}) SET d.place = $place", {"id": second, "place": [-number for number in wanted]}
        )
        tx.execute("CREATE (:Doc {id: 9999, place: $place})", {"place": [2 * number for number in wanted]})
        del there[first]
        there[second] = [-number for number in wanted]
        there[9999] = [2 * number for number in wanted]
        text = "CALL db.index.search('places', $wanted, 5) YIELD entity RETURN entity.id AS id"
        inside = [row["id"] for row in tx.query(text, {"wanted": wanted}).to_pylist()]
        assert inside == best(metric, there, wanted, 5)
    assert found(hg, "places", wanted, 5) == best(metric, there, wanted, 5)
    if not in_memory:
        hg.optimize()
        assert found(hg, "places", wanted, 5) == best(metric, there, wanted, 5)
        assert not hg.check()["problems"]
        again = gr.open(tmp_path / "g.grism")
        assert found(again, "places", wanted, 5) == best(metric, there, wanted, 5)


def test_an_index_of_many_vectors_misses_few(tmp_path: Path) -> None:
    rows = vectors(70_000, 6)
    hg = gr.open(tmp_path / "g.grism")
    hg.load_nodes("Doc", documents(rows), key="id")
    hg.execute("CREATE VECTOR INDEX places FOR (d:Doc) ON (d.place) OPTIONS {similarity: 'euclidean'}")
    assert any((tmp_path / "g.grism" / "nodes" / "Doc.lance" / "_indices").iterdir())
    there = dict(enumerate(rows))
    hits = 0
    for wanted in vectors(5, 7):
        hits += len(set(best("euclidean", there, wanted, 10)) & set(found(hg, "places", wanted, 10)))
    assert hits >= 45


def test_words_are_found_by_their_stems_and_ranked(tmp_path: Path) -> None:
    texts = ["The quick brown fox", "Foxes run, foxes hide", "A dog", None, "", "naïve fox-hunting"]
    for hg in (gr.open(), gr.open(tmp_path / "g.grism")):
        hg.load_nodes("Doc", pa.table({"id": range(len(texts)), "text": texts}), key="id")
        hg.execute("CREATE FULLTEXT INDEX texts FOR (d:Doc) ON EACH [d.text]")
        assert found(hg, "texts", "fox", 10)[0] == 1
        assert sorted(found(hg, "texts", "fox", 10)) == [0, 1, 5]
        assert found(hg, "texts", "naive", 10) == [5]
        assert found(hg, "texts", "the", 10) == []
        assert sorted(found(hg, "texts", "dog quick", 10)) == [0, 2]
        hg.execute("MATCH (d:Doc {id: 2}) SET d.text = 'A cat'")
        assert (found(hg, "texts", "dog", 10), found(hg, "texts", "cat", 10)) == ([], [2])


def test_scores_of_texts_are_the_same_in_memory_and_on_disk(tmp_path: Path) -> None:
    generator = random.Random(8)
    words = [f"word{i}" for i in range(40)]
    texts = [" ".join(generator.choices(words, k=generator.randint(1, 30))) for _ in range(500)]
    scores = []
    for hg in (gr.open(), gr.open(tmp_path / "g.grism")):
        hg.load_nodes("Doc", pa.table({"id": range(len(texts)), "text": texts}), key="id")
        hg.execute("CREATE FULLTEXT INDEX texts FOR (d:Doc) ON (d.text)")
        rows = hg.search("texts", "word1 word7 word7", 500).to_pylist()
        scores.append({row["entity"].properties["id"]: row["score"] for row in rows})
    assert scores[0].keys() == scores[1].keys()
    assert len(scores[0]) > 100
    for key, own in scores[0].items():
        assert own == pytest.approx(scores[1][key], rel=1e-4)


def test_vectors_come_from_csv_and_json(tmp_path: Path) -> None:
    (tmp_path / "docs.csv").write_text('id,place\n1,"[1, 2.5]"\n2,3;4\n3,\n')
    hg = gr.open()
    hg.load_nodes("Doc", tmp_path / "docs.csv", key="id", types={"place": "Vector(2)"})
    (tmp_path / "more.jsonl").write_text('{"id": 4, "place": [5, 6]}\n{"id": 5, "place": null}\n')
    hg.load_nodes("Doc", tmp_path / "more.jsonl", key="id", types={"place": "Vector(2)"})
    places = hg.query("MATCH (d:Doc) RETURN d.place AS place ORDER BY d.id").to_pylist()
    assert [row["place"] for row in places] == [[1.0, 2.5], [3.0, 4.0], None, [5.0, 6.0], None]
    assert {"owner": "Doc", "property": "place", "type": "Vector(2)"} in hg.query("SHOW PROPERTIES").to_pylist()
    (tmp_path / "bad.csv").write_text("id,place\n6,1;2\n7,1;2;3\n8,a;b\n")
    rejects = tmp_path / "rejects.csv"
    settings = {"types": {"place": "Vector(2)"}, "bad_rows": "reject", "rejects": rejects}
    report = hg.load_nodes("Doc", tmp_path / "bad.csv", key="id", **settings)
    assert (report.loaded, report.rejected) == (1, 2)
    assert "is no vector of 2 numbers" in rejects.read_text()
    lines = tmp_path / "bad.jsonl"
    lines.write_text(json.dumps({"id": 9, "place": [1]}) + "\n")
    with pytest.raises(gr.InvalidDataError, match="a list of 1 numbers is no vector of 2"):
        hg.load_nodes("Doc", lines, key="id")


def test_a_search_and_its_pattern_run_on_ray(tmp_path: Path, two_workers: dict[str, object]) -> None:
    rows = vectors(300, 9)
    hg = gr.open(tmp_path / "g.grism")
    hg.load_nodes("Doc", documents(rows), key="id")
    pairs = pa.table({"a": range(299), "b": range(1, 300)})
    hg.load_hyperedges("NEXT", pairs, roles={"source": ("Doc", "a"), "target": ("Doc", "b")})
    hg.execute("CREATE VECTOR INDEX places FOR (d:Doc) ON (d.place)")
    text = """
        MATCH (d:Doc) WHERE d.id < 50
        CALL db.index.search('places', d.place, 3) YIELD entity, score
        MATCH (entity)-[:NEXT]->(next)
        RETURN d.id AS id, next.id AS next, round(score * 1e6) AS score ORDER BY id, next
    """
    local = hg.query(text, engine="local").to_pylist()
    assert len(local) > 100
    assert hg.query(text, engine="ray", ray=two_workers).to_pylist() == local
