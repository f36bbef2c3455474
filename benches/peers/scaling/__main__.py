"""Runs Grism over the generated graphs at several sizes, and prints how its times grow with edges and output.

make bench-scaling
PYTHONPATH=benches .venv/bin/python -m peers.scaling --sizes 1,4 --only power
"""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from peers import floors, machine
from peers.data import GRAPHS
from peers.data.graph import Scale
from peers.markdown import milliseconds
from peers.options import PAGE, chosen, shared
from peers.prepare import place, prepare
from peers.publish import publish
from peers.runner import Cell, Column, Limits, Runner
from peers.scaling import table
from peers.scaling.bounds import BOUNDS, MEASURED
from peers.scaling.growth import Measured, Point, Run, edges, growths, point

if TYPE_CHECKING:
    from collections.abc import Sequence

    from peers.workloads import Workload

RESULT = "scaling.json"
MARKS = "scaling"


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m peers.scaling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared()],
    )
    parser.add_argument("--sizes", default="1,4,16", type=sizes, help="factors of the full size; 1,4,16 by default")
    parser.add_argument("--threads", type=int, default=2, help="of a query")
    parser.add_argument("--runs", type=int, default=3, help="warm runs of a query at most, of which the fastest counts")
    parser.add_argument("--limit", type=float, default=120, help="seconds for a query with its runs")
    parser.add_argument("--memory", type=float, default=16, help="GiB that the process may take")
    parser.add_argument("--again", type=Path, metavar="FILE", help="run nothing: the tables of a scaling.json")
    parser.add_argument("--list", action="store_true", help="print the names of workloads and their bounds, and end")
    return parser.parse_args(arguments)


def sizes(text: str) -> list[float]:
    """Different positive factors, the smallest first."""
    found = sorted({float(factor) for factor in text.split(",")})
    if not all(0 < factor < math.inf for factor in found):
        message = f"sizes are positive numbers, as 1,4,16, and not {text}"
        raise argparse.ArgumentTypeError(message)
    return found


def say(line: str) -> None:
    """Shows how far the run is, in a terminal only."""
    if sys.stderr.isatty():
        print(line, file=sys.stderr, flush=True)


def run(options: argparse.Namespace, workloads: Sequence[Workload]) -> Run:
    """Every graph at every size, written after each; a question without an answer is not asked at greater sizes."""
    work = options.directory / "work"
    work.mkdir(parents=True, exist_ok=True)
    memory_limit = options.memory_limit and options.memory_limit << 20
    limits = Limits(options.runs, options.limit, options.load_limit, options.memory * 1024, memory_limit)
    described, before = machine.described(), machine.load()
    done = Run({}, [])
    with contextlib.redirect_stdout(sys.stderr):
        built = floors.build(work)
    for graph in (graph for graph in GRAPHS.values() if any(w.graph == graph.name for w in workloads)):
        asked = [workload for workload in workloads if workload.graph == graph.name]
        for factor in options.sizes:
            scale = Scale(factor, options.seed)
            data = place(options.directory, scale)
            prepare([graph], data, scale, say)
            runner = Runner(data, work, limits, sys.executable)
            column = Column("grism memory", options.threads)
            count = edges(graph, data / graph.name)
            cells = runner.cells(column, graph, asked)
            points = {cell.workload: shown(cell, point(cell, factor, count)) for cell in cells}
            beside = {
                workload.name: point(floors.measure(work, data, workload, options.runs, options.limit), factor, count)
                for workload in asked
                if workload.floor and workload.floor[0] in built
            }
            done.measured.append(Measured(graph.name, factor, count, points, beside))
            done.facts.update(
                {
                    **described,
                    "load average": f"{before} before, {machine.load()} after",
                    "threads": f"{options.threads}",
                    "limits": f"{options.runs} runs, {options.limit:g} s a query, {options.memory:g} GiB a process"
                    + (f", {options.memory_limit} MiB a query" if options.memory_limit else ""),
                }
            )
            done.write(options.directory / RESULT)
            asked = [w for w in asked if w.name in points and points[w.name].milliseconds is not None]
            if not asked:
                break
    return done


def shown(cell: Cell, found: Point) -> Point:
    """Says what came of a question."""
    time = found.error if found.milliseconds is None else f"{milliseconds(found.milliseconds)} ms"
    say(f"{found.factor:g}x {cell.workload:22} {time}")
    return found


def main() -> int:
    """Runs everything; 1 where a time grows faster than allowed, or is not there."""
    options = parsed(sys.argv[1:])
    workloads = [workload for workload in MEASURED if chosen(options.only, workload.name, workload.graph)]
    if not workloads:
        print("no workload has such a name: --list prints those that there are", file=sys.stderr)
        return 2
    if options.list:
        for workload in workloads:
            bound = BOUNDS[workload.name]
            print(f"{workload.name:22} {workload.graph:10} {bound.measure} to the power of {bound.exponent}")
        return 0
    done = Run.read(options.again) if options.again else run(options, workloads)
    text = table.render(done, workloads, {graph.name: graph.title for graph in GRAPHS.values()})
    print(text)
    if not options.again:
        (options.directory / RESULT).with_suffix(".md").write_text(text)
        print(f"written to {options.directory / RESULT}, and as this text beside it")
    if options.publish:
        publish(text, PAGE, MARKS)
    return 1 if any(growth.exceeds or growth.unanswered for growth in growths(done.measured, workloads)) else 0


if __name__ == "__main__":
    sys.exit(main())
