"""A graph that is deleted and built anew at its path is seen as new by whoever had the old one open."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUESTIONS = (
    "MATCH (t:Town) RETURN count(*) AS x",
    "MATCH (t:Town) RETURN max(t.people) AS x",
    "MATCH (t:Town {id: 3}) RETURN t.name AS x",
    "MATCH (t:Town) WHERE t.name STARTS WITH 'b' RETURN count(*) AS x",
    "MATCH (:Town {id: 3})-[:ROAD]->(t) RETURN t.people AS x",
    "MATCH (:Town)-[r:ROAD]->(:Town) RETURN sum(r.length) AS x",
    "MATCH (:Town)-[:ROAD*2]->(:Town) RETURN count(*) AS x",
)

OF_ANOTHER_PROCESS = """
    import sys
    import pyarrow as pa
    import grism_ray as gr
    count, letter = int(sys.argv[2]), sys.argv[3]
    ids = list(range(count))
    graph = gr.open(sys.argv[1])
    towns = {"id": ids, "people": [count * 10 + i for i in ids], "name": [f"{letter}{i}" for i in ids]}
    graph.load_nodes("Town", pa.table(towns), key="id")
    roads = {"a": ids[:-1], "b": ids[1:], "length": [count] * (count - 1)}
    graph.load_hyperedges("ROAD", pa.table(roads), roles={"source": ("Town", "a"), "target": ("Town", "b")})
"""


def built(path: Path, count: int, letter: str) -> gr.Graph:
    """A graph of towns in a row. Its snapshots have the same numbers whatever is in it."""
    ids = list(range(count))
    graph = gr.open(path)
    towns = {"id": ids, "people": [count * 10 + i for i in ids], "name": [f"{letter}{i}" for i in ids]}
    graph.load_nodes("Town", pa.table(towns), key="id")
    roads = {"a": ids[:-1], "b": ids[1:], "length": [count] * (count - 1)}
    graph.load_hyperedges("ROAD", pa.table(roads), roles={"source": ("Town", "a"), "target": ("Town", "b")})
    return graph


def answers(graph: gr.Graph, engine: str = "local") -> list[object]:
    return [graph.query(text, engine=engine).to_pylist()[0]["x"] for text in QUESTIONS]


def expected(count: int, letter: str) -> list[object]:
    roads = count - 1
    return [
        count,
        count * 11 - 1,
        f"{letter}3",
        count if letter == "b" else 0,
        count * 10 + 4,
        count * roads,
        roads - 1,
    ]


def by_another_process(path: Path, count: int, letter: str) -> None:
    code = textwrap.dedent(OF_ANOTHER_PROCESS)
    subprocess.run([sys.executable, "-c", code, str(path), str(count), letter], check=True, timeout=60)


def by_this_process(path: Path, count: int, letter: str) -> None:
    built(path, count, letter)


@pytest.mark.parametrize("build", [by_this_process, by_another_process])
def test_a_handle_from_before_reads_the_new_graph(tmp_path: Path, build: Callable[[Path, int, str], None]) -> None:
    path = tmp_path / "g.grism"
    old = built(path, 300, "a")
    at_snapshot = gr.open(path, snapshot=3)
    frame = old.nodes("Town").expand("ROAD").agg(n=gr.count())
    for graph in (old, at_snapshot):
        assert answers(graph) == expected(300, "a")
    assert answers(old, "staged") == expected(300, "a")
    assert frame.collect().to_pylist() == [{"n": 299}]
    shutil.rmtree(path)
    build(path, 200, "b")
    for graph in (old, gr.open(path)):
        assert answers(graph) == expected(200, "b")
        assert answers(graph, "staged") == expected(200, "b")
    assert frame.collect().to_pylist() == [{"n": 199}]
    # A snapshot of the graph that is gone has the number of one of the new graph.
    for action in (lambda: answers(at_snapshot), at_snapshot.history, lambda: answers(at_snapshot, "staged")):
        with pytest.raises(gr.NotFoundError, match="is gone"):
            action()
    # Writes through it are writes to the new graph.
    old.execute("MATCH (t:Town) WHERE t.id < 10 SET t.people = 0")
    old.load_nodes("Town", pa.table({"id": [1000], "people": [7], "name": ["c"]}), key="id")
    assert gr.open(path).query("MATCH (t:Town) RETURN count(*) AS n, min(t.people) AS p").to_pylist() == [
        {"n": 201, "p": 0}
    ]
    assert gr.open(path).check()["problems"] == []


@pytest.mark.parametrize("count", [200, 400])
def test_a_transaction_on_a_graph_that_is_gone_changes_nothing(tmp_path: Path, count: int) -> None:
    path = tmp_path / "g.grism"
    old = built(path, 300, "a")
    read, written, rows = old.transaction(), old.transaction(), old.transaction()
    assert answers(read.graph) == expected(300, "a")
    written.execute("CREATE (:Village {id: 1})")
    written.load_nodes("Hamlet", pa.table({"id": [1, 2]}), key="id")
    rows.create_node("Town", id=-1)
    shutil.rmtree(path)
    if count > 300:
        # The new graph has more snapshots than the one that is gone.
        gr.open(path).execute("CREATE HYPEREDGE TYPE MEETING (host Town)")
    new = built(path, count, "b")
    for text in QUESTIONS:
        with pytest.raises(gr.GrismError, match="gone|anew"):
            read.query(text)
    for transaction in (written, rows):
        with pytest.raises(gr.GrismError, match="gone|anew"):
            transaction.commit()
    assert answers(new) == expected(count, "b")
    assert {row["label"] for row in new.query("SHOW LABELS").to_pylist()} == {"Town"}
    assert new.check()["problems"] == []


def test_a_graph_is_made_anew_where_one_was_deleted(tmp_path: Path) -> None:
    path = tmp_path / "g.grism"
    old = built(path, 10, "a")
    frame = old.nodes("Town").filter(gr.col("id") > 3)
    shutil.rmtree(path)
    for action in (lambda: answers(old), lambda: old.execute("CREATE (:Town)"), lambda: gr.open(path, create=False)):
        with pytest.raises(gr.NotFoundError):
            action()
    assert not path.exists()
    new = gr.open(path)
    assert new.query("MATCH (n) RETURN count(*) AS n").to_pylist() == [{"n": 0}]
    assert old.query("MATCH (n) RETURN count(*) AS n").to_pylist() == [{"n": 0}]
    # Other tables have the numbers of those that a frame names.
    new.execute("CREATE (:Animal {id: 7})")
    with pytest.raises(gr.NotFoundError, match="make it anew"):
        frame.collect().to_pylist()


def test_a_graph_in_the_place_of_one_that_vacuum_cleaned(tmp_path: Path) -> None:
    path = tmp_path / "g.grism"
    old = built(path, 20, "a")
    code = """
        import sys
        import grism_ray as gr
        graph = gr.open(sys.argv[1])
        graph.execute("CREATE (:Town {id: -1, people: 1})")
        graph.execute("VACUUM RETAIN 0 HOURS KEEP 1 SNAPSHOTS")
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(path)], check=True, timeout=60)
    # What another process dropped is the same graph.
    assert old.query("MATCH (t:Town) RETURN count(*) AS n").to_pylist() == [{"n": 21}]
    assert [line.snapshot for line in old.history()][-1] == 4


