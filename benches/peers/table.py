"""The tables of a run, in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peers import memory, summary, threads
from peers.floors import COLUMN as FLOOR
from peers.markdown import bold, head, milliseconds, row, short
from peers.runner import LOAD, Cell, Run
from peers.systems import PEERS, PLACES
from peers.verdicts import Verdict, name, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from peers.workloads import Workload


def render(run: Run, workloads: Sequence[Workload], titles: Mapping[str, str]) -> str:
    """Everything that a run says: where it ran, times, loads, memory, and what went wrong; ``titles`` are of graphs."""
    by_workload: dict[str, list[Cell]] = {}
    columns = sorted({cell.column for cell in run.cells}, key=_place)
    for cell in run.cells:
        by_workload.setdefault(cell.workload, []).append(cell)
    shown = [workload for workload in workloads if workload.name in by_workload]
    verdicts = {workload.name: verdict(by_workload[workload.name], workload.known, FLOOR) for workload in shown}
    lines = [f"- {fact}: {value}" for fact, value in run.facts.items()]
    for graph, title in titles.items():
        own = [workload for workload in shown if workload.graph == graph]
        if own:
            lines += [
                "",
                f"**{title[:1].upper()}{title[1:]}**",
                "",
                *head(["workload", *columns, "Grism / best peer", "answer"]),
            ]
            lines += [_row(workload, by_workload[workload.name], columns, verdicts[workload.name]) for workload in own]
    systems = [column for column in columns if column != FLOOR]
    parts = (
        _loads(by_workload, columns, titles),
        memory.lines(by_workload, shown, systems),
        threads.lines(by_workload, shown),
        summary.lines(run.cells, verdicts),
    )
    lines += [line for part in parts if part for line in ("", *part)]
    return "\n".join(lines).rstrip() + "\n"


def _place(column: str) -> tuple[bool, int, str]:
    """The other systems come first, then the floors, then Grism."""
    peers = [*PEERS, FLOOR]
    return column not in peers, peers.index(column) if column in peers else PLACES.index(column.split()[1]), column


def _row(workload: Workload, cells: Sequence[Cell], columns: Sequence[str], found: Verdict) -> str:
    times = [_times(cells, column, found) for column in columns]
    ratio = "" if found.ratio is None else f"{found.ratio:.2f}"
    differing = [who for who in found.differing if who.startswith("grism")]
    if differing:
        answer = "**differs**"
    elif found.answer is None:
        answer = "not checked"
    elif not found.answered:
        answer = "–"
    else:
        answer = f"as {len(found.witnesses)} others" if found.checked else f"as {found.witnesses[0]}"
    ratio = bold(ratio or "–") if found.behind else ratio
    return row([f"{workload.name}: {workload.title}", *times, ratio, answer])


def _times(cells: Sequence[Cell], column: str, found: Verdict | None = None) -> str:
    """The median, in brackets that of the text by hand; a star where the answer is another one."""
    parts = []
    for cell in cells:
        if cell.column == column:
            text = milliseconds(cell.median) if cell.median is not None else short(cell.error)
            text += "\\*" if found is not None and name(cell) in found.differing else ""
            parts.append(f"({text})" if cell.wording == "by hand" else text)
    return " ".join(parts) or "–"


def _loads(cells: Mapping[str, Sequence[Cell]], columns: Sequence[str], titles: Mapping[str, str]) -> list[str]:
    rows = [
        row([graph, *(_times(cells[f"{LOAD}-{graph}"], column) for column in columns)])
        for graph in titles
        if f"{LOAD}-{graph}" in cells
    ]
    return ["**Loads from CSV, milliseconds**", "", *head(["graph", *columns]), *rows] if rows else []
