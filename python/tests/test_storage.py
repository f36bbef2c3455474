"""What a graph on disk promises: history, durability, maintenance, and that others can read it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import lance
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import grism_ray as gr
import writers

if TYPE_CHECKING:
    from collections.abc import Iterator

MEETING = "CREATE HYPEREDGE TYPE MEETING (organizer Person, attendee Person*, room Room?)"


MEMBERS = """
MATCH (m:MEETING)-[r]->(x)
RETURN m.topic AS t, type(r) AS r, coalesce(x.name, x.number) AS x ORDER BY t, r, x
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a graph with three people, a room, two meetings and an edge."""
    path = tmp_path / "g.grism"
    graph = gr.open(path)
    graph.execute(MEETING)
    with graph.transaction() as transaction:
        transaction.load_nodes("Person", pa.table({"name": ["Ann", "Bob", "Cid"], "age": [30, 40, None]}), key="name")
        transaction.load_nodes("Room", pa.table({"number": [7]}), key="number")
        meetings = pa.table(
            {"by": ["Ann", "Bob"], "who": [["Bob", "Cid"], []], "where": [7, None], "topic": ["x", "y"]}
        )
        roles = {"organizer": "by", "attendee": "who", "room": "where"}
        transaction.load_hyperedges("MEETING", meetings, roles=roles)
        knows = pa.table({"a": ["Ann"], "b": ["Bob"], "since": [2020]})
        transaction.load_hyperedges("KNOWS", knows, roles={"source": ("Person", "a"), "target": ("Person", "b")})
    return path


def names(graph: gr.Graph) -> list[str]:
    return [row["name"] for row in graph.query("MATCH (p:Person) RETURN p.name AS name ORDER BY name").to_pylist()]


def test_a_transaction_is_one_snapshot_and_reads_what_it_wrote(path: Path) -> None:
    graph = gr.open(path)
    assert [line.operation for line in graph.history()][-1] == "load Person, load Room, load MEETING, load KNOWS"
    assert len(graph.history()) == 3
    with graph.transaction() as transaction:
        dan = transaction.create_node("Person", name="Dan", age=50)
        eve = transaction.create_node("Person", name="Eve")
        meeting = transaction.create_hyperedge("MEETING", {"organizer": dan, "attendee": [eve, dan]}, topic="z")
        edge = transaction.create_hyperedge("KNOWS", {"source": dan, "target": eve}, since=1999)
        text = "MATCH (m:MEETING {topic: 'z'})-[:attendee]->(p) RETURN p.name AS name"
        assert [row["name"] for row in transaction.query(text).to_pylist()] == ["Eve", "Dan"]
        assert names(graph) == ["Ann", "Bob", "Cid"]
        transaction.unbind(meeting, "attendee", dan)
        transaction.set_properties(edge, {"since": 2000, "how": "work"})
        transaction.change_labels(eve, add=["Guest"])
        transaction.execute("MATCH (p:Person {name: 'Cid'}) SET p.age = 1")
        more = pa.table({"name": ["Fay"], "age": [3]})
        assert transaction.load_nodes("Person", more, key="name").loaded == 1
        assert names(transaction.graph) == ["Ann", "Bob", "Cid", "Dan", "Eve", "Fay"]
        assert transaction.graph.check()["problems"] == []
    assert len(graph.history()) == 4
    assert names(graph) == ["Ann", "Bob", "Cid", "Dan", "Eve", "Fay"]
    found = graph.query("MATCH (a)-[k:KNOWS]->(b:Guest) RETURN a.name AS a, k.since AS since, k.how AS how").to_pylist()
    assert found == [{"a": "Dan", "since": 2000, "how": "work"}]
    assert graph.query("MATCH (m:MEETING {topic: 'z'}) RETURN arity(m) AS n").to_pylist() == [{"n": 2}]
    assert graph.check()["problems"] == []


def test_a_transaction_that_fails_leaves_nothing(path: Path) -> None:
    graph = gr.open(path)

    def dan_and_another_ann() -> None:
        with graph.transaction() as transaction:
            transaction.create_node("Person", name="Dan")
            transaction.load_nodes("Person", pa.table({"name": ["Ann"]}), key="name")

    with pytest.raises(gr.InvalidDataError, match="taken already"):
        dan_and_another_ann()
    assert names(graph) == ["Ann", "Bob", "Cid"]
    transaction = graph.transaction()
    transaction.create_node("Person", name="Dan")
    transaction.rollback()
    with pytest.raises(gr.InvalidQueryError, match="has ended"):
        transaction.commit()
    assert len(graph.history()) == 3


def test_deleting_what_is_bound_needs_detach(path: Path) -> None:
    graph = gr.open(path)
    ids = {row["n"]: row["i"] for row in graph.query("MATCH (p:Person) RETURN p.name AS n, id(p) AS i").to_pylist()}
    transaction = graph.transaction()
    with pytest.raises(gr.InvalidDataError, match="still bound"):
        transaction.delete(ids["Bob"])
    with pytest.raises(gr.NotFoundError, match="no entity"):
        transaction.delete(ids["Bob"] + 1000)
    transaction.rollback()
    with graph.transaction() as transaction:
        transaction.delete(ids["Bob"], detach=True)
    # Bob organized one meeting, which needs an organizer; the other one loses an attendee; the edge needs both ends.
    text = "MATCH (m:MEETING) RETURN m.topic AS topic, [x IN members(m, 'attendee') | x.name] AS who"
    assert graph.query(text).to_pylist() == [{"topic": "x", "who": ["Cid"]}]
    assert graph.query("MATCH ()-[k:KNOWS]->() RETURN count(*) AS n").to_pylist() == [{"n": 0}]
    assert graph.check()["problems"] == []


def test_transactions_move_onto_other_commits_or_conflict(path: Path) -> None:
    one, other = gr.open(path), gr.open(path)
    bob = one.query("MATCH (p:Person {name: 'Bob'}) RETURN id(p) AS i").to_pylist()[0]["i"]
    with one.transaction() as transaction:
        dan = transaction.create_node("Person", name="Dan")
        transaction.create_hyperedge("MEETING", {"organizer": dan, "attendee": [bob, dan]}, topic="z")
        other.execute("CREATE (:Person {name: 'Eve'}), (:Person {name: 'Fay'})")
    found = one.query(
        "MATCH (m:MEETING {topic: 'z'})-[r]->(p) RETURN type(r) AS r, p.name AS p ORDER BY r, p"
    ).to_pylist()
    assert [(row["r"], row["p"]) for row in found] == [("attendee", "Bob"), ("attendee", "Dan"), ("organizer", "Dan")]
    assert one.check()["problems"] == []
    transaction = one.transaction()
    transaction.create_hyperedge("MEETING", {"organizer": bob}, topic="lost")
    other.execute("MATCH (p:Person {name: 'Bob'}) DETACH DELETE p")
    with pytest.raises(gr.ConflictError, match="deleted what might be bound"):
        transaction.commit()
    transaction = one.transaction()
    cid = transaction.query("MATCH (p:Person {name: 'Cid'}) RETURN id(p) AS i").to_pylist()[0]["i"]
    transaction.set_properties(cid, {"age": 5})
    other.execute("MATCH (p:Person {name: 'Ann'}) SET p.age = 31")
    with pytest.raises(gr.ConflictError, match="changed rows of the same table"):
        transaction.commit()
    assert one.query("MATCH (p:Person {name: 'Cid'}) RETURN p.age AS a").to_pylist() == [{"a": None}]
    assert one.check()["problems"] == []


def test_older_snapshots_are_opened_by_number_time_and_tag(path: Path) -> None:
    graph = gr.open(path)
    before = graph.history()[-1]
    graph.create_tag("release")
    with pytest.raises(gr.InvalidDataError, match="a tag `release` already"):
        graph.create_tag("release")
    graph.execute("MATCH (p:Person {name: 'Ann'}) SET p.age = 31, p:Guest")
    graph.execute("CREATE (:Person {name: 'Dan'})")
    graph.execute("MATCH (p:Person {name: 'Cid'}) DETACH DELETE p")
    assert names(graph) == ["Ann", "Bob", "Dan"]
    for older in (
        gr.open(path, snapshot=before.snapshot),
        gr.open(path, at=before.committed_at),
        gr.open(path, tag="release"),
    ):
        assert names(older) == ["Ann", "Bob", "Cid"]
        with pytest.warns(gr.GrismWarning, match="no label `Guest`"):
            assert older.query("MATCH (p:Guest) RETURN count(*) AS n").to_pylist() == [{"n": 0}]
        assert older.history()[-1].snapshot == before.snapshot
        with pytest.raises(gr.InvalidQueryError, match="cannot be written"):
            older.execute("CREATE (:Person)")
    with pytest.raises(gr.NotFoundError, match="younger"):
        gr.open(path, at=datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(gr.NotFoundError, match="no snapshot 99"):
        gr.open(path, snapshot=99)
    with pytest.raises(gr.NotFoundError, match="no tag `rel`"):
        gr.open(path, tag="rel")
    diff = graph.diff(before.snapshot, graph.history()[-1].snapshot)
    counts = {name: (len(own.added), len(own.removed), len(own.changed)) for name, own in diff.items()}
    assert counts == {"Person": (1, 1, 1), "MEETING": (0, 0, 1)}
    assert graph.diff(before.snapshot, before.snapshot) == {}
    back = graph.diff(graph.history()[-1].snapshot, before.snapshot)
    assert (back["Person"].added, back["Person"].removed) == (diff["Person"].removed, diff["Person"].added)


def test_vacuum_and_optimize_change_no_answer(path: Path) -> None:
    graph = gr.open(path)
    graph.create_tag("kept")
    for number in range(12):
        graph.execute(
            "MATCH (b:Person {name: 'Bob'}) "
            "CREATE (a:Person {name: $n, age: $i}), (m:MEETING {topic: $n})-[:organizer]->(a), (m)-[:attendee]->(b)",
            {"n": f"p{number}", "i": number},
        )
    graph.execute("MATCH (m:MEETING) WHERE m.topic IN ['p3', 'p4'] DETACH DELETE m")
    graph.execute("MATCH (p:Person {name: 'p5'}) SET p.age = 'old'")
    text = (
        "MATCH (a)<-[:organizer]-(m:MEETING)-[:attendee]->(b) "
        "RETURN a.name AS a, a.age AS age, b.name AS b ORDER BY a, b"
    )
    answer = graph.query(text).to_pylist()
    files = sum(len(names) for _, _, names in os.walk(path))
    report = graph.optimize()
    assert report["fragments_after"] < report["fragments_before"]
    assert report["folded"] > 0
    assert graph.optimize()["snapshot"] == report["snapshot"]
    assert graph.query(text).to_pylist() == answer
    assert graph.check()["problems"] == []
    told = graph.vacuum(retain=timedelta(0), grace=timedelta(0), dry_run=True)
    done = graph.vacuum(retain=timedelta(0), grace=timedelta(0))
    assert told["dropped"] == done["dropped"] == [n for n in range(1, report["snapshot"]) if n != 3]
    assert sum(len(names) for _, _, names in os.walk(path)) < files
    assert graph.query(text).to_pylist() == answer
    assert names(gr.open(path, tag="kept")) == ["Ann", "Bob", "Cid"]
    with pytest.raises(gr.NotFoundError, match="dropped by VACUUM"):
        gr.open(path, snapshot=5)
    assert graph.check()["problems"] == []
    graph.execute("CREATE (:Person {name: 'later'})")
    graph.execute("CREATE (:Animal {name: 'Rex'})")
    graph.delete_tag("kept")
    graph.execute("VACUUM RETAIN 0 HOURS KEEP 2 SNAPSHOTS")
    assert graph.check()["problems"] == []
    assert len(graph.history()) == 2


def test_a_graph_is_exported_and_imported_whole(path: Path, tmp_path: Path) -> None:
    graph = gr.open(path)
    graph.execute("CREATE (:Person {name: 'Gap'})")
    graph.execute("MATCH (p:Person {name: 'Ann'}) SET p.age = [1.5], p:Guest")
    graph.execute("MATCH (p:Person {name: 'Gap'}) DELETE p")
    graph.execute("CREATE HYPEREDGE TYPE CLAIM (about MEETING)")
    graph.execute("MATCH (m:MEETING {topic: 'x'}) CREATE (c:CLAIM {sure: true})-[:about]->(m)")
    graph.execute("CREATE INDEX FOR (p:Person) ON (p.name)")
    assert graph.export_to(tmp_path / "out") == 8
    with pytest.raises(gr.InvalidDataError, match="not empty"):
        graph.export_to(tmp_path / "out")
    copy = gr.open(tmp_path / "copy.grism")
    copy.import_from(tmp_path / "out")
    for text in (
        "MATCH (p:Person) RETURN p.name AS n, p.age AS a, labels(p) AS l ORDER BY n",
        MEMBERS,
        "MATCH (c:CLAIM)-[:about]->(m)-[:organizer]->(p) RETURN c.sure AS s, p.name AS n",
        "MATCH (a)-[k:KNOWS]->(b) RETURN a.name AS a, k.since AS s, b.name AS b",
        "SHOW INDEXES",
    ):
        assert copy.execute(text).to_pylist() == graph.execute(text).to_pylist(), text
    assert copy.check()["problems"] == []
    with pytest.raises(gr.InvalidDataError, match="holds something already"):
        copy.import_from(tmp_path / "out")


ENDS = """
MATCH (a)-[r:KNOWS]->(b) RETURN a.name AS a, r.source AS source, r.target AS target, properties(r) AS all, b.name AS b
ORDER BY a, b
"""


def test_properties_named_like_roles_of_undeclared_types_are_kept_everywhere(path: Path, tmp_path: Path) -> None:
    graph = gr.open(path)
    more = pa.table({"a": ["Bob", "Cid"], "b": ["Cid", "Ann"], "source": ["web", None], "target": [1, 2]})
    roles = {"source": ("Person", "a"), "target": ("Person", "b")}
    loaded = graph.load_hyperedges("KNOWS", more, roles=roles).snapshot
    rows = [
        {"a": "Ann", "source": None, "target": None, "all": {"since": 2020}, "b": "Bob"},
        {"a": "Bob", "source": "web", "target": 1, "all": {"source": "web", "target": 1}, "b": "Cid"},
        {"a": "Cid", "source": None, "target": 2, "all": {"target": 2}, "b": "Ann"},
    ]

    def found(graph: gr.Graph) -> list[dict[str, object]]:
        assert graph.check()["problems"] == []
        result = graph.query(ENDS)
        assert result.warnings == []
        rows = result.to_pylist()
        for row in rows:
            row["all"] = {key: value for key, value in row["all"].items() if value is not None}
        return rows

    assert found(graph) == rows
    edge = graph.query("MATCH (:Person {name: 'Bob'})-[r:KNOWS]->() RETURN r").to_pylist()[0]["r"]
    assert {key: value for key, value in edge.properties.items() if value is not None} == rows[1]["all"]
    known = graph.query("SHOW STATISTICS").to_pylist()
    known = {(row["kind"], row["name"]): row["count"] for row in known if row["owner"] == "KNOWS"}
    assert [known["role", "source"], known["property", "source"], known["property", "target"]] == [3, 1, 2]

    # What changes, in a transaction and after it, and what was before.
    with graph.transaction() as transaction:
        transaction.execute("MATCH (:Person {name: 'Ann'})-[r:KNOWS]->() SET r.source = 7, r += {target: 3}")
        transaction.execute("MATCH (:Person {name: 'Cid'})-[r:KNOWS]->() REMOVE r.target")
        inside = transaction.query("MATCH ()-[r:KNOWS {source: 7}]->(b) RETURN r.target AS t, b.name AS b").to_pylist()
        assert inside == [{"t": 3, "b": "Bob"}]
    changed = [
        {**rows[0], "source": 7, "target": 3, "all": {"since": 2020, "source": 7, "target": 3}},
        rows[1],
        {**rows[2], "target": None, "all": {}},
    ]
    assert found(graph) == changed
    assert len(graph.diff(loaded, loaded + 1)["KNOWS"].changed) == 2
    graph.execute("CREATE INDEX by_target FOR ()-[r:KNOWS]-() ON (r.target)")
    assert graph.query("MATCH ()-[r:KNOWS]->(b) WHERE r.target = 3 RETURN b.name AS b").to_pylist() == [{"b": "Bob"}]
    graph.optimize()
    assert found(gr.open(path)) == changed
    assert found(gr.open(path, snapshot=loaded)) == rows
    staged = graph.query(ENDS, engine="staged").to_pylist()
    assert [(row["a"], row["source"], row["b"]) for row in staged] == [(r["a"], r["source"], r["b"]) for r in changed]

    # To other graphs, whole and by rows; one of them in memory.
    graph.export_to(tmp_path / "out")
    copy = gr.open()
    copy.import_from(tmp_path / "out")
    assert found(copy) == changed
    file = tmp_path / "knows.parquet"
    graph.execute(f"COPY KNOWS TO '{file}'")
    assert pq.read_schema(file).names == ["source_id", "target_id", "since", "source", "target"]
    query = ENDS.replace("properties(r) AS all, ", "")
    graph.execute(f"COPY ({query.strip()}) TO '{tmp_path / 'rows.parquet'}'")
    other = gr.open(tmp_path / "other.grism")
    other.load_nodes("Person", pa.table({"name": ["Ann", "Bob", "Cid"]}), key="name")
    other.execute(
        f"COPY KNOWS FROM '{tmp_path / 'rows.parquet'}' (ROLE source FROM a KEY Person, ROLE target FROM b KEY Person)"
    )
    assert [(row["source"], row["target"]) for row in found(other)] == [
        (str(row["source"]) if row["source"] else None, row["target"]) for row in changed
    ]


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "json", "json.zst", "parquet", "arrow"])
def test_rows_are_copied_to_files_and_back(path: Path, tmp_path: Path, ending: str) -> None:
    graph = gr.open(path)
    file = tmp_path / f"people.{ending}"
    graph.execute(f"COPY Person TO '{file}'")
    other = gr.open()
    assert other.load_nodes("Person", file, key="name").loaded == 3
    text = "MATCH (p:Person) RETURN p.name AS n, p.age AS a ORDER BY n"
    assert other.query(text).to_pylist() == graph.query(text).to_pylist()
    rows = tmp_path / f"rows.{ending}"
    graph.execute(f"COPY (MATCH (m:MEETING) RETURN m.topic AS topic, arity(m) AS size ORDER BY topic) TO '{rows}'")
    assert gr.open().load_nodes("Row", rows, key="topic").loaded == 2
    meetings = tmp_path / f"meetings.{ending}"
    if ending.startswith("csv"):
        with pytest.raises(gr.UnsupportedError, match="`attendee` holds lists"):
            graph.execute(f"COPY MEETING TO '{meetings}'")
        assert [name for name in os.listdir(tmp_path) if "meetings" in name] == []
        return
    graph.execute(f"COPY MEETING TO '{meetings}'")
    other.execute(MEETING)
    other.load_nodes("Room", pa.table({"number": [7]}), key="number")
    roles = {"organizer": "organizer", "attendee": "attendee", "room": "room"}
    assert other.load_hyperedges("MEETING", meetings, roles=roles).loaded == 2
    text = (
        "MATCH (m:MEETING)-[r]->(x) RETURN m.topic AS t, type(r) AS r, coalesce(x.name, x.number) AS x ORDER BY t, r, x"
    )
    assert other.query(text).to_pylist() == graph.query(text).to_pylist()


def incidences(path: Path, role: str) -> pa.Table:
    """The rows of a role, in the ranges of its dataset that the newest entry of the log names."""
    entries = (path / "_grism" / "snapshots").glob("*.json")
    entry = json.loads(max(entries, key=lambda file: int(file.stem)).read_text())
    [lists] = [lists for lists in entry["adjacency"] if lists["role"] == role]
    rows = lance.dataset(str(path / lists["dataset"]["path"])).to_table()
    ranges = sorted((own["start"], own["rows"]) for own in lists["runs"] + lists["delta"])
    return pa.concat_tables([rows.slice(start, count) for start, count in ranges])


def test_lance_alone_reads_nodes_hyperedges_and_adjacency(path: Path) -> None:
    graph = gr.open(path)
    graph.execute("CREATE (:Person {name: 'Dan', age: 1})")
    graph.execute("MATCH (p:Person {name: 'Cid'}) SET p.age = 9")
    graph.execute("MATCH (m:MEETING {topic: 'y'}) DELETE m")
    people = lance.dataset(str(path / "nodes" / "Person.lance"))
    assert sorted(people.to_table(columns=["name"])["name"].to_pylist()) == ["Ann", "Bob", "Cid", "Dan"]
    assert people.to_table(filter="name = 'Cid'")["age"].to_pylist() == [9]
    meetings = lance.dataset(str(path / "hyperedges" / "MEETING.lance"))
    assert meetings.count_rows() == 1
    ids = dict(
        zip(
            *(people.to_table(columns=["name"], with_row_id=True)[name].to_pylist() for name in ("_rowid", "name")),
            strict=True,
        )
    )
    attendees = meetings.to_table(columns=["attendee"])["attendee"].to_pylist()[0]
    assert [ids[member & (2**48 - 1)] for member in attendees] == ["Bob", "Cid"]
    lists = incidences(path, "attendee")
    gone = {(row["member"], row["hyperedge"]) for row in lists.to_pylist() if row["position"] == 2**32 - 1}
    members = [row["member"] for row in lists.to_pylist() if (row["member"], row["hyperedge"]) not in gone]
    assert sorted(ids[member & (2**48 - 1)] for member in members) == ["Bob", "Cid"]
    knows = incidences(path, "source")
    assert [ids[end & (2**48 - 1)] for end in knows["opposite"].to_pylist()] == ["Bob"]


def test_the_example_of_the_format_reads_a_graph(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = gr.open(path.parent / "flights.grism")
    graph.execute("CREATE HYPEREDGE TYPE FLIGHT (carrier Airline)")
    graph.load_nodes("Airline", pa.table({"carrier": ["UA", "B6"], "name": ["United", "JetBlue"]}), key="carrier")
    graph.load_hyperedges("FLIGHT", pa.table({"by": ["B6", "B6", "UA"]}), {"carrier": "by"})
    text = (Path(__file__).parents[2] / "docs" / "format.md").read_text()
    program = text.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(path.parent)
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == [
        "hyperedges/FLIGHT.lance 3 3",
        "nodes/Airline.lance 2 2",
        "JetBlue",
        "JetBlue",
        "United",
    ]
    # Older snapshots are read by the versions that their entries name.
    entry = json.loads((path / "_grism" / "snapshots" / "3.json").read_text())
    graph = gr.open(path)
    graph.execute("CREATE (:Person {name: 'Dan'})")
    tables = [
        lance.dataset(str(path / own["path"]), version=own["version"]).count_rows() for own in entry["tables"].values()
    ]
    assert sorted(tables) == [1, 1, 2, 3]


def test_files_are_synced_before_the_log_names_them(path: Path, tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    trace = tmp_path / "trace"
    statement = "CREATE (:Animal {name: 'Rex'})-[:LIKES]->(:Animal)"
    program = f"import grism_ray as gr; gr.open({str(path)!r}).execute({statement!r})"
    calls = "openat,fsync,fdatasync,link,linkat,rename,renameat,renameat2,mkdir"
    command = ["strace", "-f", "-y", "-e", f"trace={calls}", "-o", str(trace), sys.executable, "-c", program]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("processes cannot be traced here")
    lines = trace.read_text().splitlines()
    root = re.escape(str(path))
    synced: dict[str, int] = {}
    written: dict[str, int] = {}
    made: dict[str, int] = {}
    entry = None
    patterns = {
        "synced": rf"fsync\(\d+<({root}[^>]*)>",
        "entry": rf'link(?:at)?\(.*"[^"]*\.tmp-[^"]*".*"({root}/_grism/snapshots/\d+\.json)"',
        "linked": rf'link(?:at)?\(.*"({root}[^"]*)"',
        # A call that another thread's interrupts has no bracket at the end of its line.
        "renamed": rf'rename\w*\(.*"({root}[^"]*)"',
        "created": rf'openat\([^"]*"({root}[^"]*)", [^,)]*O_CREAT',
        "made": rf'mkdir\("({root}[^"]*)".* = 0$',
    }
    for number, line in enumerate(lines):
        matches = ((kind, re.search(pattern, line)) for kind, pattern in patterns.items())
        kind, found = next(((kind, found) for kind, found in matches if found), ("", None))
        if found is None:
            continue
        if kind == "entry":
            entry = (found[1], number)
        else:
            {"synced": synced, "made": made}.get(kind, written)[found[1]] = number
    assert entry is not None, "no entry of the log was linked"
    name, commit = entry
    print(f"\nthe entry {os.path.basename(name)} was linked by call {commit} of {len(lines)}")
    kept = [file for file in written if os.path.exists(file) and written[file] < commit]
    entry_text = json.loads(Path(name).read_text())
    datasets = [*entry_text["tables"].values(), *(lists["dataset"] for lists in entry_text["adjacency"])]
    # A manifest that is not detached is named by what its version lacks to the highest one.
    manifests = {
        f"{path}/{own['path']}/_versions/"
        + (f"d{own['version']}.manifest" if own["version"] >> 63 else f"{2**64 - 1 - own['version']:020}.manifest")
        for own in datasets
    }
    data = [file for file in kept if "/data/" in file or file in manifests]
    assert len(data) >= 6, "rows and manifests of two tables, and of the lists of two roles"
    for file in data:
        assert written[file] < synced.get(file, -1) < commit, f"{file} was not synced before the entry"
        assert written[file] < synced.get(os.path.dirname(file), -1) < commit, f"the directory of {file} was not synced"
    for directory in made:
        if directory.startswith(f"{path}/_grism"):
            continue
        assert made[directory] < synced.get(os.path.dirname(directory), -1) < commit, f"{directory} may be lost"
    temporary = [file for file in synced if "/_grism/snapshots/.tmp-" in file]
    assert any(synced[file] < commit for file in temporary), "the entry's content was not synced before its name"
    assert synced[f"{path}/_grism/snapshots"] > commit, "the entry's name was not synced"
    print(f"{len(data)} new files, {len(made)} new directories: all synced before it, its own directory behind it")


def test_writers_and_readers_in_processes_of_their_own(tmp_path: Path) -> None:
    found = writers.run(str(tmp_path / "writers.grism"), seconds=6)
    assert [line for report in found["reports"] for line in report.get("wrong", [])] == []
    assert found["lost"] == 0
    assert found["check"]["problems"] == []
    assert found["check"]["nodes"] == 2 * found["hyperedges"]
    assert all(report.get("commits", 1) >= 1 and report.get("snapshots", 1) >= 1 for report in found["reports"])
    checked = sum(report.get("snapshots", 0) for report in found["reports"])
    print(f"\n{found['commits']} commits by 4 processes in 6 s, {checked} snapshots checked")


def test_what_is_wrong_in_a_graph_is_found(path: Path) -> None:
    graph = gr.open(path)
    graph.execute("CREATE (:Person {name: 'Dan'})")
    entries = sorted((path / "_grism" / "snapshots").glob("*.json"), key=lambda file: int(file.stem))
    good = entries[-1].read_text()
    check = f"import grism_ray as gr; print(gr.open({str(path)!r}).check()['problems'])"

    def problems() -> str:
        return subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout

    assert problems().strip() == "[]"
    entries[-1].write_text(re.sub(r'"rows":4,"next_offset":4', '"rows":5,"next_offset":5', good))
    assert "4 rows, the statistics say 5" in problems()
    entries[-1].write_text(good)
    # Other lists in the place of these.
    entries[-1].write_text(good.replace("adjacency/shared.lance", "adjacency/elsewhere.lance"))
    shutil.copytree(path / "adjacency" / "shared.lance", path / "adjacency" / "elsewhere.lance")
    for file in (path / "adjacency" / "elsewhere.lance" / "data").iterdir():
        file.unlink()
    assert "elsewhere.lance" in problems()
    entries[-1].write_text(good)
    data = next((path / "hyperedges" / "MEETING.lance" / "data").iterdir())
    data.rename(data.with_suffix(".away"))
    assert "there is no hyperedges/MEETING.lance/data" in problems()
    data.with_suffix(".away").rename(data)
    assert problems().strip() == "[]"


def test_a_newer_graph_is_refused_with_what_to_do(path: Path) -> None:
    format_file = path / "_grism" / "format.json"
    own = format_file.read_text()
    format_file.write_text(own.replace('"version": 1', '"version": 99'))
    program = f"import grism_ray as gr; gr.open({str(path)!r})"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "format version 99" in run.stderr
    assert "use a newer Grism" in run.stderr
    format_file.write_text(own.replace('"adjacency-delta"', '"adjacency-delta", "time-machine"'))
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "the feature `time-machine`" in run.stderr


def test_a_directory_that_goes_away_is_told(path: Path) -> None:
    graph = gr.open(path)
    assert len(names(graph)) == 3
    shutil.rmtree(path)
    with pytest.raises(gr.NotFoundError, match="is gone"):
        graph.query("MATCH (p:Person) RETURN p.age AS age")
    with pytest.raises((gr.NotFoundError, gr.UnavailableError)):
        graph.execute("CREATE (:Person {name: 'Dan'})")


def test_an_index_finds_what_a_scan_finds(path: Path) -> None:
    graph = gr.open(path)
    people = pa.table({"name": [f"p{i}" for i in range(2000)], "age": [i % 50 for i in range(2000)]})
    graph.load_nodes("Person", people, key="name")
    by_name = "MATCH (p:Person {name: $name}) RETURN p.name AS name, p.age AS age"
    by_age = "MATCH (p:Person) WHERE p.age = 7 RETURN count(*) AS n"
    before = [graph.query(by_name, {"name": "p77"}).to_pylist(), graph.query(by_age).to_pylist()]
    graph.execute("CREATE INDEX FOR (p:Person) ON (p.name)")
    graph.execute("CREATE INDEX ages FOR (p:Person) ON (p.age)")
    with pytest.raises(gr.InvalidDataError, match="an index `ages` already"):
        graph.execute("CREATE INDEX ages FOR (p:Person) ON (p.name)")
    graph.execute("CREATE INDEX ages IF NOT EXISTS FOR (p:Person) ON (p.age)")
    with pytest.raises(gr.NotFoundError, match="no property `agee`; did you mean `age`"):
        graph.execute("CREATE INDEX FOR (p:Person) ON (p.agee)")
    with pytest.raises(gr.UnsupportedError, match="CREATE POINT INDEX"):
        graph.execute("CREATE POINT INDEX v FOR (p:Person) ON (p.age)")
    assert [row["name"] for row in graph.execute("SHOW INDEXES").to_pylist()] == ["Person_name", "ages"]
    assert "index Person_name" in graph.explain(by_name, {"name": "p77"})
    assert "index ages" in graph.explain(by_age)
    assert [graph.query(by_name, {"name": "p77"}).to_pylist(), graph.query(by_age).to_pylist()] == before
    # Rows that changed, went and came after the index was built.
    graph.execute("MATCH (p:Person {name: 'p7'}) SET p.age = 8")
    graph.execute("MATCH (p:Person {name: 'p57'}) DELETE p")
    graph.execute("MATCH (p:Person {name: 'p8'}) SET p.age = 7, p.name = 'q8'")
    graph.execute("CREATE (:Person {name: 'new', age: 7}), (:Person:Guest {name: 'guest', age: 7})")
    for _ in range(2):
        assert graph.query(by_age).to_pylist() == [{"n": 41}]
        assert graph.query(by_name, {"name": "p8"}).to_pylist() == []
        assert graph.query(by_name, {"name": "q8"}).to_pylist() == [{"name": "q8", "age": 7}]
        assert graph.query(by_name, {"name": "guest"}).to_pylist() == [{"name": "guest", "age": 7}]
        assert graph.query(by_age, engine="staged", partitions=3).to_pylist() == [{"n": 41}]
        assert graph.optimize()["reindexed"] >= 0
    graph.execute("MATCH (p:Person {name: 'p9'}) SET p.age = 'nine'")
    assert graph.query(by_age).to_pylist() == [{"n": 41}]
    assert "index ages" not in graph.explain(by_age)
    graph.execute("DROP INDEX ages")
    with pytest.raises(gr.NotFoundError, match="no index `ages`"):
        graph.execute("DROP INDEX ages")
    graph.execute("DROP INDEX ages IF EXISTS")
    assert graph.query(by_age).to_pylist() == [{"n": 41}]
    assert graph.check()["problems"] == []


def test_a_transaction_that_vacuum_overtook_is_whole(path: Path) -> None:
    graph = gr.open(path)
    transaction = graph.transaction()
    transaction.create_node("Person", name="Dan")
    assert len(names(transaction.graph)) == 4
    assert graph.vacuum(retain=timedelta(0), grace=timedelta(0))["files"] > 0
    transaction.commit()
    assert names(graph) == ["Ann", "Bob", "Cid", "Dan"]
    assert graph.check()["problems"] == []
    transaction = graph.transaction()
    transaction.create_node("Person", name="Eve")
    for number in range(3):
        graph.execute("CREATE (:Person {name: $n})", {"n": f"p{number}"})
    graph.vacuum(retain=timedelta(0))
    with pytest.raises(gr.ConflictError, match="VACUUM dropped snapshot"):
        transaction.commit()


def test_what_goes_wrong_in_a_transaction_leaves_nothing_of_itself(path: Path) -> None:
    graph = gr.open(path)
    ids = {row["n"]: row["i"] for row in graph.query("MATCH (p:Person) RETURN p.name AS n, id(p) AS i").to_pylist()}
    room = graph.query("MATCH (r:Room) RETURN id(r) AS i").to_pylist()[0]["i"]
    graph.execute("CREATE (:Person {name: 'Gone'})")
    gone = graph.query("MATCH (p:Person {name: 'Gone'}) RETURN id(p) AS i").to_pylist()[0]["i"]
    graph.execute("MATCH (p:Person {name: 'Gone'}) DELETE p")
    transaction = graph.transaction()
    for member in (gone, 10**6, 9 << 48):
        with pytest.raises(gr.NotFoundError, match="no entity"):
            transaction.create_hyperedge("MEETING", {"organizer": member})
        with pytest.raises(gr.NotFoundError, match="no entity"):
            transaction.create_hyperedge("KNOWS", {"source": ids["Ann"], "target": member})
    with pytest.raises(gr.InvalidDataError, match="binds `Person`, not `Room`"):
        transaction.create_hyperedge("MEETING", {"organizer": ids["Ann"], "attendee": room}, topic="half")
    with pytest.raises(gr.InvalidDataError, match="needs a name"):
        transaction.create_node("Person", **{"": 1})
    with pytest.raises(gr.InvalidQueryError, match="IN TRANSACTIONS commits as it goes on"):
        transaction.execute("UNWIND [1, 2] AS i CALL (i) { CREATE (:Person {name: i}) } IN TRANSACTIONS OF 1 ROWS")
    transaction.create_node("Person", name="Dan")
    meeting = transaction.create_hyperedge("MEETING", {"attendee": ids["Bob"]}, topic="whole")
    with pytest.raises(gr.InvalidDataError, match="the role `organizer` of `MEETING` is required"):
        transaction.query("MATCH (p:Person) RETURN count(*) AS n")
    transaction.bind(meeting, "organizer", ids["Ann"])
    transaction.commit()
    assert names(graph) == ["Ann", "Bob", "Cid", "Dan"]
    topics = graph.query("MATCH (m:MEETING) RETURN m.topic AS t ORDER BY t").to_pylist()
    assert [row["t"] for row in topics] == ["whole", "x", "y"]
    assert graph.check()["problems"] == []


def test_types_that_are_bound_or_in_use_are_not_dropped_under_others(path: Path) -> None:
    graph = gr.open(path)
    graph.execute("CREATE HYPEREDGE TYPE NOTE (of)")
    graph.execute("MATCH (m:MEETING {topic: 'x'}) CREATE (n:NOTE)-[:of]->(m)")
    with pytest.raises(gr.InvalidDataError, match="hyperedges of `NOTE` bind some of `MEETING`"):
        graph.execute("DROP HYPEREDGE TYPE MEETING")
    graph.execute("MATCH (n:NOTE) DELETE n")
    ann = graph.query("MATCH (p:Person {name: 'Ann'}) RETURN id(p) AS i").to_pylist()[0]["i"]
    transaction = graph.transaction()
    transaction.create_hyperedge("MEETING", {"organizer": ann})
    graph.execute("DROP HYPEREDGE TYPE MEETING")
    with pytest.raises(gr.ConflictError, match="dropped a hyperedge type"):
        transaction.commit()
    assert graph.check()["problems"] == []


def test_an_index_whose_rows_all_changed_still_answers(path: Path) -> None:
    graph = gr.open(path)
    graph.execute("CREATE INDEX FOR (p:Person) ON (p.name)")
    text = "MATCH (p:Person {name: 'Bob'}) RETURN p.age AS age"
    graph.execute("MATCH (p:Person) SET p.seen = true")
    assert graph.query(text).to_pylist() == [{"age": 40}]
    graph.execute("MATCH (p:Person) DETACH DELETE p")
    assert graph.query(text).to_pylist() == []
    graph.execute("CREATE (:Person {name: 'Bob', age: 1})")
    assert graph.query(text).to_pylist() == [{"age": 1}]
    assert graph.check()["problems"] == []


def test_rows_of_a_fragment_that_went_are_not_read(tmp_path: Path) -> None:
    graph = gr.open(tmp_path / "g.grism")
    graph.execute("CREATE HYPEREDGE TYPE T (s A?)")
    graph.execute("CREATE (:A {k: 1})")
    graph.execute("CREATE (:A {k: 2})")
    last = graph.query("MATCH (a:A {k: 2}) RETURN id(a) AS i").to_pylist()[0]["i"]
    graph.execute("MATCH (a:A {k: 1}) SET a:Z")
    graph.execute("MATCH (a:A {k: 2}) DELETE a")
    with pytest.raises(gr.NotFoundError, match="no entity"):
        graph.transaction().create_hyperedge("T", {"s": last})
    assert graph.query("MATCH (a:A) RETURN a.k AS k, labels(a) AS l").to_pylist() == [{"k": 1, "l": ["A", "Z"]}]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=False)


def test_a_full_disk_and_one_that_is_only_read_lose_nothing(small_disk: Path) -> None:
    graph = gr.open(small_disk / "g.grism")
    graph.load_nodes("P", pa.table({"id": list(range(1000))}), key="id")
    big = pa.table({"id": list(range(1000, 500_000)), "t": [os.urandom(40).hex() for _ in range(499_000)]})
    with pytest.raises(gr.ResourceExhaustedError, match="No space left on device") as refused:
        graph.load_nodes("P", big, key="id")
    assert ".rs:" not in str(refused.value)
    assert graph.check()["problems"] == []
    graph.vacuum(grace=timedelta(0))
    graph.execute("CREATE (:P {id: -1})")
    assert graph.query("MATCH (p:P) RETURN count(*) AS n").to_pylist() == [{"n": 1001}]
    assert graph.check()["problems"] == []
    if subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=False).returncode != 0:
        pytest.skip("file systems cannot be made read-only here")
    for change in (
        lambda: graph.execute("CREATE (:P)"),
        lambda: graph.load_nodes("P", pa.table({"id": [-5]}), key="id"),
        lambda: graph.create_tag("x"),
        lambda: graph.vacuum(),
        lambda: gr.open(small_disk / "other.grism"),
    ):
        with pytest.raises(gr.UnavailableError, match="Read-only file system"):
            change()
    assert graph.query("MATCH (p:P) RETURN count(*) AS n").to_pylist() == [{"n": 1001}]