def test_a_transaction_that_ended_refuses_everything(tmp_path: Path) -> None:
    graph = gr.open(tmp_path / "g.grism")

    def commit(transaction: gr.Transaction) -> None:
        transaction.commit()

    def rollback(transaction: gr.Transaction) -> None:
        transaction.rollback()

    for end in (commit, rollback):
        transaction = graph.transaction()
        inner = transaction.graph
        inner.execute("CREATE (:N {id: 1})")
        end(transaction)
        for action in (
            lambda inner=inner: inner.execute("CREATE (:N {id: 2})"),
            lambda inner=inner: inner.load_nodes("M", pa.table({"id": [1]}), key="id"),
            lambda inner=inner: inner.query("MATCH (n:N) RETURN n.id"),
            lambda inner=inner: inner.execute("CREATE HYPEREDGE TYPE T (a N)"),
            lambda inner=inner: inner.history(),
            lambda inner=inner: inner.nodes("N"),
            lambda transaction=transaction: transaction.create_node("N"),
            lambda transaction=transaction: transaction.rollback(),
            lambda transaction=transaction: transaction.commit(),
        ):
            with pytest.raises(gr.InvalidQueryError, match="transaction has ended"):
                action()
    inner = failed(graph)
    with pytest.raises(gr.InvalidQueryError, match="transaction has ended"):
        inner.query("MATCH (n:N) RETURN n.id")
    assert graph.query("MATCH (n:N) RETURN n.id AS id").to_pylist() == [{"id": 1}]


def failed(graph: gr.Graph) -> gr.Graph:
    """The graph within a transaction that an error ended."""
    transaction = graph.transaction()
    inner = transaction.graph
    with contextlib.suppress(ZeroDivisionError), transaction:
        inner.execute("CREATE (:N {id: 3})")
        raise ZeroDivisionError
    return inner


def test_what_is_there_or_not_is_not_committed_again() -> None:
    graph = gr.open()
    graph.execute("CREATE (:Song {title: 'Low', year: 1977})")
    graph.execute("CREATE INDEX by_title FOR (s:Song) ON (s.title)")
    before = len(graph.history())
    for text in (
        "CREATE INDEX by_title IF NOT EXISTS FOR (s:Song) ON (s.title)",
        "DROP INDEX nothing IF EXISTS",
    ):
        graph.execute(text)
    assert len(graph.history()) == before
    for text, error, word in (
        ("CREATE INDEX by_title IF NOT EXISTS FOR (s:Song) ON (s.year)", gr.InvalidDataError, "RANGE of `title`"),
        ("CREATE FULLTEXT INDEX by_title IF NOT EXISTS FOR (s:Song) ON EACH [s.title]", gr.InvalidDataError, "RANGE"),
        ("CREATE INDEX other IF NOT EXISTS FOR (s:Sang) ON (s.title)", gr.NotFoundError, "Sang"),
        ("CREATE INDEX other IF NOT EXISTS FOR (s:Song) ON (s.titel)", gr.NotFoundError, "did you mean `title`"),
    ):
        with pytest.raises(error, match=word):
            graph.execute(text)
    assert len(graph.history()) == before
    graph.execute("CREATE INDEX other IF NOT EXISTS FOR (s:Song) ON (s.year)")
    graph.execute("DROP INDEX other IF EXISTS")
    assert len(graph.history()) == before + 2
