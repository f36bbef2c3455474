"""What loads bind: members that are null, and members that do not exist yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from pathlib import Path

BAND = "CREATE HYPEREDGE TYPE BAND (player Musician*, leader Musician?)"
PLAYERS = "MATCH (b:BAND) RETURN b.name AS b, [m IN members(b, 'player') | m.id] AS p ORDER BY b"


@pytest.fixture(params=["memory", "disk"])
def graph(request: pytest.FixtureRequest, tmp_path: Path) -> gr.Graph:
    """A graph with a declared type of hyperedges, and no node."""
    graph = gr.open() if request.param == "memory" else gr.open(tmp_path / "g.grism")
    graph.execute(BAND)
    return graph


def bands(*players: list[int | None] | None) -> pa.Table:
    names = [f"band{number}" for number in range(len(players))]
    return pa.table({"name": names, "who": pa.array(players, pa.list_(pa.int64()))})


def test_null_in_a_list_of_members_is_told_or_left_out(graph: gr.Graph, tmp_path: Path) -> None:
    graph.load_nodes("Musician", pa.table({"id": [1, 2, 3]}), key="id")
    table = bands([1, None, 3], None, [2], [], [None])
    roles = {"player": "who"}
    with pytest.raises(gr.InvalidDataError, match="2 rows.*player is null in a list of `who`"):
        graph.load_hyperedges("BAND", table, roles=roles)
    rejects = tmp_path / "rejects.csv"
    report = graph.load_hyperedges("BAND", table, roles=roles, missing="reject", rejects=rejects)
    assert (report.loaded, report.rejected) == (3, 2)
    assert rejects.read_text().count("player is null in a list") == 2
    graph.execute("MATCH (b:BAND) DELETE b")
    report = graph.load_hyperedges("BAND", table, roles=roles, missing="create")
    assert (report.loaded, report.created) == (5, {})
    expected = [[1, 3], [], [2], [], []]
    assert [row["p"] for row in graph.query(PLAYERS).to_pylist()] == expected
    positions = graph.query(
        "MATCH (:BAND {name: 'band0'})-[r:player]->(m) RETURN m.id AS m, position(r) AS p ORDER BY p"
    )
    assert positions.to_pylist() == [{"m": 1, "p": 0}, {"m": 3, "p": 1}]
    assert graph.check()["problems"] == []


def test_members_of_a_label_that_no_node_has_come_into_being(graph: gr.Graph) -> None:
    with pytest.raises(gr.NotFoundError, match="no nodes of `Musician`"):
        graph.load_hyperedges("BAND", bands([1]), roles={"player": "who"})
    # A node that is gone tells nothing of what others are known by.
    graph.execute("CREATE (:Musician {name: 'Eve'})")
    with pytest.raises(gr.InvalidDataError, match="have no key"):
        graph.load_hyperedges("BAND", bands([1]), roles={"player": "who"}, missing="create")
    graph.execute("MATCH (m:Musician) DELETE m")
    table = bands([4, 2, None], [2, 9]).append_column("chief", pa.array([9, None]))
    report = graph.load_hyperedges("BAND", table, roles={"player": "who", "leader": "chief"}, missing="create")
    assert (report.loaded, report.created) == (2, {"Musician": 3})
    assert [row["p"] for row in graph.query(PLAYERS).to_pylist()] == [[4, 2], [2, 9]]
    led = graph.query("MATCH (b:BAND)-[:leader]->(m:Musician {id: 9}) RETURN b.name AS b").to_pylist()
    assert led == [{"b": "band0"}]
    # They are known by `id` from then on.
    with pytest.raises(gr.InvalidDataError, match="known by `id`"):
        graph.load_nodes("Musician", pa.table({"name": ["Ann"]}), key="name")
    roles = {"source": ("City", "a"), "target": ("City", "b")}
    ends = pa.table({"a": ["Bonn", "Köln"], "b": ["Köln", "7"]})
    assert graph.load_hyperedges("LINE", ends, roles=roles, missing="create").created == {"City": 3}
    # An integer and a text that it is written as are one key.
    mixed = pa.table({"a": [7], "b": ["Bonn"]})
    assert graph.load_hyperedges("LINE", mixed, roles=roles, missing="create").created == {}
    found = graph.query("MATCH (a:City)-[:LINE]->(b:City) RETURN a.id AS a, b.id AS b ORDER BY a, b").to_pylist()
    assert [(row["a"], row["b"]) for row in found] == [("7", "Bonn"), ("Bonn", "Köln"), ("Köln", "7")]
    assert graph.check()["problems"] == []


def test_new_members_from_a_file_have_the_type_of_its_columns(graph: gr.Graph, tmp_path: Path) -> None:
    file = tmp_path / "lines.csv"
    file.write_text("a,b\n1,2\n,2\n2,3\n")
    roles = {"source": ("Stop", "a"), "target": ("Stop", "b")}
    with pytest.raises(gr.InvalidDataError, match="`a` is null"):
        graph.load_hyperedges("LINE", file, roles=roles, missing="create")
    assert graph.query("MATCH (s:Stop) RETURN count(*) AS n").to_pylist() == [{"n": 0}]
    report = graph.load_hyperedges(
        "LINE", file, roles=roles, missing="create", bad_rows="reject", rejects=tmp_path / "rejects.csv"
    )
    assert (report.loaded, report.created) == (2, {"Stop": 3})
    assert graph.query("MATCH (s:Stop) RETURN s.id AS s ORDER BY s").to_pylist() == [{"s": 1}, {"s": 2}, {"s": 3}]
