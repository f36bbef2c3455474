"""Many sources as one commit: `hg.load`, manifests, and what they leave on disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

import grism_ray as gr
import shared

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = shared.ROOT / "target" / "debug" / "grism"
PEOPLE = pa.table({"id": [1, 2, 3], "name": ["Ann", "Bob", "Cy"]})
KNOWS = pa.table({"a": [1, 2], "b": [2, 3]})
MEETINGS = pa.table({"topic": ["Q1", "Q2"], "host": [1, 2], "guest": [[2, 3], []]})
ENDS = {"source": ("Person", "a"), "target": ("Person", "b")}
SOURCES: dict[str, Any] = {
    "types": {"MEETING": "host Person, guest Person*"},
    "nodes": {"Person": {"table": PEOPLE, "key": "id"}},
    "hyperedges": {"KNOWS": {"table": KNOWS, "roles": ENDS}, "MEETING": {"table": MEETINGS}},
}


@pytest.fixture(params=["memory", "disk"])
def graph(request: pytest.FixtureRequest, tmp_path: Path) -> gr.Graph:
    return gr.open() if request.param == "memory" else gr.open(tmp_path / "g.grism")


def one(graph: gr.Graph, text: str) -> Any:
    [row] = graph.query(text).to_pylist()
    return next(iter(row.values()))


def test_nodes_and_hyperedges_load_as_one_commit(graph: gr.Graph) -> None:
    before = graph.history()[-1].snapshot
    report = graph.load(SOURCES)
    assert (report.rows, report.loaded, report.snapshot) == (7, 7, before + 1)
    assert [load.target for load in report.loads] == ["Person", "KNOWS", "MEETING"]
    assert [line.added for line in graph.history()[1:]] == [7]
    assert one(graph, "MATCH (a:Person {name: 'Ann'})-[:KNOWS]->()-[:KNOWS]->(c) RETURN c.name") == "Cy"
    rows = graph.query("MATCH (m:MEETING)-[:guest]->(p) RETURN m.topic AS t, p.name AS p ORDER BY p").to_pylist()
    assert rows == [{"t": "Q1", "p": "Bob"}, {"t": "Q1", "p": "Cy"}]
    assert graph.check()["problems"] == []


def test_a_wrong_source_commits_nothing_and_every_wrong_one_is_named(graph: gr.Graph) -> None:
    broken = {
        **SOURCES,
        "hyperedges": {
            "KNOWS": {
                "table": KNOWS.append_column("x", pa.array([1, 2])),
                "roles": {**ENDS, "target": ("Person", "c")},
            },
            "MEETING": {"table": pa.table({"host": [9], "guest": [[1]]})},
        },
    }
    with pytest.raises(gr.InvalidDataError) as error:
        graph.load(broken)
    text = str(error.value)
    for part in ("2 sources", "KNOWS", "`c`", "MEETING", "'9'"):
        assert part in text
    assert len(graph.history()) == 1
    assert one(graph, "MATCH (n) RETURN count(*)") == 0
    graph.load(SOURCES)
    assert one(graph, "MATCH (n:Person) RETURN count(*)") == 3


def test_a_node_that_several_sources_bind_is_created_once(graph: gr.Graph) -> None:
    report = graph.load(
        {
            "hyperedges": {
                "KNOWS": {"table": KNOWS, "roles": ENDS, "missing": "create"},
                "LIKES": {"table": pa.table({"a": [3, 4], "b": [1, 5]}), "roles": ENDS, "missing": "create"},
            }
        }
    )
    assert [load.created for load in report.loads] == [{"Person": 3}, {"Person": 2}]
    assert [load.missing for load in report.loads] == [{}, {}]
    found = graph.query("MATCH (p:Person) RETURN p.id AS id ORDER BY id").to_pylist()
    assert [row["id"] for row in found] == [1, 2, 3, 4, 5]
    assert one(graph, "MATCH (:Person {id: 2})-[:KNOWS]->({id: 3})-[:LIKES]->(b) RETURN b.id") == 1


def test_a_label_and_a_type_may_have_several_sources(graph: gr.Graph, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("id;name\n4;Di\n")
    sources: dict[str, Any] = {
        "nodes": [
            {"label": "Person", "table": PEOPLE, "key": "id"},
            {"label": "Person", "files": tmp_path / "more.csv", "key": "id", "delimiter": ";"},
        ],
        "hyperedges": {"KNOWS": [{"table": KNOWS, "roles": ENDS}, {"table": KNOWS, "roles": ENDS}]},
    }
    assert graph.load(sources).loaded == 8
    assert one(graph, "MATCH ()-[k:KNOWS]->() RETURN count(k)") == 4
    sources["nodes"].append({"label": "Person", "table": PEOPLE, "key": "id"})
    with pytest.raises(gr.InvalidDataError, match="taken already"):
        gr.open().load(sources)


def test_types_that_later_rows_correct_are_told_from_all_rows(graph: gr.Graph, tmp_path: Path) -> None:
    rows = "".join(f"{row},{row}\n" for row in range(40_000))
    (tmp_path / "p.csv").write_text("id,zip\n" + rows + "40000,x1\n")
    (tmp_path / "q.csv").write_text("id,zip\n" + rows)
    nodes = {name: {"files": tmp_path / f"{name.lower()}.csv", "key": "id"} for name in "PQ"}
    report = graph.load({"nodes": nodes})
    assert [bool(load.warnings) for load in report.loads] == [True, False]
    assert one(graph, "MATCH (p:P {zip: 'x1'}) RETURN count(*)") == 1
    assert one(graph, "MATCH (q:Q {zip: 7}) RETURN count(*)") == 1


MANIFEST = """
graph = "g.grism"
[types]
MEETING = "host Person, guest Person*"
[[nodes]]
label = "Person"
files = "people.csv"
key = "id"
[[hyperedges]]
type = "MEETING"
files = "meetings.csv"
split = ";"
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A directory with a manifest and its files."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "people.csv").write_text("id,name\n1,Ann\n2,Bob\n")
    (folder / "meetings.csv").write_text("host,guest,topic\n1,1;2,Q1\n2,,Q2\n")
    (folder / "load.toml").write_text(MANIFEST)
    return folder


