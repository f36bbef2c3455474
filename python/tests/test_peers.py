"""The benchmark beside other systems: its questions mean one thing to all, and its verdicts are right."""

from __future__ import annotations

import collections
import random
import shutil
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from peers import answers, floors, memory, summary, table, threads
from peers.data import GRAPHS
from peers.data.files import write_pairs
from peers.data.graph import Scale, parameters
from peers.prepare import prepare
from peers.publish import marks, publish
from peers.runner import Cell, Column, Limits, Run, Runner, Wording
from peers.sessions import Session
from peers.systems import open_system
from peers.systems.system import Settings, System
from peers.verdicts import verdict
from peers.workloads import WORKLOADS, Workload

if TYPE_CHECKING:
    from pathlib import Path


TINY = Scale(0.001, 11)
COMPARED = ("power", "study", "teams", "big-teams", "flights")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("peers")
    assert len(prepare([GRAPHS[name] for name in COMPARED], directory, TINY)) == len(COMPARED)
    return directory


def asked(system: System, text: str, workload: Workload, given: dict[str, Any]) -> answers.Answer:
    calls = [{"key": key} for key in given[workload.each][:20]] if workload.each else [given]
    return answers.plain(row for call in calls for row in system.run(text, call))


@pytest.mark.parametrize("graph", COMPARED)
def test_texts_of_a_question_have_one_answer(graph: str, data: Path, tmp_path: Path) -> None:
    systems = {
        name: open_system(name, GRAPHS[graph], tmp_path / name, Settings(2, 512 << 20))
        for name in ("duckdb", "grism memory")
    }
    for system in systems.values():
        system.open()
        system.load(data / graph)
    given = parameters(data / graph)
    asked_of_both = 0
    for workload in (workload for workload in WORKLOADS if workload.graph == graph):
        texts = {name: workload.text(name, "sql" if name == "duckdb" else "cypher") for name in systems}
        found = [asked(systems[name], text, workload, given) for name, text in texts.items() if text]
        if by_hand := workload.by_hand.get("duckdb"):
            found.append(asked(systems["duckdb"], by_hand, workload, given))
        assert all(answers.same(found[0], other) for other in found), (workload.name, found)
        asked_of_both += len(found) > 1
    assert asked_of_both >= 3


def test_names_of_questions_and_their_parameters_are_known(data: Path) -> None:
    assert len({workload.name for workload in WORKLOADS}) == len(WORKLOADS)
    assert {workload.graph for workload in WORKLOADS} == set(GRAPHS)
    for workload in WORKLOADS:
        if workload.each:
            assert workload.each in parameters(data / workload.graph)


@pytest.mark.skipif(shutil.which("cc") is None or shutil.which("c++") is None, reason="no compiler")
def test_floors_count_what_loops_count(tmp_path: Path) -> None:
    programs = floors.build(tmp_path)
    assert {workload.floor[0] for workload in WORKLOADS if workload.floor} == programs
    choose = random.Random(5)
    links = sorted({tuple(choose.sample(range(20), 2)) for _ in range(120)})
    out: dict[int, list[int]] = collections.defaultdict(list)
    for source, target in links:
        out[source].append(target)
    (tmp_path / "power").mkdir()
    sources, targets = np.array(links).T
    write_pairs(tmp_path / "power" / "links.bin", sources, targets, bounds=(23, 23))
    trails = [(a, b, c, d) for a in list(out) for b in out[a] for c in out[b] for d in out[c] if (a, b) != (c, d)]
    expected = {
        "walks-2": sum(len(out[b]) for a in list(out) for b in out[a]),
        "trails-3": len(trails),
        "trails-4": sum((d, e) not in {(a, b), (b, c)} for a, b, c, d in trails for e in out[d]),
        "triangles": sum(c in out[a] for a in list(out) for b in out[a] for c in out[b]),
        "cycles-3": sum(d == a for a, _, _, d in trails),
        "squares": sum(a in out[d] and a != c and b != d for a, b, c, d in trails),
    }
    measured = {
        workload.name: floors.measure(tmp_path, tmp_path, workload, 1, 60).answer
        for workload in WORKLOADS
        if workload.name in expected
    }
    assert measured == {name: [[count]] for name, count in expected.items()}


def cell(column: str, milliseconds: float, answer: int | None, wording: Wording = "plain") -> Cell:
    return Cell("w", column, wording, [milliseconds], answer=None if answer is None else [[answer]])


def test_a_wrong_answer_is_no_best_time_and_is_named() -> None:
    cells = [cell("kuzu", 1.0, 8), cell("duckdb", 4.0, 7), cell("neug", 5.0, 7), cell("grism memory 2", 2.0, 7)]
    found = verdict(cells, None, floors.COLUMN)
    assert (found.best, found.ratio, found.checked, found.behind) == (("duckdb", 4.0), 0.5, True, False)
    assert list(found.differing) == ["kuzu"]


def test_an_answer_of_grism_that_differs_has_no_time() -> None:
    cells = [cell("duckdb", 4.0, 7), cell("duckdb", 1.0, 7, "by hand"), cell("grism memory 2", 2.0, 8)]
    found = verdict(cells, 7, floors.COLUMN)
    assert (found.ratio, found.behind, list(found.differing)) == (None, True, ["grism memory 2"])
    assert found.witnesses == ("duckdb", "duckdb by hand", "published")
    shown = table.render(Run({}, cells), [Workload("w", "what", "g", {}, known=7)], {"g": "graph"})
    assert "| w: what | 4.00 (1.00) | 2.00\\* | **–** | **differs** |" in shown
    assert "- w: grism memory 2: [[8]]; duckdb, duckdb by hand, published: [[7]]" in shown


