"""EXPLAIN on every engine and in every format."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from typing import TYPE_CHECKING, Any

import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BY_CARRIER = (
    "MATCH (f:FLIGHT)-[:carrier]->(a) WHERE f.distance > 1000 RETURN a.name AS name, count(*) AS n ORDER BY n DESC"
)


@pytest.fixture(scope="module")
def people() -> gr.Graph:
    graph = gr.open()
    graph.execute("UNWIND range(1, 3000) AS i CREATE (:Person {i: i, name: 'p' + toString(i % 7)})")
    graph.execute("MATCH (a:Person), (b:Person) WHERE b.i = a.i + 1 CREATE (a)-[:KNOWS]->(b)")
    return graph


def tree(operator: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An operator and all below it."""
    yield operator
    for below in [*operator["inputs"], *([operator["subplan"]] if "subplan" in operator else [])]:
        yield from tree(below)


def explained(graph: gr.Graph, query: str, **options: Any) -> dict[str, Any]:
    document = json.loads(graph.explain(query, format="json", **options))
    assert document["version"] == 1
    return dict(document)


def plans(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [document["plan"]] if document["kind"] == "plan" else [stage["plan"] for stage in document["stages"]]


def test_operators_are_numbered_from_the_root_on_and_through_all_stages(flights_graph: gr.Graph) -> None:
    for options in ({}, {"distributed": True, "partitions": 3}):
        document = explained(flights_graph, BY_CARRIER, **options)
        ids = [operator["id"] for plan in plans(document) for operator in tree(plan)]
        assert ids == list(range(len(ids)))
        assert all(operator["estimated_rows"] >= 0 for plan in plans(document) for operator in tree(plan))
        assert "actual" not in document.get("plan", {})


@pytest.mark.parametrize("engine", ["local", "staged", "ray"])
def test_what_operators_did_is_told_on_every_engine(
    engine: gr.options.Engine, flights_graph: gr.Graph, two_workers: dict[str, object]
) -> None:
    rows = len(flights_graph.query(BY_CARRIER))
    options: dict[str, Any] = {"ray": two_workers} if engine == "ray" else {}
    document = explained(flights_graph, BY_CARRIER, analyze=True, engine=engine, **options)
    assert document["kind"] == ("plan" if engine == "local" else "stages")
    run = document["run"]
    assert (run["engine"], run["rows"]) == (engine, rows)
    assert run["time_ms"] > 0
    operators = [operator for plan in plans(document) for operator in tree(plan)]
    assert operators[-1]["actual"]["rows"] > rows or engine != "local"
    scans = [operator for operator in operators if operator["name"] == "HyperedgeScan"]
    assert sum(scan["actual"]["rows"] for scan in scans) > rows
    # From the disk, or from the cache where the query before has left it.
    assert sum(scan["actual"]["bytes_read"] + scan["actual"]["cache_hits"] for scan in scans) > 0
    assert all(scan["actual"]["threads"] > 0 and scan["actual"]["own_time_ms"] > 0 for scan in scans)
    held = [operator["actual"]["peak_memory_bytes"] for operator in operators if operator["name"] == "HashAggregate"]
    assert max(held) > 0
    for stage in document.get("stages", []):
        actual = stage["actual"]
        assert actual["tasks"] == stage["tasks"] <= actual["attempts"]
        assert actual["rows"] == stage["plan"]["actual"]["rows"]
        spread = actual["partition_rows"]
        assert spread["min"] <= spread["median"] <= spread["max"]
        assert spread["skew"] >= 1
    text = flights_graph.explain(BY_CARRIER, analyze=True, engine=engine, **options)
    assert re.search(r"HyperedgeScan\(f:FLIGHT.*\[\d+ rows, about \d+ expected, own time ", text)
    assert re.search(rf"^Total: {rows} rows in .* on the engine {engine}$", text, re.MULTILINE)
    assert re.search(r"^Slowest: .* with \d+ % of the time: ", text, re.MULTILINE)
    assert ("Critical path: stage 0" in text) == (engine != "local")


def test_rows_of_operators_add_up_whatever_the_threads(people: gr.Graph) -> None:
    query = "MATCH (a:Person)-[e:KNOWS]->(b) WHERE a.i > 100 RETURN max(a.i + b.i + id(e)) AS n"
    seen = []
    for threads in (1, 4):
        document = explained(people, query, analyze=True, threads=threads)
        expands = [own for own in tree(document["plan"]) if own["name"] == "AdjacencyExpand"]
        seen += [own["actual"]["rows"] for own in expands]
    assert seen == [2899, 2899]


def test_rows_of_a_subquery_are_those_for_all_outer_rows(people: gr.Graph) -> None:
    query = (
        "MATCH (a:Person) WHERE a.i <= 10 CALL (a) { MATCH (a)-[:KNOWS]->(b) RETURN b ORDER BY b.i LIMIT 1 } RETURN b.i"
    )
    document = explained(people, query, analyze=True)
    applied = next(own for own in tree(document["plan"]) if "subplan" in own)
    assert applied["subplan"]["actual"]["rows"] == 10
    outer = applied["inputs"][0]["estimated_rows"]
    assert applied["subplan"]["estimated_rows"] == pytest.approx(outer, rel=0.01)


def test_spills_are_told_with_advice(people: gr.Graph) -> None:
    query = "UNWIND range(1, 400000) AS i WITH i, toString(i) + 'abcdefghijklmnopqrstuvwxyz' AS s RETURN s ORDER BY s"
    document = explained(people, query, analyze=True, memory_limit=24 << 20)
    spilled = [own for own in tree(document["plan"]) if own["actual"]["spill_files"] > 0]
    assert spilled
    assert spilled[0]["actual"]["spilled_bytes"] > 1 << 20
    text = people.explain(query, analyze=True, memory_limit=24 << 20)
    assert re.search(r"spilled .* MiB in \d+ files", text)


@pytest.mark.parametrize(
    ("query", "advice"),
    [
        ("MATCH (p:Person) WHERE p.i = 5 RETURN p.name", "CREATE INDEX FOR (n:Person) ON (n.i)"),
        ("MATCH (a:Person), (b:Person) RETURN count(a.i + b.i)", "connect them"),
    ],
)
def test_the_slowest_step_is_advised_on(people: gr.Graph, query: str, advice: str) -> None:
    assert advice in explained(people, query, analyze=True, threads=1)["run"]["advice"]


def test_a_second_read_is_served_by_the_cache(tmp_path: Path) -> None:
    with gr.open(tmp_path / "a.grism") as graph:
        graph.execute("UNWIND range(1, 500) AS i CREATE (:A {k: i})-[:TO]->(:B {v: i})")
    graph = gr.open(tmp_path / "a.grism")
    query = "MATCH (a:A)-[:TO]->(b) RETURN sum(b.v) AS s"

    def asked() -> tuple[int, int]:
        operators = list(tree(explained(graph, query, analyze=True, threads=1)["plan"]))
        actual = [own["actual"] for own in operators]
        return sum(own["cache_misses"] for own in actual), sum(own["cache_hits"] for own in actual)

    first, second = asked(), asked()
    assert first[0] > 0
    assert second[0] == 0
    assert second[1] > 0


def test_time_that_tasks_wait_for_a_worker_is_told_apart(people: gr.Graph) -> None:
    query = "MATCH (p:Person) WITH p.name AS name, count(*) AS n UNWIND range(1, 60000) AS x RETURN sum(x * n) AS s"
    document = explained(people, query, analyze=True, engine="staged", threads=1, partitions=4)
    times = [stage["actual"]["time"] for stage in document["stages"]]
    assert max(time["queue_ms"] for time in times) > 0
    assert all(
        time["queue_ms"] == 0 for time, stage in zip(times, document["stages"], strict=True) if stage["tasks"] == 1
    )
    text = people.explain(query, analyze=True, engine="staged", threads=1, partitions=4)
    assert re.search(r"Time: queue .* ms, compute .* and fetch wait ", text)
    tasks = people.query(query, engine="staged", threads=1, partitions=4).metrics
    assert sum(task["queue_micros"] for task in tasks) > 0


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_calls_of_functions_are_counted(engine: gr.options.Engine) -> None:
    graph = gr.open()
    graph.execute("UNWIND range(1, 50) AS i CREATE (:P {i: i})")

    @gr.udf(returns=int, name="my.twice")
    def twice(x: int) -> int:
        return 2 * x

    @gr.udf(kind="aggregate", returns=int, name="my.most")
    def most(values: list[int]) -> int:
        return max(values)

    @gr.udf(kind="table", yields={"n": int}, name="my.below")
    def below(x: int) -> list[tuple[int]]:
        return [(n,) for n in range(x)]

    graph.register_functions(twice, most, below)
    for query, name, rows in (
        ("MATCH (p:P) RETURN my.twice(p.i) AS t", "my.twice", 50),
        ("MATCH (p:P) RETURN p.i % 3 AS k, my.most(p.i) AS m", "my.most", 50),
        ("MATCH (p:P) CALL my.below(p.i) YIELD n RETURN n", "my.below", 50 * 51 // 2),
    ):
        calls = explained(graph, query, analyze=True, engine=engine)["run"]["functions"][name]
        assert calls["rows"] == rows
        assert calls["calls"] >= 1
        assert calls["time_ms"] > 0


def test_verbose_says_what_each_rule_changed(people: gr.Graph) -> None:
    query = "MATCH (p:Person) WHERE p.i > 5 AND 1 = 1 RETURN p.name ORDER BY p.name LIMIT 3"
    document = explained(people, query, verbose=True)
    rules = {rule["name"]: rule for rule in document["rules"]}
    assert any("where i > 5" in line for line in rules["push_filters"]["added"])
    assert any("Filter" in line for line in rules["push_filters"]["removed"])
    text = people.explain(query, verbose=True)
    assert "\nRule push_filters:\n- " in text
    assert text.index("Logical plan:") < text.index("Physical plan:")
    assert "No rule changed the plan." in people.explain("UNWIND $x AS y RETURN y", {"x": [1]}, verbose=True)


def test_a_bare_word_and_an_option_mean_the_same(people: gr.Graph) -> None:
    query = "MATCH (p:Person) RETURN p.i"
    shown = ["\n".join(row["plan"] for row in people.query(text + query).to_pylist()) for text in (
        "EXPLAIN DISTRIBUTED COSTS ", "EXPLAIN (COSTS true, DISTRIBUTED, ANALYZE false) ",
    )]  # fmt: skip
    assert shown[0] == shown[1] == people.explain(query, distributed=True, costs=True).rstrip()
    assert "Rows: about 3000 rows" in shown[0]
    plain = people.explain(query)
    assert "[" not in plain
    assert "[3000 rows expected]" in people.explain(query, costs=True)
    analyzed = people.explain(query, analyze=True, timing=False, buffers=False, costs=False)
    assert "[3000 rows]" in analyzed
    assert "ms" not in analyzed
    assert "estimated_rows" not in explained(people, query, costs=False)["plan"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"timing": True}, gr.InvalidQueryError, r"EXPLAIN \(TIMING\) needs ANALYZE"),
        ({"buffers": True}, gr.InvalidQueryError, r"EXPLAIN \(BUFFERS\) needs ANALYZE"),
        ({"format": "yaml"}, gr.UnsupportedError, "the formats are TEXT, JSON, DOT, MERMAID, SVG"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    people: gr.Graph, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        people.explain("RETURN 1", **options)


def test_lineage_and_topology_are_refused_by_name(people: gr.Graph) -> None:
    for name in ("LINEAGE", "TOPOLOGY"):
        with pytest.raises(gr.UnsupportedError, match=rf"EXPLAIN \({name}\) is not supported yet"):
            people.query(f"EXPLAIN ({name}) RETURN 1")


ODD = 'MATCH (p:`a"<b>&]\\\\;|\'{\u00e9`) WHERE p.`x"<` = \'"]<svg>&#\' RETURN p.`x"<` AS `o"<`'


@pytest.mark.parametrize(
    "options", [{}, {"analyze": True}, {"distributed": True}, {"analyze": True, "engine": "staged"}]
)
def test_pictures_hold_any_text(options: dict[str, Any]) -> None:
    graph = gr.open()
    graph.execute("CREATE (:`a\"<b>&]\\\\;|'{\u00e9` {`x\"<`: '\"]<svg>&#'})-[:TO]->(:B)")
    for query in (ODD, "MATCH (a) WHERE EXISTS { (a)-->() } RETURN count(*)"):
        svg = ElementTree.fromstring(graph.explain(query, format="svg", **options))
        namespace = "{http://www.w3.org/2000/svg}"
        titles = [title.text for title in svg.iter(f"{namespace}title")]
        operators = [own["detail"] for plan in plans(explained(graph, query, **options)) for own in tree(plan)]
        assert titles == operators
        dot = graph.explain(query, format="dot", **options)
        assert dot.startswith("digraph plan {")
        assert dot.count(" [label=") >= len(operators)
        assert all(line.count('"') % 2 == 0 for line in dot.replace("\\\\", "").replace('\\"', "").splitlines())
        mermaid = graph.explain(query, format="mermaid", **options)
        boxes = re.findall(r"^    o\d+\[\"([^\"\[\]{}<>]|<br/>)*\"\]$", mermaid, re.MULTILINE)
        assert mermaid.startswith("flowchart BT\n")
        assert len(boxes) == len(operators)


def test_queries_that_write_are_explained_and_write_nothing(people: gr.Graph) -> None:
    query = "MATCH (p:Person {i: 1}) CREATE (p)-[:OWNS]->(:Car {k: 1})"
    document = explained(people, query)
    assert [clause["name"] for clause in document["clauses"]] == ["Read", "Create"]
    assert people.explain(query, format="svg").startswith("<svg")
    assert [clause["detail"] for clause in document["clauses"]] == clauses(people, query)
    assert "clauses" not in explained(people, "MATCH (p) RETURN p")
    for name in ("distributed", "verbose"):
        people.explain(query, **{name: True})  # type: ignore[arg-type]
    assert people.query("MATCH (c:Car) RETURN count(*) AS n").to_pylist() == [{"n": 0}]


WRITE = """
MATCH (p:Person) WHERE p.i <= 4 CREATE (p)-[:OWNS]->(c:Car {k: p.i}) SET p.owns = true
MERGE (m:Maker {k: c.k % 2}) ON CREATE SET m.new = true WITH c WHERE c.k = 4 DETACH DELETE c
"""


def written(clause: dict[str, Any]) -> dict[str, int]:
    return dict(clause["actual"]["written"])


@pytest.mark.parametrize("options", [{}, {"engine": "staged"}, {"distributed": True}, {"threads": 1}])
def test_each_clause_says_what_it_wrote(options: dict[str, Any], tmp_path: Path) -> None:
    graph = gr.open(tmp_path / "g.grism")
    graph.execute("UNWIND range(1, 9) AS i CREATE (:Person {i: i})")
    before = len(graph.history())
    document = explained(graph, WRITE, analyze=True, **options)
    found = [(clause["name"], clause["actual"]["rows"], written(clause)) for clause in document["clauses"]]
    assert found == [
        ("Read", 4, {}),
        ("Create", 4, {"nodes_created": 4, "hyperedges_created": 4, "properties_set": 4}),
        ("Set", 4, {"properties_set": 4}),
        ("Merge", 4, {"nodes_created": 2, "properties_set": 4}),
        ("Read", 1, {}),
        ("DetachDelete", 1, {"nodes_deleted": 1, "hyperedges_deleted": 1}),
    ]
    assert all(clause["actual"]["own_time_ms"] >= 0 for clause in document["clauses"])
    staged = "engine" in options or "distributed" in options
    read = document["clauses"][0]
    assert len(read["plans"]) == (0 if staged else 1)
    root = read["staged_plans"][0][-1]["plan"] if staged else read["plans"][0]
    assert root["actual"]["rows"] == 4
    run = document["run"]
    assert (run["engine"], run["rows"]) == ("staged" if staged else "local", 0)
    assert (run["commits"]["made"], run["commits"]["attempts"]) == (1, 1)
    # It is done, once.
    assert len(graph.history()) == before + 1
    query = "MATCH (c:Car) WITH count(c) AS c MATCH (p:Person {owns: true}) RETURN c, count(p) AS p"
    assert graph.query(query).to_pylist() == [{"c": 3, "p": 4}]


def test_a_write_is_analyzed_as_text_and_in_pictures() -> None:
    graph = gr.open()
    create = 'UNWIND [1, 2] AS i CREATE (:`a"<b>&` {i: i}) RETURN i'
    text = graph.explain(create, analyze=True)
    assert re.search(
        r"^Create\(.*\):  \[2 rows, nodes created: 2, properties set: 2, own time .* ms\]$", text, re.MULTILINE
    )
    assert re.search(r"^Committed: 1 commit in .*ms$", text, re.MULTILINE)
    assert re.search(r"^Total: 2 rows in .* on the engine local$", text, re.MULTILINE)
    assert "ms" not in graph.explain(create, analyze=True, timing=False)
    for form in ("dot", "mermaid", "svg"):
        shown = graph.explain(create, analyze=True, format=form)
        assert "nodes created: 2" in shown
        if form == "svg":
            ElementTree.fromstring(shown)
    assert graph.query("MATCH (n) RETURN count(n) AS n").to_pylist() == [{"n": 10}]
    # As a statement it tells what it wrote, as the query itself does.
    result = graph.execute("EXPLAIN ANALYZE CREATE (:A)-[:TO]->(:B)")
    assert result.written is not None
    assert (result.written["nodes_created"], result.written["hyperedges_created"]) == (2, 1)
    assert graph.execute("PROFILE MATCH (a:A) SET a.x = 1").written["properties_set"] == 1  # type: ignore[index]


def test_clauses_that_run_row_by_row_are_added_up() -> None:
    graph = gr.open()
    graph.execute("UNWIND range(1, 5) AS i CREATE (:P {i: i})")
    call = "MATCH (p:P) CALL (p) { MERGE (g:G {k: p.i % 2}) CREATE (g)-[:HAS]->(p) RETURN g } RETURN count(g) AS n"
    document = explained(graph, call, analyze=True)
    by_name = {clause["name"]: clause["actual"] for clause in document["clauses"]}
    assert (by_name["Merge"]["runs"], by_name["Merge"]["written"]["nodes_created"]) == (5, 2)
    assert by_name["Create"]["written"]["hyperedges_created"] == 5
    assert document["run"]["rows"] == 1
    batches = "MATCH (p:P) CALL (p) { SET p.seen = true } IN TRANSACTIONS OF 2 ROWS"
    document = explained(graph, batches, analyze=True)
    assert document["run"]["commits"]["made"] == 3
    assert sum(written(clause).get("properties_set", 0) for clause in document["clauses"]) == 5


def test_functions_within_writes_are_counted_and_failures_leave_nothing() -> None:
    graph = gr.open()

    @gr.udf(returns=int, name="my.twice")
    def twice(x: int) -> int:
        return 10 // x

    graph.register_functions(twice)
    document = explained(graph, "UNWIND [1, 2] AS x CREATE (:N {x: my.twice(x)})", analyze=True)
    assert document["run"]["functions"]["my.twice"]["rows"] == 2
    with pytest.raises(gr.InvalidDataError, match="ZeroDivisionError"):
        graph.explain("UNWIND [1, 0] AS x CREATE (:N {x: my.twice(x)})", analyze=True)
    assert graph.query("MATCH (n:N) RETURN count(n) AS n").to_pylist() == [{"n": 2}]


def test_reading_calls_and_old_snapshots_do_not_analyze_writes(people: gr.Graph, tmp_path: Path) -> None:
    for word in ("EXPLAIN ANALYZE", "PROFILE", "EXPLAIN (ANALYZE)"):
        with pytest.raises(gr.InvalidQueryError, match=r"query\(\) only reads; use execute\(\)"):
            people.query(f"{word} CREATE (:Odd)")
    with gr.open(tmp_path / "g.grism") as graph:
        graph.execute("CREATE (:A)")
        graph.execute("CREATE (:A)")
    pinned = gr.open(tmp_path / "g.grism", snapshot=2)
    with pytest.raises(gr.InvalidQueryError, match="cannot be written to"):
        pinned.explain("CREATE (:Odd)", analyze=True)
    assert people.query("MATCH (o:Odd) RETURN o").to_pylist() == []


def test_a_transaction_keeps_an_analyzed_write_until_its_commit() -> None:
    graph = gr.open()
    with graph.transaction() as tx:
        tx.execute("EXPLAIN ANALYZE CREATE (:A)")
        assert graph.query("MATCH (a:A) RETURN a").to_pylist() == []
    assert len(graph.query("MATCH (a:A) RETURN a")) == 1


def test_verbose_says_of_each_plan_of_a_write_what_rules_changed(people: gr.Graph) -> None:
    query = "MATCH (p:Person) WHERE p.i > 2999 AND 1 = 1 CREATE (c:Van) WITH p, c MATCH (p)-[:KNOWS]->(b) SET b.v = 1"
    document = explained(people, query, verbose=True)
    read = document["clauses"][0]
    assert any(rule["name"] == "push_filters" for rule in read["verbose"][0]["rules"])
    assert read["verbose"][0]["logical_plan"]
    text = people.explain(query, verbose=True)
    assert text.count("  Logical plan:\n") == sum(len(clause["plans"]) for clause in document["clauses"])
    assert "\n  Rule push_filters:\n  - " in text


def test_a_write_in_stages_reads_there_before_it_writes(people: gr.Graph) -> None:
    read = "MATCH (p:Person) WITH p.name AS name, count(*) AS n "
    query = read + "CREATE (:Name {name: name, n: n}) WITH name MATCH (q:Name) SET q.x = 1"
    document = explained(people, query, distributed=True, partitions=3)
    shapes = [
        (clause["name"], len(clause.get("staged_plans", [])), len(clause["plans"])) for clause in document["clauses"]
    ]
    assert shapes[0] == ("Read", 1, 0)
    assert all(staged == 0 for _, staged, _ in shapes[1:])
    ids = []
    for clause in document["clauses"]:
        roots = [stage["plan"] for plan in clause.get("staged_plans", []) for stage in plan] + clause["plans"]
        ids += [operator["id"] for root in roots for operator in tree(root)]
    assert ids == list(range(len(ids)))
    text = people.explain(query, distributed=True, partitions=3)
    assert re.search(r"^Read:\n  Stage 0:\n", text)
    assert "\nCreate((:Name {name: name, n: n})):\n  On the coordinator, which commits\n" in text
    assert people.explain(query, distributed=True, format="mermaid").count("subgraph") == text.count("  Stage ")


def test_a_write_is_analyzed_here_where_ray_is_asked_for(two_workers: dict[str, object]) -> None:
    graph = gr.open()
    settings: dict[str, Any] = {"engine": "ray", "ray": two_workers}
    assert explained(graph, "CREATE (:A)", analyze=True, **settings)["run"]["engine"] == "local"
    assert len(graph.query("MATCH (a:A) RETURN a")) == 1


def clauses(graph: gr.Graph, query: str) -> list[str]:
    """The lines of a text that do not belong to a plan."""
    lines = graph.explain(query).splitlines()
    assert all(line.endswith(":") for line in lines if not line.startswith(" "))
    return [line.removesuffix(":") for line in lines if not line.startswith(" ")]


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("CREATE (:Car {k: 1})", ["Create((:Car {k: 1}))"]),
        (
            "MATCH (p:Person) CREATE (p)-[r:OWNS {since: p.i}]->(:Car) DETACH DELETE p",
            ["Read", "Create((:Car), (p)-[r:OWNS {since: p.i}]->())", "DetachDelete(p)"],
        ),
        (
            "UNWIND [1] AS k MERGE (c:Car {k: k}) ON CREATE SET c.n = 1 ON MATCH SET c += {n: 2}, c:Old RETURN c.n",
            ["Read", "Merge((c:Car {k: k}); on create c.n = 1; on match c += {n: 2}, c:Old)", "Read"],
        ),
        ("MATCH (p) SET p = {} REMOVE p.name, p:Person", ["Read", "Set(p = {})", "Set(p.name = null, -p:Person)"]),
        (
            "MATCH (p:Person) CREATE (m:MEETING)-[:attendee]->(p) DELETE p",
            ["Read", "Create((m:MEETING), (m)-[:attendee]->(p))", "Delete(p)"],
        ),
        ("UNWIND [1] AS x FOREACH (y IN [x] | CREATE (:T {y: y}))", ["Read", "Read", "Create((:T {y: y}))"]),
    ],
)
def test_each_clause_that_writes_has_a_line(query: str, lines: list[str]) -> None:
    graph = gr.open()
    graph.execute("CREATE HYPEREDGE TYPE MEETING (attendee*)")
    graph.execute("CREATE (:Person {i: 1})")
    assert clauses(graph, query) == lines
    assert graph.query("MATCH (p) RETURN count(*) AS n").to_pylist() == [{"n": 1}]


def test_frames_are_explained_alike(people: gr.Graph) -> None:
    frame = people.nodes("Person").filter(gr.col("i") > 10)
    document = json.loads(frame.explain(analyze=True, format="json", engine="staged"))
    assert document["run"]["rows"] == 2990