def test_a_directory_loads_as_its_manifest_says(graph: gr.Graph, manifest: Path) -> None:
    assert graph.load(manifest).loaded == 4
    assert one(graph, "MATCH (:MEETING {topic: 'Q1'})-[:guest]->(p) RETURN collect(p.name)") == ["Ann", "Bob"]
    (manifest / "load.toml").write_text(MANIFEST.replace("split", "splt"))
    with pytest.raises(gr.InvalidQueryError, match=r"load\.toml.*MEETING.*did you mean `split`"):
        graph.load(manifest / "load.toml")


def test_the_command_loads_a_directory(manifest: Path, tmp_path: Path) -> None:
    run = [str(COMMAND), "load"]
    for arguments in ([str(manifest)], [str(tmp_path / "other.grism"), str(manifest / "load.toml")]):
        done = subprocess.run([*run, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "4 of 4 rows loaded from 2 sources" in done.stderr
    for path in (manifest / "g.grism", tmp_path / "other.grism"):
        assert one(gr.open(path, create=False), "MATCH (m:MEETING) RETURN count(*)") == 2
    done = subprocess.run([*run, str(manifest), "--split", ";"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "--split is for files" in done.stderr


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"node": {}}, "did you mean `nodes`"),
        ({"nodes": {"A": {"tabl": PEOPLE, "key": "id"}}}, "did you mean `table`"),
        ({"nodes": {"A": {"table": PEOPLE}}}, "need a key"),
        ({"nodes": {"A": {"key": "id"}}}, "a table or files"),
        ({"nodes": [{"table": PEOPLE, "key": "id"}]}, "needs its label"),
        ({"hyperedges": {"A": {"table": PEOPLE, "missing": "crate"}}}, "error, create or reject"),
        ({"types": {"A": "x Person) RETURN 1"}}, "the type A"),
    ],
)
def test_slips_are_refused(sources: Any, expected: str) -> None:
    with pytest.raises(gr.InvalidQueryError, match=expected):
        gr.open().load(sources)


