"""Constraints: every writer keeps them, on every storage, alone and beside others."""

from __future__ import annotations

import json
import multiprocessing
import random
import shutil
import tempfile
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.queues import SimpleQueue
    from pathlib import Path

KEY = "CREATE CONSTRAINT FOR (p:Person) REQUIRE p.id IS KEY"
TAKEN = "of a node of `Person` is taken already"


def rows(graph: gr.Graph, text: str) -> list[dict[str, Any]]:
    return graph.query(text, engine="local").to_pylist()


def constraints(graph: gr.Graph) -> list[tuple[str, str]]:
    return [(row["name"], row["kind"]) for row in rows(graph, "SHOW CONSTRAINTS")]


def ids(graph: gr.Graph) -> list[int]:
    return [row["id"] for row in rows(graph, "MATCH (p:Person) RETURN p.id AS id ORDER BY id")]


@pytest.fixture(params=["memory", "disk"])
def graph(request: pytest.FixtureRequest, tmp_path: Path) -> gr.Graph:
    """A graph of three people with a key."""
    graph = gr.open() if request.param == "memory" else gr.open(tmp_path / "g.grism")
    graph.execute(KEY)
    graph.load_nodes("Person", pa.table({"id": [1, 2, 3], "name": ["Ann", "Bob", "Cid"]}), key="id")
    return graph


def by_transaction(act: Callable[[gr.Transaction], object]) -> Callable[[gr.Graph], None]:
    def write(graph: gr.Graph) -> None:
        with graph.transaction() as transaction:
            act(transaction)

    return write


def person(graph: gr.Graph, number: int) -> int:
    return int(rows(graph, f"MATCH (p:Person {{id: {number}}}) RETURN id(p) AS id")[0]["id"])


def copy(graph: gr.Graph) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("id,name\n4,Dan\n2,Eve\n")
        file.flush()
        graph.execute(f"COPY Person FROM '{file.name}' (KEY id)")