def test_a_run_reads_back_as_it_was_written(tmp_path: Path) -> None:
    run = Run({"seed": "7"}, [cell("duckdb", 4.0, 7), Cell("w", "kuzu", error="> 30 s")])
    run.write(tmp_path / "result.json")
    assert Run.read(tmp_path / "result.json") == run


def test_floats_of_another_order_of_sums_are_the_same() -> None:
    one, other = answers.plain([("a", 0.1 + 0.2), ("b", 1)]), answers.plain([("b", 1.0), ("a", 0.3)])
    assert answers.same(one, other)
    assert not answers.same(one, answers.plain([("a", 0.3), ("b", 2)]))
    assert not answers.same(one, one[:1])


ECHO = """
import json, sys, time
for line in sys.stdin:
    request = json.loads(line)
    time.sleep(request.get("sleep", 0))
    filled = b"x" * request.get("bytes", 0)
    if "exit" in request: sys.exit(request["exit"])
    time.sleep(1 if filled else 0)
    print(json.dumps(request), flush=True)
"""


def test_a_system_that_does_not_answer_is_ended_and_started_again(tmp_path: Path) -> None:
    session = Session([sys.executable, "-c", ECHO], {}, memory=300, log=tmp_path / "log")
    try:
        assert session.ask({"n": 1}, 20) == {"n": 1}
        assert session.ask({"sleep": 60}, 0.3) == {"error": "> 0 s"}
        assert session.ask({"exit": 3}, 20) == {"error": "died: exit code 3"}
        assert session.ask({"bytes": 500 << 20}, 20) == {"error": "> 0 GiB"}
        assert session.ask({"n": 2}, 20) == {"n": 2}
    finally:
        session.end()


def runner(data: Path, work: Path, seconds: float) -> Runner:
    limits = Limits(runs=1, query=seconds, load=60, memory=8192)
    return Runner(data, work, limits, sys.executable)


@pytest.mark.parametrize("system", ["duckdb", "grism memory", "grism disk"])
def test_a_system_answers_in_a_process_and_leaves_nothing(system: str, data: Path, tmp_path: Path) -> None:
    asked_for = [workload for workload in WORKLOADS if workload.graph == "teams"]
    cells = list(runner(data, tmp_path, 60).cells(Column(system, 1), GRAPHS["teams"], asked_for))
    assert [cell.workload for cell in cells] == ["load-teams", *(workload.name for workload in asked_for)]
    assert all(cell.median for cell in cells)
    assert all(cell.answer for cell in cells[1:])
    assert [path.name for path in tmp_path.iterdir()] == ["workers.log"]


def test_a_system_that_is_not_installed_has_no_cells(data: Path, tmp_path: Path) -> None:
    assert list(runner(data, tmp_path, 60).cells(Column("absent", 1), GRAPHS["teams"], WORKLOADS)) == []


def test_tables_are_published_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (begin, end), (other, last) = marks("tables"), marks("scaling")
    page.write_text(f"before\n{begin}\nold\n{end}\nbetween\n{other}\nold\n{last}\nafter\n")
    publish("new", page, "scaling")
    assert page.read_text() == f"before\n{begin}\nold\n{end}\nbetween\n{other}\n\nnew\n{last}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="lacks the lines"):
        publish("new", page)


def test_a_run_says_where_grism_is_behind() -> None:
    cells = [cell("duckdb", 4.0, 7), cell(floors.COLUMN, 0.5, 7), cell("grism memory 2", 80.0, 7)]
    said = summary.lines(cells, {"w": verdict(cells, None, floors.COLUMN)})
    assert said[:2] == [
        "Grism is first or even on 0 of 1 workloads that others answer.",
        "- w: 20.0 times the time of duckdb",
    ]
    assert "Times over those of the floors: w 160.0." in said
    assert "All answers agree." in said


def test_threads_that_help_little_are_marked_where_one_takes_long() -> None:
    slow, fast = Workload("slow", "", "g", {}), Workload("fast", "", "g", {})
    times = {"grism memory 1": 90.0, "grism memory 2": 50.0, "grism disk 1": 100.0, "grism disk 2": 60.0}
    cells = [cell(column, time, 7) for column, time in times.items()]
    short = [cell("grism memory 1", 40.0, 7), cell("grism memory 2", 40.0, 7)]
    said = threads.lines({"slow": cells, "fast": short}, [slow, fast])
    assert said[4:6] == [
        "| slow on grism memory | 2 | 90.0 | 50.0 | 1.80 |",
        "| slow on grism disk | 2 | 100 | 60.0 | **1.67** |",
    ]
    assert said[-1].endswith("1 of 2 are.")
    assert threads.lines({"fast": short}, [fast]) == []


def test_memory_of_more_than_twice_kuzus_is_marked() -> None:
    peaks = {"kuzu": 100.0, "grism memory 2": 200.0, "grism disk 2": 230.0}
    cells = [Cell("w", column, milliseconds=[1.0], peak=peak) for column, peak in peaks.items()]
    alone = [Cell("alone", "grism disk 2", milliseconds=[1.0], peak=999.0)]
    workloads = [Workload("w", "", "g", {}), Workload("alone", "", "g", {})]
    said = memory.lines({"w": cells, "alone": alone}, workloads, list(peaks))
    assert said[4:6] == ["| w | 100 | 200 | **230** |", "| alone | – | – | 999 |"]
    assert said[-1].endswith("on 0 of 1 workloads; more: w on grism disk 2 2.3 times.")