def test_names_of_any_kind_and_empty_tables(graph: gr.Graph) -> None:
    label, name, role = "Pers.on`x", "KN/OWS ü~2", "a.b"
    empty = pa.table({"id": pa.array([], pa.int64())})
    graph.load(
        {
            "types": {name: f"`{role}` `{label.replace('`', '``')}`*"},
            "nodes": {label: {"table": pa.table({"id": [1]}), "key": "id"}, "Empty": {"table": empty, "key": "id"}},
            "hyperedges": {name: {"table": pa.table({"c": [[1], [], [1, 1]]}), "roles": {role: "c"}}},
        }
    )
    assert one(graph, f"MATCH (h:`{name}`)-[r:`{role}`]->() RETURN count(r)") == 3
    assert graph.load({}).loads == []


def many_types(count: int, rows: int) -> dict[str, Any]:
    ids = list(range(100))
    table = pa.table({"a": [row % 100 for row in range(rows)], "b": [[row % 7, row % 11] for row in range(rows)]})
    return {
        "types": {f"T{number}": "a N, b N*" for number in range(count)},
        "nodes": {"N": {"table": pa.table({"id": ids}), "key": "id"}},
        "hyperedges": {f"T{number}": {"table": table} for number in range(count)},
    }


def test_many_types_have_at_most_four_files_each(tmp_path: Path) -> None:
    path = tmp_path / "g.grism"
    graph = gr.open(path)
    graph.load(many_types(60, 50))
    files = [file for file in path.rglob("*") if file.is_file()]
    assert len(files) < 4 * 61
    count = "MATCH (t)-[:b]->() RETURN count(*)"
    assert one(graph, count) == 60 * 100
    before = len(files)
    # What changes is what is written.
    graph.load_hyperedges("T7", pa.table({"a": [1], "b": [[2]]}))
    files = [file for file in path.rglob("*") if file.is_file()]
    assert len(files) - before < 16
    assert one(graph, count) == 60 * 100 + 1