WRITERS: dict[str, Callable[[gr.Graph], object]] = {
    "CREATE": lambda graph: graph.execute("CREATE (:Person {id: 2})"),
    "CREATE with other labels": lambda graph: graph.execute("CREATE (:Actor:Person {id: 2})"),
    "CREATE of many": lambda graph: graph.execute("UNWIND range(2, 50) AS i CREATE (:Person {id: i})"),
    "CREATE twice": lambda graph: graph.execute("CREATE (:Person {id: 9}), (:Person {id: 9.0})"),
    "SET": lambda graph: graph.execute("MATCH (p:Person {id: 1}) SET p.id = 2"),
    "SET of all": lambda graph: graph.execute("MATCH (p:Person) SET p.id = 7"),
    "SET +=": lambda graph: graph.execute("MATCH (p:Person {id: 1}) SET p += {id: 2}"),
    "SET =": lambda graph: graph.execute("MATCH (p:Person {id: 1}) SET p = {name: 'x'}"),
    "REMOVE": lambda graph: graph.execute("MATCH (p:Person {id: 1}) REMOVE p.id"),
    "MERGE": lambda graph: graph.execute("MERGE (:Person {id: 2, name: 'other'})"),
    "a label": lambda graph: graph.execute("CREATE (n:Other {id: 2}) SET n:Person"),
    "a label of a stored node": lambda graph: graph.execute("CREATE (:Other {id: 2}); MATCH (n:Other) SET n:Person"),
    "batches": lambda graph: graph.execute(
        "UNWIND [5, 2] AS i CALL { WITH i CREATE (:Person {id: i}) } IN TRANSACTIONS OF 2 ROWS"
    ),
    "a load": lambda graph: graph.load_nodes("Person", pa.table({"id": [4, 2]}), key="id"),
    "COPY": copy,
    "a statement of a transaction": by_transaction(lambda tx: tx.execute("CREATE (:Person {id: 2})")),
    "create_node": by_transaction(lambda tx: tx.create_node("Person", id=2)),
    "create_node without": by_transaction(lambda tx: tx.create_node("Person", name="x")),
    "set_properties": by_transaction(lambda tx: tx.set_properties(person(tx.graph, 1), {"id": 2})),
    "change_labels": by_transaction(lambda tx: tx.change_labels(tx.create_node("Other", id=2), add=["Person"])),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_no_writer_breaks_a_key(graph: gr.Graph, writer: str) -> None:
    with pytest.raises(gr.InvalidDataError) as refused:
        WRITERS[writer](graph)
    assert "taken already" in str(refused.value) or "has no `id`" in str(refused.value)
    assert ids(graph) == [1, 2, 3]
    graph.execute("MATCH (p:Person {id: 1}) SET p.id = 4")
    graph.execute("CREATE (:Person {id: 1})")
    assert ids(graph) == [1, 2, 3, 4]
    assert graph.check()["problems"] == []


def test_the_key_of_a_load_is_a_constraint_that_can_be_dropped(graph: gr.Graph) -> None:
    other = gr.open()
    other.load_nodes("Person", pa.table({"id": [1]}), key="id")
    assert constraints(other) == constraints(graph) == [("Person_id_key", "KEY")]
    with pytest.raises(gr.InvalidDataError, match=TAKEN):
        other.execute("CREATE (:Person {id: 1})")
    other.execute("DROP CONSTRAINT Person_id_key; CREATE (:Person {id: 1}), (:Person)")
    assert constraints(other) == []
    with pytest.raises(gr.InvalidDataError, match="cannot become the key"):
        other.load_nodes("Person", pa.table({"id": [5]}), key="id")


def test_declarations_that_change_nothing_commit_nothing(graph: gr.Graph) -> None:
    before = len(graph.history())
    graph.execute(KEY.replace("FOR", "IF NOT EXISTS FOR"))
    graph.execute("DROP CONSTRAINT nothing IF EXISTS")
    for text in (KEY, "CREATE CONSTRAINT FOR (p:Person) REQUIRE p.other IS NOT NULL"):
        with pytest.raises(gr.InvalidDataError):
            graph.execute(text)
    assert len(graph.history()) == before


def test_the_failing_statement_of_a_transaction_is_told_and_others_stay(graph: gr.Graph) -> None:
    with graph.transaction() as transaction:
        transaction.execute("CREATE (:Person {id: 4})")
        for text in ("CREATE (:Person {id: 4})", "CREATE (:Person {id: 2})"):
            with pytest.raises(gr.InvalidDataError, match=TAKEN):
                transaction.execute(text)
        transaction.execute("MATCH (p:Person {id: 2}) DELETE p")
        transaction.execute("CREATE (:Person {id: 2})")
        transaction.load_nodes("Person", pa.table({"id": [5, 6]}), key="id")
        with pytest.raises(gr.InvalidDataError, match=TAKEN):
            transaction.execute("CREATE (:Person {id: 6})")
        transaction.execute("CREATE CONSTRAINT names FOR (p:Person) REQUIRE p.name IS UNIQUE")
        with pytest.raises(gr.InvalidDataError, match="`name` = 'Cid'"):
            transaction.execute("CREATE (:Person {id: 8, name: 'Cid'})")
    assert ids(graph) == [1, 2, 3, 4, 5, 6]
    with pytest.raises(gr.InvalidDataError, match=TAKEN):
        graph.execute("CREATE (:Person {id: 6})")


def test_two_transactions_at_once_do_not_take_one_key(graph: gr.Graph) -> None:
    first, second = graph.transaction(), graph.transaction()
    first.create_node("Person", id=10)
    second.create_node("Person", id=10)
    third = graph.transaction()
    third.create_node("Person", id=11)
    first.commit()
    with pytest.raises(gr.InvalidDataError, match=f"`id` = 10 {TAKEN}"):
        second.commit()
    third.commit()
    assert ids(graph) == [1, 2, 3, 10, 11]


def test_a_constraint_that_is_made_meanwhile_holds_for_a_transaction(graph: gr.Graph) -> None:
    transaction = graph.transaction()
    transaction.create_node("Person", id=4, name="Ann")
    graph.execute("CREATE CONSTRAINT names FOR (p:Person) REQUIRE p.name IS UNIQUE")
    with pytest.raises(gr.InvalidDataError, match="`name` = 'Ann'"):
        transaction.commit()


def test_an_export_keeps_them_and_an_import_looks_at_them(graph: gr.Graph, tmp_path: Path) -> None:
    graph.execute("CREATE CONSTRAINT FOR ()-[k:KNOWS]-() REQUIRE (k.since, k.how) IS UNIQUE")
    graph.export_to(tmp_path / "out")
    copy = gr.open()
    copy.import_from(tmp_path / "out")
    assert constraints(copy) == constraints(graph)
    with pytest.raises(gr.InvalidDataError, match=TAKEN):
        copy.execute("CREATE (:Person {id: 2})")
    graph.execute("DROP CONSTRAINT Person_id_key; CREATE (:Person {id: 2})")
    shutil.rmtree(tmp_path / "out")
    graph.export_to(tmp_path / "out")
    contents = tmp_path / "out" / "graph.json"
    text = json.loads(contents.read_text())
    text["schema"]["constraints"].append(
        {"name": "ids", "entity": "Node", "label": "Person", "properties": ["id"], "rule": "Unique"}
    )
    contents.write_text(json.dumps(text))
    with pytest.raises(gr.InvalidDataError, match=f"`id` = 2 {TAKEN}"):
        gr.open().import_from(tmp_path / "out")


def old_graph(path: Path, text: str) -> gr.Graph:
    """A graph as it was written before there were constraints: a table has a key, and nothing else tells it."""
    gr.open(path).execute(text)
    entry = max((path / "_grism" / "snapshots").glob("*.json"), key=lambda file: int(file.stem))
    log = json.loads(entry.read_text())
    assert "constraints" not in log["schema"]
    for table in log["schema"]["tables"].values():
        table["key"] = "id"
    entry.write_text(json.dumps(log))
    moved = path.with_name("moved.grism")
    path.rename(moved)
    return gr.open(moved)


def test_check_finds_what_breaks_a_key_in_an_older_graph(tmp_path: Path) -> None:
    text = "UNWIND [1, 2, 2, 2, null] AS id CREATE (:Person {id: id})"
    graph = old_graph(tmp_path / "old.grism", text)
    assert constraints(graph) == [("Person_id_key", "KEY")]
    (problem,) = graph.check()["problems"]
    assert "the constraint `Person_id_key` (KEY): 2 nodes of `Person` repeat what another has, as `id` = 2" in problem
    assert "and 1 node of `Person` has no `id`" in problem
    # What was there before stops no other write, and may be corrected.
    graph.execute("CREATE (:Person {id: 3})")
    with pytest.raises(gr.InvalidDataError, match=TAKEN):
        graph.execute("CREATE (:Person {id: 2})")
    graph.execute("MATCH (p:Person) WHERE p.id IS NULL OR p.id = 2 DELETE p")
    graph.execute("CREATE (:Person {id: 2})")
    assert graph.check()["problems"] == []


def test_keys_that_memory_does_not_hold_are_compared_all_the_same(graph: gr.Graph) -> None:
    graph.execute("CREATE CONSTRAINT FOR (p:Person) REQUIRE p.mail IS UNIQUE")

    def load(first: int, *others: str) -> int:
        mails = [f"mail {number}" for number in range(first, first + 150_000)] + list(others)
        people = pa.table({"id": range(first, first + len(mails)), "mail": mails})
        return graph.load_nodes("Person", people, key="id", memory_limit=32 << 20).loaded

    with pytest.raises(gr.InvalidDataError, match="`mail` = 'mail 10'"):
        load(10, "mail 10")
    assert load(10) == 150_000
    with pytest.raises(gr.InvalidDataError, match="`mail` = 'mail 17'"):
        load(200_000, "mail 17")
    assert load(200_000, "another") == 150_001


def test_a_graph_that_is_built_anew_knows_none_of_the_old_keys(tmp_path: Path) -> None:
    path = tmp_path / "g.grism"
    graph = gr.open(path)
    for first in (0, 100):
        graph.execute(KEY)
        for number in range(first, first + 5):
            graph.execute("CREATE (:Person {id: $id})", {"id": number})
        with pytest.raises(gr.InvalidDataError, match=TAKEN):
            graph.execute("CREATE (:Person {id: $id})", {"id": first + 4})
        graph.execute(f"CREATE (:Person {{id: {100 - first}}})")
        shutil.rmtree(path)
        graph = gr.open(path)


def write(path: str, number: int, answers: SimpleQueue[Any]) -> None:
    """Writes the keys that all other processes write too: by loads, statements and transactions."""
    graph = gr.open(path)
    chosen, taken, other = random.Random(number), 0, 0
    for key in range(10):
        try:
            match chosen.randrange(4):
                case 0:
                    graph.load_nodes("Person", pa.table({"id": [key], "by": [number]}), key="id")
                case 1:
                    graph.execute("CREATE (:Person {id: $id, by: $by})", {"id": key, "by": number})
                case 2:
                    with graph.transaction() as transaction:
                        transaction.create_node("Person", id=key, by=number)
                case _:
                    graph.execute("MERGE (p:Person {id: $id}) ON CREATE SET p.by = $by", {"id": key, "by": number})
        except gr.InvalidDataError:
            taken += 1
        except gr.ConflictError:
            other += 1
    answers.put((taken, other))


def test_eight_processes_make_no_duplicate(tmp_path: Path) -> None:
    path = tmp_path / "g.grism"
    gr.open(path).execute(KEY)
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    processes = [context.Process(target=write, args=(str(path), number, answers)) for number in range(8)]
    for process in processes:
        process.start()
    found = [answers.get() for _ in processes]
    for process in processes:
        process.join(20)
        assert process.exitcode == 0
    graph = gr.open(path)
    assert ids(graph) == list(range(10))
    assert sum(taken for taken, _ in found) > 0
    assert graph.check()["problems"] == []


def test_two_handles_see_the_keys_of_each_other(tmp_path: Path) -> None:
    first = gr.open(tmp_path / "g.grism")
    first.execute(KEY)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    second = gr.open(link / "g.grism")
    for number in range(0, 12, 2):
        first.execute("CREATE (:Person {id: $id})", {"id": number})
        with pytest.raises(gr.InvalidDataError, match=TAKEN):
            second.execute("CREATE (:Person {id: $id})", {"id": number})
        second.execute("CREATE (:Person {id: $id})", {"id": number + 1})
        first.execute("MATCH (p:Person {id: $id}) SET p.id = p.id + 100", {"id": number})
        with pytest.raises(gr.InvalidDataError, match=TAKEN):
            second.execute("MATCH (p:Person {id: $id}) SET p.id = $to", {"id": number + 1, "to": number + 100})
    assert ids(second) == sorted([*range(1, 12, 2), *range(100, 112, 2)])


@pytest.mark.parametrize("seed", range(2))
def test_random_writes_agree_with_a_dictionary(graph: gr.Graph, seed: int) -> None:
    chosen = random.Random(seed)
    graph.execute("MATCH (n) DELETE n")
    known: dict[int, tuple[Any, bool]] = {}
    values = [0, 1, 2, 3, 4, 1.0, 2.5, "1", "a", None]
    for step in range(120):
        value = chosen.choice(values)
        victims = chosen.sample(sorted(known), min(len(known), chosen.choice([1, 1, 2])))
        after = dict(known)
        parameters = {"n": step, "value": value, "victims": victims}
        match chosen.randrange(6):
            case 0 | 1:
                text = "CREATE (:Person {n: $n, id: $value})"
                after[step] = (value, True)
            case 2:
                text = "CREATE (:Other {n: $n, id: $value})"
                after[step] = (value, False)
            case 3:
                text = "MATCH (n) WHERE n.n IN $victims SET n.id = $value"
                after |= {victim: (value, known[victim][1]) for victim in victims}
            case 4:
                kind = chosen.choice(["SET", "REMOVE"])
                text = f"MATCH (n) WHERE n.n IN $victims {kind} n:Person"
                after |= {victim: (known[victim][0], kind == "SET") for victim in victims}
            case _:
                text = "MATCH (n) WHERE n.n IN $victims DELETE n"
                for victim in victims:
                    del after[victim]
        keys = [key for key, is_person in after.values() if is_person]
        if None in keys or len(set(keys)) < len(keys):
            with pytest.raises(gr.InvalidDataError):
                graph.execute(text, parameters)
        else:
            graph.execute(text, parameters)
            known = after
    assert len(rows(graph, "MATCH (n:Person) RETURN n")) == sum(is_person for _, is_person in known.values())
    assert graph.check()["problems"] == []
