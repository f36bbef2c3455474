"""A graph that an earlier build wrote opens for ever: it is read at each snapshot, written, rewritten and checked.

``tests/fixtures/graph_of_c4703d2.tar.gz`` is what commit c4703d2 wrote: a load, a declared type with single, optional
and multi-valued roles, binary edges, properties of several types and of mixed ones, a deletion, and an update.
"""

from __future__ import annotations

import tarfile
from datetime import date
from typing import TYPE_CHECKING

import pytest

import grism_ray as gr
import shared

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = "MATCH (p:Person) RETURN p.name AS name, labels(p) AS labels, p.born AS born, p.odd AS odd, p.height AS height"
ATTENDEES = """
    MATCH (m:MEETING)-[i:attendee]->(p) OPTIONAL MATCH (m)-[:room]->(r)
    RETURN m.topic AS topic, toString(m.at) AS at, position(i) AS position, p.name AS name, r.seats AS seats
    ORDER BY topic, position
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The graph, unpacked."""
    with tarfile.open(shared.ROOT / "tests" / "fixtures" / "graph_of_c4703d2.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path / "g.grism"


def is_as_written(hg: gr.Graph) -> None:
    """Checks what the newest snapshot holds."""
    people = hg.query(f"{PEOPLE} ORDER BY name").to_pylist()
    assert [tuple(person.values()) for person in people] == [
        ("Ada", ["Person"], date(1815, 12, 10), None, 1.65),
        ("Bo", ["Author", "Person"], date(1990, 1, 2), "text", None),
        ("Cleo", ["Author", "Person"], None, 7, 1.7),
    ]
    at = "2024-05-06T07:08:09+02:00"
    assert [tuple(row.values()) for row in hg.query(ATTENDEES).to_pylist()] == [
        ("Q3", at, 0, "Bo", 12),
        ("Q3", at, 1, "Cleo", 12),
        ("Q4", None, 0, "Bo", None),
    ]
    known = hg.query(
        "MATCH (a)-[k:KNOWS]->(b) RETURN a.name AS a, k.since AS since, b.name AS b ORDER BY a"
    ).to_pylist()
    assert known == [{"a": "Ada", "since": 2020, "b": "Bo"}, {"a": "Bo", "since": 2021.5, "b": "Cleo"}]


def test_an_old_graph_is_read_at_every_snapshot(old: Path) -> None:
    hg = gr.open(old)
    is_as_written(hg)
    assert hg.check()["problems"] == []
    assert [entry.operation for entry in hg.history()] == [
        "create",
        "load Room",
        "declare MEETING",
        *["statement"] * 4,
    ]
    counts = [hg.query("MATCH (p:Person) RETURN count(*) AS n", snapshot=n).to_pylist()[0]["n"] for n in range(4, 8)]
    assert counts == [4, 4, 3, 3]


def test_an_old_graph_is_written_rewritten_and_cleaned(old: Path) -> None:
    hg = gr.open(old)
    hg.execute(
        "MATCH (a:Person {name: 'Ada'}), (m:MEETING {topic: 'Q4'}) CREATE (m)-[:attendee]->(a), (:Person {name: 'Di'})"
    )
    hg.execute("MATCH (p:Person {name: 'Di'}) DELETE p")
    hg.execute("MATCH (:MEETING {topic: 'Q4'})-[i:attendee]->(:Person {name: 'Ada'}) DELETE i")
    is_as_written(hg)
    hg.optimize()
    hg.vacuum(keep=1)
    is_as_written(gr.open(old))
    assert hg.check()["problems"] == []