def test_shared_lists_follow_changes_optimize_vacuum_and_time(tmp_path: Path) -> None:
    graph = gr.open(tmp_path / "g.grism")
    graph.load(many_types(5, 50))
    first = graph.history()[-1].snapshot
    count = "MATCH (t)-[:b]->() RETURN count(*)"
    graph.execute("MATCH (t:T1) WITH t LIMIT 10 DETACH DELETE t")
    graph.execute("MATCH (t:T2)-[:a]->(n:N {id: 3}) WITH t, n MATCH (m:N {id: 4}) CREATE (t)-[:b]->(m)")
    assert one(graph, count) == 500 - 20 + 1
    graph.optimize()
    assert one(graph, count) == 500 - 20 + 1
    assert graph.check()["problems"] == []
    assert one(gr.open(tmp_path / "g.grism", snapshot=first), count) == 500
    # A role that gets many incidences moves to a dataset of its own, with those that it has.
    graph.load_hyperedges("T3", pa.table({"a": [5] * 5000, "b": [[6]] * 5000}))
    assert one(graph, count) == 500 - 20 + 1 + 5000
    assert one(graph, "MATCH (t:T3)-[:a]->(n:N {id: 5}) RETURN count(*)") == 5001
    assert (tmp_path / "g.grism" / "adjacency" / "T3" / "a.lance").is_dir()
    graph.vacuum(retain=timedelta(0), keep=1, grace=timedelta(0))
    assert graph.check()["problems"] == []
    again = subprocess.run(
        [sys.executable, "-c", f"import grism_ray as g; print(g.open({str(tmp_path / 'g.grism')!r}).query('{count}'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "5481" in again.stdout


def test_a_kill_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "g.grism"
    graph = gr.open(path)
    graph.load({"nodes": {"N": {"table": pa.table({"id": list(range(100))}), "key": "id"}}})
    script = f"""
import sys; sys.path.insert(0, {os.path.dirname(__file__)!r})
import grism_ray as gr, test_many
sources = test_many.many_types(60, 50); sources.pop("nodes")
gr.open({str(path)!r}).load(sources)
"""
    for kill in range(3):
        writer = subprocess.Popen([sys.executable, "-c", script])
        # It dies while it writes its tables.
        while writer.poll() is None and len(list(path.glob("hyperedges/*/data/*"))) <= 60 * kill:
            time.sleep(0.002)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        loaded = one(graph, "MATCH (t)-[:b]->() RETURN count(*)")
        assert loaded in (0, 6000)
        if loaded:
            break
    sources = many_types(60, 50)
    sources.pop("nodes")
    graph.load(sources)
    assert one(graph, "MATCH (t)-[:b]->() RETURN count(*)") == loaded + 6000
    assert graph.check()["problems"] == []


def test_roles_that_swap_their_names_swap_their_lists(graph: gr.Graph) -> None:
    rows = pa.table({"a": [1, 1, 1], "b": [[2], [2], [3]]})
    graph.load({"types": {"T": "a N, b N*"}, "nodes": {"N": {"table": pa.table({"id": [1, 2, 3]}), "key": "id"}}})
    graph.load_hyperedges("T", rows)
    degree = "MATCH (n:N)<-[:{}]-(t:T) RETURN n.id AS id, count(t) AS c ORDER BY id"
    lists = {role: graph.query(degree.format(role)).to_pylist() for role in "ab"}
    assert lists["a"] == [{"id": 1, "c": 3}]
    for before, after in ("ax", "ba", "xb"):
        graph.execute(f"ALTER HYPEREDGE TYPE T RENAME ROLE {before} TO {after}")
    assert graph.query(degree.format("a")).to_pylist() == lists["b"]
    assert graph.query(degree.format("b")).to_pylist() == lists["a"]
    assert graph.check()["problems"] == []


def test_keys_conflicts_and_constraints_hold_in_loads_of_many_sources(graph: gr.Graph) -> None:
    graph.execute("CREATE CONSTRAINT names FOR (p:Person) REQUIRE p.name IS UNIQUE")
    papers = pa.table({"doi": ["x", "x", "y"], "author": [1, 2, 3], "title": ["X", None, "Y"]})
    sources: dict[str, Any] = {
        "types": {"PAPER": "author Person*", "REVIEW": "of PAPER"},
        "nodes": {"Person": {"table": PEOPLE, "key": "id", "on_conflict": "update"}},
        "hyperedges": {
            "REVIEW": {"table": pa.table({"of": ["y"], "id": [7]}), "key": "id", "on_conflict": "skip"},
            "PAPER": {"table": papers, "group_by": "doi", "on_conflict": "update"},
        },
    }
    assert [load.loaded for load in graph.load(sources).loads] == [3, 1, 2]
    sources["nodes"]["Person"]["table"] = pa.table({"id": [1, 4], "name": ["Anna", "Di"]})
    again = graph.load(sources)
    assert [(load.loaded, load.updated, load.skipped) for load in again.loads] == [(1, 1, 0), (0, 0, 1), (0, 0, 0)]
    assert one(graph, "MATCH (:REVIEW)-[:of]->(:PAPER)-[:author]->(p) RETURN p.name") == "Cy"
    sources["nodes"]["Person"]["table"] = pa.table({"id": [5], "name": ["Anna"]})
    with pytest.raises(gr.GrismError, match="names"):
        graph.load(sources)
    assert one(graph, "MATCH (p:Person) RETURN count(*)") == 4
    assert graph.check()["problems"] == []


def test_a_dry_run_shows_each_source_and_loads_nothing(graph: gr.Graph, manifest: Path) -> None:
    for sources in (SOURCES, manifest):
        report = graph.load(sources, dry_run=True)
        assert [load.preview.target for load in report.loads if load.preview][:1] == ["Person"]
        assert "MEETING" in str(report)
    wrong: dict[str, Any] = {**SOURCES, "hyperedges": {"KNOWS": {"table": KNOWS, "roles": {**ENDS, "source": "x"}}}}
    with pytest.raises(gr.GrismError, match="KNOWS"):
        graph.load(wrong, dry_run=True)
    assert len(graph.history()) == 1
    run = [str(COMMAND), "load", "--dry-run", str(manifest)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert "MEETING" in done.stdout
    assert not (manifest / "g.grism").exists()


def test_sources_do_not_share_a_reject_file(graph: gr.Graph, tmp_path: Path) -> None:
    rejecting = {"key": "id", "bad_rows": "reject", "rejects": tmp_path / "r.csv"}
    with pytest.raises(gr.InvalidQueryError, match=r"r\.csv"):
        graph.load({"nodes": {name: {"table": PEOPLE, **rejecting} for name in "AB"}})
