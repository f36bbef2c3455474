"""Names of every kind: labels, types, roles and properties may be called anything, in memory and on disk alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [
    *(
        "a.b",
        "a`b",
        "a\\b",
        "a'b\"c",
        "x~2",
        "x",
        "~",
        "%",
        "a%2Eb",
        "50%",
        "#x",
        "@x",
        "@labels",
        "@source",
        "\\@x",
        "[x]",
        "a b",
        " ",
        "7",
        "a-b",
    ),
    *(
        "_",
        "_id",
        "_labels",
        "_rowid",
        "_rowaddr",
        "_distance",
        "_score",
        "_relevance_score",
        "_fragid",
        "id",
        "labels",
    ),
    *(
        "Größe",
        "größe",
        "名前",
        "\u00e9",
        "e\u0301",
        "\u2028",
        "\n",
        "Key",
        "key",
        "KEY",
        "n" * 300,
        "ä" * 200 + "1",
        "ä" * 200 + "2",
    ),
    *("source", "target", "member", "hyperedge", "position", "type", "null", "true"),
]


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


@pytest.fixture(params=["memory", "disk"])
def graph(request: pytest.FixtureRequest, tmp_path: Path) -> gr.Graph:
    """An empty graph."""
    return gr.open() if request.param == "memory" else gr.open(tmp_path / "g.grism")


def with_values(graph: gr.Graph, text: str, names: list[str], parameters: dict[str, Any] | None = None) -> None:
    """Runs a statement that takes a value for each name."""
    graph.execute(text, {"values": {name: place for place, name in enumerate(names)}, **(parameters or {})})


def test_properties_of_nodes_and_edges_are_called_anything(graph: gr.Graph, tmp_path: Path) -> None:
    with_values(graph, "CREATE (a:P {no: 1}), (b:P {no: 2}), (a)-[r:R]->(b) SET a += $values, r += $values", NAMES)
    returned = ", ".join(
        f"a.{quoted(name)} AS a{place}, r.{quoted(name)} AS r{place}" for place, name in enumerate(NAMES)
    )
    text = f"MATCH (a:P {{no: 1}})-[r:R]->() RETURN {returned}, properties(a) AS a, keys(r) AS r"
    expected: dict[str, Any] = {f"{letter}{place}": place for place in range(len(NAMES)) for letter in "ar"}
    values = {name: place for place, name in enumerate(NAMES)}

    def check(graph: gr.Graph, values: dict[str, int], expected: dict[str, Any]) -> None:
        for engine in ("local", "staged"):
            row = graph.query(text, engine=engine).to_pylist()[0]
            assert row.pop("a") == {**values, "no": 1}
            assert sorted(row.pop("r")) == sorted(values)
            assert row == expected
        assert graph.check()["problems"] == []

    check(graph, values, expected)
    for place in range(0, len(NAMES), 7):
        name = quoted(NAMES[place])
        count = f"MATCH (a:P) WHERE a.{name} >= {place} AND a.{name} < {place + 1} RETURN count(*) AS n"
        assert graph.query(count).to_pylist() == [{"n": 1}], name
        count = f"MATCH (:P)-[r:R {{{name}: {place}}}]->() RETURN count(*) AS n"
        assert graph.query(count).to_pylist() == [{"n": 1}], name
    # Other types of values, which stand in columns of their own, and changes within a transaction.
    with graph.transaction() as transaction:
        transaction.execute("MATCH (a:P {no: 2}) SET a += $values", {"values": {name: name for name in NAMES}})
        rows = transaction.query("MATCH (a:P {no: 2}) RETURN properties(a) AS p").to_pylist()
        assert rows == [{"p": {**{name: name for name in NAMES}, "no": 2}}]
    check(graph, values, expected)
    graph.export_to(tmp_path / "out")
    for copy in (gr.open(), gr.open(tmp_path / "copy.grism")):
        copy.import_from(tmp_path / "out")
        check(copy, values, expected)
    columns = [name for name in NAMES if name not in ("source", "target")]
    graph.execute(f"COPY P TO '{tmp_path / 'p.parquet'}'")
    assert sorted(pq.read_schema(tmp_path / "p.parquet").names) == sorted([*NAMES, "no"])
    graph.execute(f"COPY R TO '{tmp_path / 'r.parquet'}'")
    assert set(columns) <= set(pq.read_schema(tmp_path / "r.parquet").names)


def test_labels_and_types_are_called_anything(graph: gr.Graph, tmp_path: Path) -> None:
    names = ["a.b", "a`b\\c", "x~2", "_", "#x", "50%25", "a+b", "a&b", "名前", "Key", "key", *NAMES[-11:-8]]
    nodes = [f"(a{place}:{quoted('L' + name)} {{no: {place}}})" for place, name in enumerate(names)]
    edges = [f"(a{place})-[:{quoted('T' + name)} {{no: {place}}}]->(a{place})" for place, name in enumerate(names)]
    graph.execute(f"CREATE {', '.join(nodes)}, {', '.join(edges)}")
    everything = [f"L{name}" for name in names]
    graph.execute("CREATE (:" + ":".join(quoted(name) for name in everything) + " {no: -1})")
    graph.execute("MATCH (a {no: 0}) SET a:" + quoted(names[3]))

    def check(graph: gr.Graph) -> None:
        assert graph.check()["problems"] == []
        assert {row["label"] for row in graph.query("SHOW LABELS").to_pylist()} == {*everything, names[3]}
        for place, name in enumerate(names):
            text = (
                f"MATCH (a:{quoted('L' + name)})-[r:{quoted('T' + name)}]->() RETURN a.no AS a, type(r) AS t, r.no AS r"
            )
            assert graph.query(text).to_pylist() == [{"a": place, "t": f"T{name}", "r": place}], name
        labels = graph.query("MATCH (a {no: -1}) RETURN labels(a) AS l").to_pylist()
        assert labels == [{"l": sorted(everything)}]

    check(graph)
    graph.export_to(tmp_path / "out")
    copy = gr.open(tmp_path / "copy.grism")
    copy.import_from(tmp_path / "out")
    check(copy)


def test_roles_are_called_anything(graph: gr.Graph, tmp_path: Path) -> None:
    graph.execute("CREATE (:M {no: 1}), (:M {no: 2})")
    names = ["a.b", "a`b", "a\\b", "x~2", "x", "_id", "_labels", "#x", "a%2Eb", "n" * 300]
    many, one = names[::2], names[1::2]
    roles = [*(f"{quoted(name)} M*" for name in many), *(f"{quoted(name)} M?" for name in one)]
    graph.execute(f"CREATE HYPEREDGE TYPE H ({', '.join(roles)})")
    steps = ", ".join(f"(h)-[:{quoted(name)}]->({'b' if place % 3 else 'a'})" for place, name in enumerate(names))
    graph.execute(f"MATCH (a:M {{no: 1}}), (b:M {{no: 2}}) CREATE (h:H {{no: 1}}), {steps}")
    with graph.transaction() as transaction:
        transaction.execute("MATCH (h:H), (a:M {no: 1}) CREATE (h)-[:" + quoted(many[1]) + "]->(a)")
        transaction.execute("MATCH (h:H)-[r:" + quoted(one[1]) + "]->() DELETE r")
    expected = [[2 if place % 3 else 1] for place in range(len(names))]
    expected[names.index(many[1])].append(1)
    expected[names.index(one[1])] = []

    def check(graph: gr.Graph) -> None:
        assert graph.check()["problems"] == []
        for place, name in enumerate(names):
            text = f"MATCH (h:H)-[r:{quoted(name)}]->(m) RETURN m.no AS m ORDER BY position(r)"
            assert [row["m"] for row in graph.query(text).to_pylist()] == expected[place], name
            text = f"MATCH (m:M)<-[r:{quoted(name)}]-(h) RETURN type(r) AS t"
            assert [row["t"] for row in graph.query(text).to_pylist()] == [name] * len(expected[place]), name
        row = graph.query("MATCH (h:H) RETURN h").to_pylist()[0]["h"]
        assert row.properties == {"no": 1}

    check(graph)
    graph.export_to(tmp_path / "out")
    copy = gr.open(tmp_path / "copy.grism")
    copy.import_from(tmp_path / "out")
    check(copy)
    copy.optimize()
    check(copy)
    graph.execute(f"COPY H TO '{tmp_path / 'h.parquet'}'")
    assert pq.read_schema(tmp_path / "h.parquet").names == [*many, *one, "no"]


def test_indexes_are_of_anything(tmp_path: Path) -> None:
    graph = gr.open(tmp_path / "g.grism")
    names = ["a.b`c", "_distance", "_rowid", "Key", "key", "n" * 300]
    for place, name in enumerate(names):
        label, key = f"L{place}", quoted(name)
        vectors = pa.array([[1.0, row / 10] for row in range(20)], pa.list_(pa.float32(), 2))
        table = pa.table({"no": range(20), "v": vectors, "t": [f"word{row % 5}" for row in range(20)]})
        graph.load_nodes(label, table, key="no")
        for other, value in (("v", "v"), ("t", "t"), ("n", "no")):
            index = quoted(f"{other}.{place} {name[:9]}")
            if other == "v":
                graph.execute(
                    f"CREATE VECTOR INDEX {index} FOR (n:{label}) ON (n.{quoted(name + 'v')}) OPTIONS {{dimensions: 2}}"
                )
            graph.execute(f"MATCH (n:{label}) SET n.{quoted(name + other)} = n.{value}, n.{key} = n.no")
            if other == "t":
                graph.execute(f"CREATE FULLTEXT INDEX {index} FOR (n:{label}) ON EACH [n.{quoted(name + 't')}]")
            if other == "n":
                graph.execute(f"CREATE INDEX {index} FOR (n:{label}) ON (n.{key})")
        graph.optimize()
        found = graph.search(f"v.{place} {name[:9]}", [1, 0], count=2).to_pylist()
        assert [row["entity"].properties["no"] for row in found] == [0, 1], name
        assert len(graph.search(f"t.{place} {name[:9]}", "word3", count=9)) == 4, name
        text = f"MATCH (n:{label}) WHERE n.{key} = 7 RETURN n.no AS no"
        assert graph.query(text).to_pylist() == [{"no": 7}], name
    assert graph.check()["problems"] == []


def test_a_search_finds_nodes_whose_properties_are_called_like_its_columns(graph: gr.Graph) -> None:
    vectors = pa.array([[1.0, row / 10] for row in range(50)], pa.list_(pa.float32(), 2))
    graph.load_nodes("V", pa.table({"no": range(50), "v": vectors, "t": ["tree"] * 50}), key="no")
    graph.execute("CREATE VECTOR INDEX near FOR (n:V) ON (n.v) OPTIONS {dimensions: 2}")
    graph.execute("CREATE FULLTEXT INDEX words FOR (n:V) ON EACH [n.t]")
    names = ["_distance", "_score", "_rowid", "_rowaddr", "_id", "score", "entity", "_labels"]
    with_values(graph, "MATCH (n:V) SET n += $values", names)
    found = graph.search("near", [1, 0], count=2).to_pylist()
    assert [row["entity"].properties["no"] for row in found] == [0, 1]
    assert found[0]["entity"].properties["_distance"] == 0
    assert len(graph.search("words", "trees", count=3)) == 3


def test_the_same_label_is_read_beside_a_property_called_like_its_column(graph: gr.Graph) -> None:
    graph.execute("CREATE (:A {_labels: 'x', _id: 5})")
    graph.execute("MATCH (n:A) SET n:B, n._rowid = 1")
    row = graph.query("MATCH (n:B) RETURN labels(n) AS l, n._labels AS x, n._id AS i, id(n) AS id").to_pylist()[0]
    assert (row["l"], row["x"], row["i"], row["id"] != 5) == (["A", "B"], "x", 5, True)


def test_a_property_called_as_plans_call_labels_is_not_the_labels(graph: gr.Graph) -> None:
    graph.load_nodes("L", pa.table({"id": [1, 2], "@labels": [7, 8]}), "id")
    graph.execute("MATCH (n:L {id: 1}) SET n:More")
    text = "MATCH (n:L) RETURN n.`@labels` AS x, labels(n) AS l, n AS n ORDER BY x"
    for engine in ("local", "staged"):
        found = graph.query(text, engine=engine)
        assert [(row["x"], row["l"]) for row in found] == [(7, ["L", "More"]), (8, ["L"])]
        assert found[0]["n"]["@labels"] == 7


def test_keys_tags_and_files_are_called_anything(tmp_path: Path) -> None:
    graph = gr.open(tmp_path / "g.grism")
    for key, label, kind in (("a.b", "L~1", "R.1"), ("x~2", "l~1", "`"), ("K\\", "ä" * 150, "n" * 300)):
        people = tmp_path / "people.csv"
        people.write_text(f"{key},{key}.more\n1,10\n2,20\n", encoding="utf-8")
        graph.load_nodes(label, people, key=key)
        edges = pa.table({"from.1": [1, 2], "to~1": [2, 3], "#w": [5, 6]})
        ends = {"source": (label, "from.1"), "target": (label, "to~1")}
        report = graph.load_hyperedges(kind, edges, roles=ends, missing="create")
        assert (report.loaded, report.created) == (2, {label: 1})
        text = f"MATCH (a:{quoted(label)})-[r:{quoted(kind)}]->(b)"
        text = f"{text} RETURN a.{quoted(key)} AS a, r.`#w` AS w, b.{quoted(key)} AS b ORDER BY w"
        assert graph.query(text).to_pylist() == [{"a": 1, "w": 5, "b": 2}, {"a": 2, "w": 6, "b": 3}]
        frame = graph.nodes(label).filter(gr.col(f"{key}.more") > 10).select(key)
        assert frame.collect().to_pylist() == [{key: 2}]
        tag = f"{label}/{kind}" * 3
        snapshot = graph.create_tag(tag)
        graph.execute(f"MATCH (a:{quoted(label)}) SET a.{quoted(key + '.more')} = 'more'")
        assert len(graph.diff(snapshot, snapshot + 1)[label].changed) == 3
        before = gr.open(tmp_path / "g.grism", tag=tag)
        assert before.query(f"MATCH (a:{quoted(label)}) RETURN max(a.{quoted(key + '.more')}) AS m").to_pylist() == [
            {"m": 20}
        ]
        graph.delete_tag(tag)
    assert graph.tags() == {}
    assert graph.check()["problems"] == []
