"""Loads that come again: keys of hyperedges, conflicts of keys, and what was taken before."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

Row = dict[str, Any]
PAPERS = "CREATE HYPEREDGE TYPE IF NOT EXISTS PAPER (author Person*, venue Venue?, lead Person)"


def library(path: Path | None = None) -> gr.Graph:
    graph = gr.open(path)
    graph.execute(PAPERS)
    graph.load_nodes("Person", pa.table({"name": ["Ann", "Bob", "Cy", "Di"]}), key="name", on_conflict="skip")
    graph.load_nodes("Venue", pa.table({"id": [1, 2]}), key="id", on_conflict="skip")
    return graph


@pytest.fixture(params=["memory", "disk"])
def graph(request: pytest.FixtureRequest, tmp_path: Path) -> gr.Graph:
    return library(tmp_path / "g.grism" if request.param == "disk" else None)


def papers(graph: gr.Graph, key: str = "doi") -> dict[object, tuple[object, ...]]:
    """For each paper its authors in order, its venue, its lead and its other properties, by walks over the roles."""
    found: dict[object, list[Any]] = {}
    for row in graph.query("MATCH (p:PAPER) RETURN id(p) AS id, properties(p) AS p", engine="local").to_pylist():
        found[row["id"]] = [[], None, None, {name: value for name, value in row["p"].items() if value is not None}]
    text = (
        "MATCH (m)<-[r:author|venue|lead]-(p:PAPER) RETURN id(p) AS id, type(r) AS role, coalesce(m.name, m.id) AS m "
        "ORDER BY id, role, position(r)"
    )
    for row in graph.query(text, engine="local").to_pylist():
        if row["role"] == "author":
            found[row["id"]][0].append(row["m"])
        else:
            found[row["id"]][1 if row["role"] == "venue" else 2] = row["m"]
    keyed = {paper[3].pop(key): tuple(paper) for paper in found.values()}
    assert len(keyed) == len(found)
    return keyed


def load(graph: gr.Graph, rows: list[Row], **settings: Any) -> gr.LoadReport:
    return graph.load_hyperedges("PAPER", pa.Table.from_pylist(rows), key="doi", **settings)


FIRST: list[Row] = [
    {"doi": "a", "author": ["Ann", "Bob"], "venue": 1, "lead": "Ann", "title": "A", "year": 1999},
    {"doi": "b", "author": ["Cy"], "venue": None, "lead": "Cy", "title": None, "year": 2001},
]


def test_the_key_of_hyperedges_is_unique_and_never_null(graph: gr.Graph) -> None:
    assert load(graph, FIRST).loaded == 2
    for rows, problem in [
        ([FIRST[0]], "the key `doi` = 'a' is taken already"),
        ([{**FIRST[0], "doi": "c"}, {**FIRST[1], "doi": "c"}], "row 2: the key `doi` = 'c' is taken already"),
        ([{**FIRST[0], "doi": None}], "the key `doi` is null"),
    ]:
        with pytest.raises(gr.InvalidDataError, match=problem):
            load(graph, rows)
    with pytest.raises(gr.InvalidDataError, match="known by `doi`, not by `title`"):
        graph.load_hyperedges("PAPER", pa.Table.from_pylist(FIRST), key="title")
    # The key stays, also where a load does not name it.
    with pytest.raises(gr.InvalidDataError, match="taken already"):
        graph.load_hyperedges("PAPER", pa.Table.from_pylist(FIRST))
    assert papers(graph) == {
        "a": (["Ann", "Bob"], 1, "Ann", {"title": "A", "year": 1999}),
        "b": (["Cy"], None, "Cy", {"year": 2001}),
    }
    assert graph.check()["problems"] == []


def test_hyperedges_without_a_key_get_one_where_it_is_one(graph: gr.Graph) -> None:
    table = pa.Table.from_pylist([*FIRST, {**FIRST[0], "doi": "c", "title": None}])
    graph.load_hyperedges("PAPER", table)
    with pytest.raises(gr.InvalidDataError, match=r"`title` cannot become the key of `PAPER`: of the 3 .* 2 have none"):
        graph.load_hyperedges("PAPER", pa.Table.from_pylist([{**FIRST[0], "doi": "d"}]), key="title")
    assert load(graph, [FIRST[0], {**FIRST[0], "doi": "d"}], on_conflict="skip").loaded == 1
    assert len(papers(graph)) == 4


def test_a_conflict_needs_a_key(graph: gr.Graph) -> None:
    with pytest.raises(gr.InvalidQueryError, match="hyperedges of `PAPER` have none"):
        graph.load_hyperedges("PAPER", pa.Table.from_pylist(FIRST), on_conflict="skip")
    with pytest.raises(gr.InvalidQueryError, match="did you mean update"):
        load(graph, FIRST, on_conflict="updat")
    with pytest.raises(gr.InvalidQueryError, match="a role is read from that column"):
        graph.load_hyperedges("PAPER", pa.Table.from_pylist(FIRST), key="lead")


def test_skip_leaves_what_is_stored_and_takes_the_first_of_several_rows(graph: gr.Graph) -> None:
    load(graph, FIRST)
    before = papers(graph)
    report = load(
        graph,
        [
            {**FIRST[0], "title": "other", "lead": "nobody"},
            {**FIRST[0], "doi": "c", "title": "first"},
            {**FIRST[0], "doi": "c", "title": "second"},
        ],
        on_conflict="skip",
    )
    assert (report.loaded, report.skipped, report.updated, report.rejected) == (1, 2, 0, 0)
    assert papers(graph) == {**before, "c": (["Ann", "Bob"], 1, "Ann", {"title": "first", "year": 1999})}


def test_update_sets_what_the_rows_say_and_binds_roles_anew(graph: gr.Graph) -> None:
    load(graph, FIRST)
    rows = [
        {"doi": "a", "author": ["Di"], "venue": None, "lead": "Bob", "title": "A2", "pages": 3},
        {"doi": "b", "author": [], "venue": 2, "lead": "Cy", "title": None, "pages": None},
        {"doi": "c", "author": ["Ann"], "venue": 1, "lead": "Ann", "title": "C", "pages": 1},
        {"doi": "c", "author": ["Bob"], "venue": 2, "lead": "Bob", "title": None, "pages": 2},
    ]
    report = load(graph, rows, on_conflict="update")
    assert (report.loaded, report.updated, report.unchanged) == (1, 2, 0)
    after = {
        "a": (["Di"], None, "Bob", {"title": "A2", "year": 1999, "pages": 3}),
        "b": ([], 2, "Cy", {"year": 2001}),
        "c": (["Bob"], 2, "Bob", {"title": "C", "pages": 2}),
    }
    assert papers(graph) == after
    assert graph.check()["problems"] == []
    # The same again changes nothing, and is no commit.
    snapshots = len(graph.history())
    report = load(graph, rows, on_conflict="update")
    assert (report.loaded, report.updated, report.unchanged) == (0, 0, 3)
    assert (papers(graph), len(graph.history())) == (after, snapshots)


def test_an_update_need_not_have_the_columns_of_roles(graph: gr.Graph) -> None:
    load(graph, FIRST)
    assert load(graph, [{"doi": "a", "title": "A2"}], on_conflict="update").updated == 1
    assert papers(graph)["a"] == (["Ann", "Bob"], 1, "Ann", {"title": "A2", "year": 1999})
    with pytest.raises(gr.InvalidDataError, match="the role `lead` is required, and a hyperedge that does not exist"):
        load(graph, [{"doi": "new", "title": "A2"}], on_conflict="update")


def test_nodes_of_several_label_sets_are_updated(graph: gr.Graph) -> None:
    graph.execute("MATCH (p:Person {name: 'Bob'}) SET p:Editor")
    graph.execute("CREATE (:Person:Guest {name: 'Eve', age: 'old'})")
    table = pa.table({"name": ["Bob", "Ann", "Bob", "Flo"], "age": [1, None, 3, 4]})
    report = graph.load_nodes("Person", table, key="name", on_conflict="update")
    assert (report.loaded, report.updated, report.unchanged) == (1, 1, 1)
    found = graph.query("MATCH (p:Person) RETURN p.name AS name, p.age AS age ORDER BY name").to_pylist()
    assert [tuple(row.values()) for row in found] == [
        ("Ann", None),
        ("Bob", 3),
        ("Cy", None),
        ("Di", None),
        ("Eve", "old"),
        ("Flo", 4),
    ]


def test_groups_are_skipped_or_bound_anew(graph: gr.Graph) -> None:
    def load_rows(rows: list[tuple[str, str | None, int | None]], **settings: Any) -> gr.LoadReport:
        names = ("doi", "author", "venue")
        table = pa.Table.from_pylist([{**dict(zip(names, row, strict=True)), "lead": "Ann"} for row in rows])
        return graph.load_hyperedges("PAPER", table, group_by="doi", **settings)

    assert load_rows([("a", "Ann", 1), ("b", "Bob", None), ("a", "Cy", None)]).loaded == 2
    with pytest.raises(gr.InvalidDataError, match="the key `doi` = 'a' is taken already"):
        load_rows([("c", "Ann", 1), ("a", "Ann", 1)])
    report = load_rows([("a", "Di", 2), ("c", "Di", 2), ("c", "Ann", None)], on_conflict="skip")
    assert (report.loaded, report.skipped) == (1, 1)
    report = load_rows([("a", "Di", None), ("b", "Bob", None), ("a", "Bob", None)], on_conflict="update")
    assert (report.loaded, report.updated, report.unchanged) == (0, 1, 1)
    assert papers(graph) == {
        "a": (["Di", "Bob"], None, "Ann", {}),
        "b": (["Bob"], None, "Ann", {}),
        "c": (["Di", "Ann"], 2, "Ann", {}),
    }
    # A table without the column of a role leaves it as it is.
    notes = pa.table({"doi": ["a", "b"], "note": ["x", "y"]})
    assert graph.load_hyperedges("PAPER", notes, group_by="doi", on_conflict="update").updated == 2
    assert papers(graph)["a"] == (["Di", "Bob"], None, "Ann", {"note": "x"})


def test_rejected_rows_of_taken_keys_stand_in_the_file(graph: gr.Graph, tmp_path: Path) -> None:
    load(graph, FIRST)
    path = tmp_path / "papers.csv"
    path.write_text("doi,author,venue,lead\na,Ann,1,Ann\nc,New,1,Ann\n,Newer,1,Ann\nc,Newest,1,Ann\n")
    rejects = tmp_path / "rejects.csv"
    report = graph.load_hyperedges("PAPER", path, key="doi", bad_rows="reject", missing="create", rejects=rejects)
    assert (report.loaded, report.rejected, report.created) == (1, 3, {"Person": 1})
    lines = rejects.read_text().splitlines()
    assert [line.split(",", 4)[4] for line in lines[1:]] == ["a,Ann,1,Ann", ",Newer,1,Ann", "c,Newest,1,Ann"]


def claims(graph: gr.Graph) -> dict[str, list[str]]:
    text = "MATCH (c:CLAIM) OPTIONAL MATCH (c)-[r:about]->(m) RETURN c.id AS id, collect(m.id) AS about ORDER BY id"
    return {row["id"]: sorted(row["about"]) for row in graph.query(text).to_pylist()}


def test_roles_bind_hyperedges_by_their_key(graph: gr.Graph, tmp_path: Path) -> None:
    graph.execute("CREATE HYPEREDGE TYPE CLAIM (about CLAIM*, paper PAPER?)")
    load(graph, FIRST)
    (tmp_path / "claims.csv").write_text("id,paper\nx,a\ny,b\nz,\n")
    assert graph.load_hyperedges("CLAIM", tmp_path / "claims.csv", key="id").loaded == 3
    more = pa.table({"id": ["u", "v"], "on": [["x", "y"], ["z"]], "where": ["a", None]})
    assert graph.load_hyperedges("CLAIM", more, roles={"about": ("CLAIM", "on"), "paper": "where"}).loaded == 2
    assert claims(graph) == {"u": ["x", "y"], "v": ["z"], "x": [], "y": [], "z": []}
    found = graph.query("MATCH (c:CLAIM)-[:paper]->(p:PAPER) RETURN c.id AS c, p.doi AS p ORDER BY c").to_pylist()
    assert [(row["c"], row["p"]) for row in found] == [("u", "a"), ("x", "a"), ("y", "b")]
    with pytest.raises(gr.InvalidDataError, match="about 'w' does not exist before this load"):
        graph.load_hyperedges("CLAIM", pa.table({"id": ["w", "w2"], "about": [[], ["w"]]}), on_conflict="skip")
    rejects = tmp_path / "rejects.csv"
    table = pa.table({"id": ["q", "r"], "paper": ["nowhere", "b"]})
    report = graph.load_hyperedges("CLAIM", table, missing="reject", rejects=rejects)
    assert (report.loaded, report.rejected) == (1, 1)
    with pytest.raises(gr.UnsupportedError, match="which must bind `lead`"):
        graph.load_hyperedges("CLAIM", pa.table({"id": ["s"], "paper": ["nowhere"]}), missing="create")
    assert graph.check()["problems"] == []


def test_members_without_a_key_are_refused(graph: gr.Graph) -> None:
    graph.execute("CREATE HYPEREDGE TYPE CLAIM (paper PAPER)")
    graph.load_hyperedges("PAPER", pa.Table.from_pylist(FIRST))
    with pytest.raises(gr.InvalidDataError, match="the hyperedges of `PAPER` have no key"):
        graph.load_hyperedges("CLAIM", pa.table({"paper": ["a"]}))


def test_a_transaction_sees_the_keys_of_its_loads(graph: gr.Graph) -> None:
    with graph.transaction() as transaction:
        assert transaction.load_hyperedges("PAPER", pa.Table.from_pylist(FIRST), key="doi").loaded == 2
        changed = pa.Table.from_pylist([{**FIRST[0], "title": "A2"}, {**FIRST[0], "doi": "c"}])
        report = transaction.load_hyperedges("PAPER", changed, on_conflict="update")
        assert (report.loaded, report.updated) == (1, 1)
        assert (
            transaction.load_nodes("Person", pa.table({"name": ["Ann"]}), key="name", on_conflict="skip").skipped == 1
        )
    assert {key: paper[3].get("title") for key, paper in papers(graph).items()} == {"a": "A2", "b": None, "c": "A"}
    assert graph.check()["problems"] == []


def test_cells_of_a_notebook_run_twice(tmp_path: Path) -> None:
    file = tmp_path / "papers.csv"
    file.write_text("doi,author,venue,lead\na,Ann;Bob,1,Ann\nb,Cy,,Cy\n")

    def run() -> dict[object, tuple[object, ...]]:
        with library(tmp_path / "g.grism") as graph:
            graph.load_hyperedges("PAPER", file, key="doi", split=";", on_conflict="update")
            graph.execute(f"COPY PAPER FROM '{file}' (KEY doi, SPLIT ';', ON CONFLICT SKIP)")
            return papers(graph)

    first = run()
    with gr.open(tmp_path / "g.grism") as graph:
        snapshots = len(graph.history())
    assert run() == first == {"a": (["Ann", "Bob"], 1, "Ann", {}), "b": (["Cy"], None, "Cy", {})}
    with gr.open(tmp_path / "g.grism") as graph:
        assert len(graph.history()) == snapshots


def modelled(model: dict[str, Row], rows: Iterable[Row], mode: str) -> tuple[int, int, int]:
    """Loads rows into a dict; how many are new, left out and changed."""
    new, left_out = 0, 0
    before = {key: dict(row) for key, row in model.items()}
    added: set[str] = set()
    for row in rows:
        key = row["doi"]
        if key not in model:
            model[key] = {name: value for name, value in row.items() if value is not None}
            model[key]["author"] = row["author"] or []
            added.add(key)
            new += 1
        elif mode == "skip":
            left_out += 1
        else:
            own = model[key]
            own.update({name: value for name, value in row.items() if value is not None})
            own["author"] = row["author"] or []
            if row["venue"] is None:
                own.pop("venue", None)
    changed = sum(before[key] != row for key, row in model.items() if key not in added)
    return new, left_out, changed


@pytest.mark.parametrize("seed", range(4))
def test_random_loads_are_those_of_a_dict(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    graph = library(tmp_path / "g.grism" if seed % 2 else None)
    model: dict[str, Row] = {}
    names = ["Ann", "Bob", "Cy", "Di"]
    for _ in range(6):
        rows = [
            {
                "doi": f"d{rng.randrange(60)}",
                "author": rng.choice([None, [], rng.choices(names, k=rng.randrange(4))]),
                "venue": rng.choice([None, 1, 2]),
                "lead": rng.choice(names),
                "title": rng.choice([None, "x", "y"]),
                "year": rng.choice([None, 1, 2.5]),
            }
            for _ in range(rng.randrange(1, 80))
        ]
        mode = rng.choice(["skip", "update"])
        schema = {"doi": pa.string(), "author": pa.list_(pa.string()), "venue": pa.int64(), "lead": pa.string()}
        fields = [*schema.items(), ("title", pa.string()), ("year", pa.float64())]
        table = pa.Table.from_pylist(rows, schema=pa.schema(fields))
        limit = rng.choice([None, 1])
        report = graph.load_hyperedges("PAPER", table, key="doi", on_conflict=mode, memory_limit=limit)  # type: ignore[arg-type]
        assert (report.loaded, report.skipped, report.updated) == modelled(model, rows, mode)
    wanted = {
        key: (row["author"], row.get("venue"), row["lead"], {n: row[n] for n in ("title", "year") if n in row})
        for key, row in model.items()
    }
    assert papers(graph) == wanted
    assert graph.check()["problems"] == []


def test_more_keys_than_memory_holds_are_known_again(tmp_path: Path) -> None:
    count = 200_000
    keys = [f"key {number:020}" for number in range(count)]
    graph = gr.open(tmp_path / "g.grism")
    limit = 32 << 20
    table = pa.table({"k": keys, "v": list(range(count))})
    for mode in ("error", "skip", "update"):
        report = graph.load_nodes("A", table, key="k", on_conflict=mode, memory_limit=limit)  # type: ignore[arg-type]
        found = (report.loaded, report.skipped, report.unchanged)
        assert found == {"error": (count, 0, 0), "skip": (0, count, 0), "update": (0, 0, count)}[mode]
    tenth = pa.table({"k": keys[::10], "v": [-1] * (count // 10)})
    assert graph.load_nodes("A", tenth, key="k", on_conflict="update", memory_limit=limit).updated == count // 10
    assert graph.query("MATCH (a:A) RETURN count(*) AS n, count(CASE WHEN a.v = -1 THEN 1 END) AS c").to_pylist() == [
        {"n": count, "c": count // 10}
    ]


def _load_shared(path: str, number: int) -> None:
    graph = gr.open(path)
    mode = "update" if number < 4 else "skip"
    table = pa.table({"k": list(range(200)), "by": [number] * 200, f"own{number % 2}": [number] * 200})
    graph.load_nodes("A", table, key="k", on_conflict=mode)  # type: ignore[arg-type]


def test_processes_that_load_one_key_make_no_duplicate(tmp_path: Path) -> None:
    path = str(tmp_path / "g.grism")
    gr.open(path)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_load_shared, args=(path, number)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 8
    found = gr.open(path).query("MATCH (a:A) RETURN count(*) AS n, count(DISTINCT a.k) AS k").to_pylist()
    assert found == [{"n": 200, "k": 200}]


# Incremental loads.


def write_files(directory: Path, numbers: Iterable[int], rows: int = 5) -> None:
    directory.mkdir(exist_ok=True)
    for number in numbers:
        lines = [f"{number * rows + row},{number}" for row in range(rows)]
        (directory / f"part-{number:04}.csv").write_text("\n".join(["id,file", *lines]) + "\n")


def ids(graph: gr.Graph) -> list[int]:
    return [row["id"] for row in graph.query("MATCH (a:A) RETURN a.id AS id ORDER BY id").to_pylist()]


def test_files_are_taken_once(graph: gr.Graph, tmp_path: Path) -> None:
    directory = tmp_path / "files"
    write_files(directory, range(40))
    pattern = f"{directory}/*.csv"
    report = graph.load_nodes("A", pattern, key="id", incremental=True)
    assert (report.files, report.skipped_files, report.loaded) == (40, 0, 200)
    assert graph.loaded_files("A").keys() == {str(path) for path in directory.iterdir()}
    snapshots = len(graph.history())
    # Files that are there already are not even read; a touched one is, and is the same.
    os.utime(directory / "part-0003.csv", ns=(1, 1))
    report = graph.load_nodes("A", pattern, key="id", incremental=True)
    assert (report.files, report.skipped_files, report.rows) == (0, 40, 0)
    assert len(graph.history()) == snapshots
    write_files(directory, [40])
    (directory / "part-0000.csv").unlink()
    report = graph.load_nodes("A", pattern, key="id", incremental=True)
    assert (report.files, report.skipped_files, report.loaded) == (1, 39, 5)
    assert ids(graph) == list(range(205))
    # The file named otherwise is the same file; another label has taken none.
    own = [os.path.relpath(directory / "part-0001.csv"), (directory / "part-0001.csv").as_uri()]
    assert graph.load_nodes("A", own, key="id", incremental=True).skipped_files == 1
    assert graph.load_nodes("B", own, key="id", incremental=True).files == 1
    assert graph.check()["problems"] == []


def test_a_file_with_other_content_needs_a_way_to_settle_conflicts(graph: gr.Graph, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,v\n1,a\n2,b\n")
    graph.load_nodes("A", file, key="id", incremental=True)
    file.write_text("id,v\n1,a\n2,b2\n3,c\n")
    with pytest.raises(gr.InvalidDataError, match=r"a.csv was loaded before.*other content now.*on_conflict"):
        graph.load_nodes("A", file, key="id", incremental=True)
    report = graph.load_nodes("A", file, key="id", incremental=True, on_conflict="update")
    assert (report.files, report.loaded, report.updated, report.unchanged) == (1, 1, 1, 1)
    assert graph.load_nodes("A", file, key="id", incremental=True).skipped_files == 1


def test_rows_above_the_greatest_value_are_taken(graph: gr.Graph, tmp_path: Path) -> None:
    def load_rows(times: list[int | None], **settings: Any) -> gr.LoadReport:
        table = pa.table({"id": [f"n{time}" for time in times], "at": pa.array(times, pa.int64())})
        return graph.load_nodes("A", table, key="id", incremental="at", **settings)

    assert load_rows([3, 1, 2]).loaded == 3
    report = load_rows([3, 4, 2, 5])
    assert (report.loaded, report.skipped) == (2, 2)
    snapshots = len(graph.history())
    assert (load_rows([5]).loaded, len(graph.history())) == (0, snapshots)
    with pytest.raises(gr.InvalidDataError, match="`at`, by which rows are known to be new, has no value"):
        load_rows([6, None])
    rejects = tmp_path / "rejects.csv"
    for time_ in (6, 7):
        assert load_rows([time_, None], bad_rows="reject", rejects=rejects).loaded == 1
    assert len(rejects.read_text().splitlines()) == 3
    with pytest.raises(gr.InvalidDataError, match="held INTEGER|held Int64"):
        graph.load_nodes("A", pa.table({"id": ["x"], "at": ["later"]}), key="id", incremental="at")
    # A file is a source of its own.
    (tmp_path / "log.csv").write_text("id,at\na,1\nb,2\n")
    load_log = lambda: graph.load_nodes("A", tmp_path / "log.csv", key="id", incremental="at")  # noqa: E731
    assert load_log().loaded == 2
    with (tmp_path / "log.csv").open("a") as file:
        file.write("c,3\n")
    assert load_log().loaded == 1


def test_incremental_loads_in_a_transaction_are_part_of_it(graph: gr.Graph, tmp_path: Path) -> None:
    write_files(tmp_path / "files", range(20))
    pattern = f"{tmp_path}/files/*.csv"
    undone = graph.transaction()
    assert undone.load_nodes("A", pattern, key="id", incremental=True).files == 20
    assert undone.load_nodes("A", pattern, key="id", incremental=True).skipped_files == 20
    undone.rollback()
    with graph.transaction() as transaction:
        assert transaction.load_nodes("A", pattern, key="id", incremental=True).files == 20
    assert graph.load_nodes("A", pattern, key="id", incremental=True).skipped_files == 20
    assert ids(graph) == list(range(100))


def test_incremental_loads_of_other_shapes(graph: gr.Graph, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "a.csv").write_text("doi,author,lead\np,Ann,Ann\nq,Bob,Bob\n")
    (files / "b.csv").write_text("doi,author,lead\np,Cy,Ann\n")
    loads: list[Callable[[], Any]] = [
        lambda: graph.load_hyperedges("PAPER", f"{files}/*.csv", group_by="doi", incremental=True),
        lambda: graph.execute(f"COPY PAPER FROM '{files}/*.csv' (GROUP BY doi, INCREMENTAL true)").load,
    ]
    assert loads[0]().loaded == 2
    assert [load().skipped_files for load in loads] == [2, 2]
    assert papers(graph) == {"p": (["Ann", "Cy"], None, "Ann", {}), "q": (["Bob"], None, "Bob", {})}
    with pytest.raises(gr.UnsupportedError, match="rows in memory"):
        graph.load_nodes("A", pa.table({"id": [1]}), key="id", incremental=True)
    # What is dropped takes what was loaded along.
    graph.execute(f"DROP HYPEREDGE TYPE PAPER; {PAPERS}")
    assert loads[0]().loaded == 2


def test_what_was_taken_outlives_vacuum_and_not_the_graph(tmp_path: Path) -> None:
    from datetime import timedelta

    write_files(tmp_path / "files", range(50))
    pattern = f"{tmp_path}/files/*.csv"
    path = tmp_path / "g.grism"
    with gr.open(path) as graph:
        graph.load_nodes("A", pattern, key="id", incremental=True)
        before = len(list((path / "_grism" / "loaded").iterdir()))
        graph.vacuum(retain=timedelta(0), grace=timedelta(0))
        assert len(list((path / "_grism" / "loaded").iterdir())) < before
        assert graph.load_nodes("A", pattern, key="id", incremental=True).skipped_files == 50
        assert graph.check()["problems"] == []
    subprocess.run(["rm", "-r", path], check=True)
    with gr.open(path) as graph:
        assert graph.load_nodes("A", pattern, key="id", incremental=True).files == 50


LOADER = "import sys, grism_ray as gr; gr.open(sys.argv[1]).load_nodes('A', sys.argv[2], key='id', incremental=True)"


def test_a_load_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    files, kills = 60, 4
    write_files(tmp_path / "files", range(files))
    arguments = [sys.executable, "-c", LOADER, str(tmp_path / "g.grism"), f"{tmp_path}/files/*.csv"]
    log = tmp_path / "g.grism" / "_grism" / "snapshots"
    killed = 0
    for _ in range(kills):
        before = len(list(log.glob("*.json")))
        child = subprocess.Popen(arguments)
        # Between two commits of the load.
        while child.poll() is None and len(list(log.glob("*.json"))) == before:
            time.sleep(0.001)
        child.send_signal(signal.SIGKILL)
        killed += child.wait() == -signal.SIGKILL
    graph = gr.open(tmp_path / "g.grism")
    report = graph.load_nodes("A", f"{tmp_path}/files/*.csv", key="id", incremental=True)
    assert report.files + report.skipped_files == files
    assert ids(graph) == list(range(files * 5))
    assert killed > 0
    assert graph.check()["problems"] == []


def test_two_processes_take_no_file_twice(tmp_path: Path) -> None:
    write_files(tmp_path / "files", range(60))
    gr.open(tmp_path / "g.grism")
    loader = LOADER.replace("key='id'", "roles={'source': ('N', 'id'), 'target': ('N', 'id')}").replace(
        "load_nodes('A'", "load_hyperedges('E'"
    )
    with gr.open(tmp_path / "g.grism") as graph:
        graph.load_nodes("N", pa.table({"id": list(range(300))}), key="id")
    arguments = [sys.executable, "-c", loader, str(tmp_path / "g.grism"), f"{tmp_path}/files/*.csv"]
    children = [subprocess.Popen(arguments) for _ in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    found = gr.open(tmp_path / "g.grism").query("MATCH ()-[e:E]->() RETURN count(*) AS n").to_pylist()
    assert found == [{"n": 300}]
