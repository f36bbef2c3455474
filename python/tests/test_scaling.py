"""The benchmark of growth: it takes times of several sizes, and says where they grow faster than allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peers.data import GRAPHS
from peers.data.graph import Scale
from peers.prepare import place, prepare
from peers.runner import Cell
from peers.scaling import __main__ as scaling
from peers.scaling import table
from peers.scaling.bounds import BOUNDS, MEASURED, ROWS
from peers.scaling.growth import Measured, Point, Run, growths, point
from peers.systems import open_system
from peers.systems.system import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from peers import answers

TITLES = {name: graph.title for name, graph in GRAPHS.items()}


def cell(workload: str, milliseconds: float, answer: answers.Answer | None = None) -> Cell:
    return Cell(workload, "grism memory 2", milliseconds=[milliseconds * 3, milliseconds], peak=100.0, answer=answer)


def size(factor: float, *cells: Cell, graph: str = "power") -> Measured:
    edges = round(1000 * factor)
    return Measured(graph, factor, edges, {cell.workload: point(cell, factor, edges) for cell in cells})


def test_bounds_are_of_questions_that_exist_over_graphs_that_are_generated() -> None:
    assert {workload.name for workload in MEASURED} == set(BOUNDS)
    assert {workload.graph for workload in MEASURED} == {"power", "study", "teams", "big-teams"}


def test_the_exponent_is_that_of_the_least_times_from_size_to_size() -> None:
    [growth] = growths(
        [size(4, cell("walks-2", 8.0)), size(1, cell("walks-2", 2.0)), size(16, cell("walks-2", 64.0))], MEASURED
    )
    assert growth.exponents == [pytest.approx(1.0), pytest.approx(1.5)]
    assert growth.exceeds


@pytest.mark.parametrize(("workload", "milliseconds", "exceeds"), [("triangles", 8.0, False), ("levels", 8.0, True)])
def test_cycles_may_grow_faster_than_what_passes_over_the_edges(
    workload: str, milliseconds: float, exceeds: bool
) -> None:
    [growth] = growths([size(1, cell(workload, 1.0)), size(4, cell(workload, milliseconds))], MEASURED)
    assert growth.exceeds == exceeds


def test_an_enumeration_is_compared_with_its_output() -> None:
    sizes = [
        size(1, cell("share-1", 1.0, [[100]]), graph="teams"),
        size(4, cell("share-1", 9.0, [[900]]), graph="teams"),
    ]
    rows = [
        size(1, cell("rows-paths", 1.0, [[7, 7, 7]] * 2)),
        size(4, cell("rows-paths", 9.0, [[7, 7, 7]] * 18)),
    ]
    for growth in growths([*sizes, *rows], MEASURED):
        assert growth.exponents == [pytest.approx(1.0)], growth.workload


def test_between_outputs_of_about_the_same_number_an_exponent_says_nothing() -> None:
    [growth] = growths(
        [size(1, cell("rows-paths", 1.0, [[1]] * 10)), size(4, cell("rows-paths", 9.0, [[1]] * 11))], MEASURED
    )
    assert growth.exponents == [None]
    assert not growth.exceeds


def test_a_table_marks_what_grows_too_fast_and_names_what_has_no_time() -> None:
    failed = Cell("squares", "grism memory 2", error="> 120 s")
    run = Run(
        {"threads": "2"},
        [size(1, cell("walks-2", 1.0), failed, cell("load-power", 5.0)), size(4, cell("walks-2", 8.0))],
    )
    for measured in run.measured:
        measured.floors["walks-2"] = Point(measured.factor, measured.edges, measured.factor)
    shown = table.render(run, MEASURED, TITLES)
    assert "edges: 1,000, 4,000**" in shown
    assert "| walks-2: paths of 2 hops, count | edges | 1.00 | 8.00 | **1.50** | 1.15 | 1.00 | 100 | 100 |" in shown
    assert "| squares: cycles of 4 edges through 4 pages | edges | > 120 s | – | – | 1.6 | – | – | – |" in shown
    assert "Faster than allowed grow walks-2." in shown
    assert "- squares at 1x: > 120 s\n- squares at 4x: not asked" in shown


def test_a_run_takes_all_sizes_and_ends_well_where_times_grow_slowly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--sizes", "0.002,0.001", "--only", "co-members", "--runs", "1", "--directory", str(tmp_path)]
    monkeypatch.setattr("sys.argv", ["scaling", *options])
    code = scaling.main()
    printed, progress = capsys.readouterr()
    written = Run.read(tmp_path / scaling.RESULT)
    assert [found.factor for found in written.measured] == [0.001, 0.002]
    assert list(written.measured[0].points) == ["load-big-teams", "co-members"]
    # Times of a few edges are noise, so either code may come.
    assert code == int(any(growth.exceeds for growth in growths(written.measured, MEASURED)))
    assert (tmp_path / "scaling.md").read_text() in printed
    assert progress == ""


@pytest.mark.parametrize("sizes", ["", "0", "-1,4", "1,x", "nan", "inf"])
def test_sizes_that_are_no_sizes_are_refused(sizes: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        scaling.parsed(["--sizes", sizes])
    assert "--sizes" in capsys.readouterr().err


def test_questions_for_rows_have_many(tmp_path: Path) -> None:
    scale = Scale(0.01, 7)
    data = place(tmp_path, scale)
    prepare([GRAPHS[workload.graph] for workload in ROWS], data, scale)
    for workload in ROWS:
        system = open_system("grism memory", GRAPHS[workload.graph], tmp_path / "none", Settings(2))
        system.open()
        system.load(data / workload.graph)
        assert len(system.run(workload.texts["cypher"], {})) > 100
