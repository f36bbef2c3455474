"""Runs the benchmark: makes the data, asks every system, checks the answers, prints the table and writes it to files.

make bench-peers
PYTHONPATH=benches .venv/bin/python -m peers --quick --only power --systems duckdb,grism
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from peers import floors, machine, publish, table
from peers.data import GRAPHS
from peers.data.graph import Scale
from peers.options import PAGE, chosen, shared
from peers.prepare import place, prepare
from peers.runner import Cell, Column, Limits, Run, Runner
from peers.systems import PEERS
from peers.verdicts import verdict
from peers.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from peers.data.graph import Graph
    from peers.workloads import Workload

QUICK = 0.1
RESULT = "result.json"


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared()],
    )
    parser.add_argument("--systems", default="*", help="systems by names or patterns, as `duckdb,grism memory`")
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes, 3 runs and a limit of 10 seconds")
    parser.add_argument("--scale", type=float, help="of generated graphs: 4 for four times the nodes and edges")
    parser.add_argument("--threads", default="1,2", help="of Grism; the other systems get the greatest of these")
    parser.add_argument("--ray", action="store_true", help="run Grism on Ray too, with a worker for each thread")
    parser.add_argument("--runs", type=int, help="warm runs of a query at most; 5 by default")
    parser.add_argument("--limit", type=float, help="seconds for a query with its runs; 30 by default")
    parser.add_argument("--memory", type=float, default=8, help="GiB that a process may take")
    parser.add_argument("--peer-python", default=sys.executable, help="the interpreter that has the other systems")
    parser.add_argument("--again", type=Path, metavar="FILE", help="run nothing: the tables of a result.json")
    parser.add_argument("--list", action="store_true", help="print the names of workloads, graphs and systems, and end")
    return parser.parse_args(arguments)


def columns_of(options: argparse.Namespace) -> list[Column]:
    """The systems to run."""
    threads = sorted(int(count) for count in options.threads.split(","))
    own = [Column(f"grism {place}", count) for place in ("memory", "disk") for count in threads]
    own += [Column("grism ray", threads[-1])] if options.ray else []
    return [
        column
        for column in (*(Column(peer, threads[-1]) for peer in PEERS), *own)
        if chosen(options.systems, column.system)
    ]


def run(
    options: argparse.Namespace, graphs: Sequence[Graph], workloads: Sequence[Workload], data: Path, scale: Scale
) -> Run:
    """Everything that was asked, each cell printed when it is there and written when its graph is done."""
    work = options.directory / "work"
    work.mkdir(parents=True, exist_ok=True)
    limits = Limits(
        runs=options.runs or (3 if options.quick else 5),
        query=options.limit or (10 if options.quick else 30),
        load=options.load_limit,
        memory=options.memory * 1024,
        grism_memory=options.memory_limit and options.memory_limit << 20,
    )
    runner = Runner(data, work, limits, options.peer_python)
    before, described = machine.load(), machine.described()
    cells: list[Cell] = []
    built = floors.build(work) if chosen(options.systems, floors.COLUMN) else set()
    for workload in workloads:
        if workload.floor and workload.floor[0] in built:
            cells.append(shown(floors.measure(work, data, workload, limits.runs, limits.query)))
    done = Run({}, cells)
    for graph in graphs:
        own = [workload for workload in workloads if workload.graph == graph.name]
        for column in columns_of(options):
            cells += [shown(cell) for cell in runner.cells(column, graph, own)]
        facts = {
            **described,
            "versions": ", ".join(f"{system} {version}" for system, version in runner.versions.items()),
            "load average": f"{before} before, {machine.load()} after",
            "generated graphs": f"{scale.factor:g} of the full size, seed {scale.seed}",
            "limits": f"{limits.runs} runs, {limits.query:.0f} s a query, {options.memory:.0f} GiB a process"
            + (f", {options.memory_limit} MiB a query of Grism" if options.memory_limit else ""),
        }
        done = Run(facts, cells)
        done.write(options.directory / RESULT)
    return done


def shown(cell: Cell) -> Cell:
    """Prints a cell in one line."""
    said = cell.error.splitlines()[0][:200] if cell.error else f"{cell.median:,.3f} ms"
    print(
        f"{cell.column:16} {cell.workload:22} {'' if cell.wording == 'plain' else f'{cell.wording} '}{said}", flush=True
    )
    return cell


def main() -> int:
    """Runs everything; 1 where an answer of Grism differs from the one that others agree on."""
    options = parsed(sys.argv[1:])
    workloads = [workload for workload in WORKLOADS if chosen(options.only, workload.name, workload.graph)]
    if not workloads or (not columns_of(options) and not chosen(options.systems, floors.COLUMN)):
        print("no workload, or no system, has such a name: --list prints those that there are", file=sys.stderr)
        return 2
    if options.list:
        for workload in workloads:
            print(f"{workload.name:22} {workload.graph:10} {workload.title}")
        print(f"systems: {', '.join(column.name for column in columns_of(options))}, {floors.COLUMN}")
        return 0
    if options.again:
        done = Run.read(options.again)
    else:
        scale = Scale(options.scale or (QUICK if options.quick else 1.0), options.seed)
        data = place(options.directory, scale)
        graphs = prepare([g for g in GRAPHS.values() if any(w.graph == g.name for w in workloads)], data, scale)
        names = {graph.name for graph in graphs}
        done = run(options, graphs, [workload for workload in workloads if workload.graph in names], data, scale)
    text = table.render(done, WORKLOADS, {graph.name: graph.title for graph in GRAPHS.values()})
    print(f"\n{text}")
    if not options.again:
        (options.directory / RESULT).with_suffix(".md").write_text(text)
        print(f"written to {options.directory / RESULT}, and as this text beside it")
    if options.publish:
        publish.publish(text, PAGE)
    return 1 if any(differs(done.cells, workload) for workload in workloads) else 0


def differs(cells: Sequence[Cell], workload: Workload) -> bool:
    """Whether an answer of Grism is another one than that of others."""
    found = verdict([cell for cell in cells if cell.workload == workload.name], workload.known, floors.COLUMN)
    return any(who.startswith("grism") for who in found.differing)


if __name__ == "__main__":
    sys.exit(main())
