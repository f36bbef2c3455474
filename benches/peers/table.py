"""The tables of a run, in Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from peers.floors import COLUMN as FLOOR
from peers.runner import LOAD, Cell
from peers.verdicts import Verdict, name, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from peers.workloads import Workload

LONGEST = 160
"""Characters of an answer or an error."""


def render(
    cells: Sequence[Cell],
    workloads: Sequence[Workload],
    columns: Sequence[str],
    facts: Mapping[str, str],
    titles: Mapping[str, str],
) -> str:
    """Everything that a run says: where it ran, times, loads, memory, and what went wrong."""
    by_workload: dict[str, list[Cell]] = {}
    for cell in cells:
        by_workload.setdefault(cell.workload, []).append(cell)
    shown = [workload for workload in workloads if workload.name in by_workload]
    verdicts = {workload.name: verdict(by_workload[workload.name], workload.known, FLOOR) for workload in shown}
    lines = [f"- {fact}: {value}" for fact, value in facts.items()]
    for graph, title in titles.items():
        own = [workload for workload in shown if workload.graph == graph]
        if own:
            lines += [
                "",
                f"**{title[:1].upper()}{title[1:]}**",
                "",
                *_head(["workload", *columns, "Grism / best peer", "answer"]),
            ]
            lines += [_row(workload, by_workload[workload.name], columns, verdicts[workload.name]) for workload in own]
    lines += ["", *_loads(by_workload, columns, titles), "", *_memory(by_workload, shown, columns)]
    lines += ["", *_first(verdicts), "", *_differences(verdicts), "", *_failures(cells)]
    return "\n".join(lines).rstrip() + "\n"


def _head(names: Sequence[str]) -> list[str]:
    return [f"| {' | '.join(names)} |", "|---|" + "---:|" * (len(names) - 1)]


def _row(workload: Workload, cells: Sequence[Cell], columns: Sequence[str], found: Verdict) -> str:
    times = [_times(cells, column, found) for column in columns]
    ratio = "" if found.ratio is None else f"{found.ratio:.2f}"
    differing = [who for who in found.differing if who.startswith("grism")]
    if differing:
        answer = "**differs**"
    elif found.answer is None:
        answer = "not checked"
    else:
        answer = f"as {len(found.witnesses)} others" if found.checked else f"as {found.witnesses[0]}"
    ratio = f"**{ratio or '–'}**" if found.behind else ratio
    return f"| {workload.name}: {workload.title} | {' | '.join(times)} | {ratio} | {answer} |"


def _times(cells: Sequence[Cell], column: str, found: Verdict | None = None) -> str:
    """The median, in brackets that of the text by hand; a star where the answer is another one."""
    parts = []
    for cell in cells:
        if cell.column == column:
            text = _milliseconds(cell.median) if cell.median is not None else _short(cell.error)
            text += "\\*" if found is not None and name(cell) in found.differing else ""
            parts.append(f"({text})" if cell.by_hand else text)
    return " ".join(parts) or "–"


def _milliseconds(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def _short(error: str) -> str:
    """A limit or an end as it is, any other error as a word."""
    return error if error.startswith((">", "died")) else "error"


def _loads(cells: Mapping[str, Sequence[Cell]], columns: Sequence[str], titles: Mapping[str, str]) -> list[str]:
    rows = [
        f"| {graph} | {' | '.join(_times(cells[f'{LOAD}-{graph}'], column) for column in columns)} |"
        for graph in titles
        if f"{LOAD}-{graph}" in cells
    ]
    return ["**Loads from CSV, milliseconds**", "", *_head(["graph", *columns]), *rows] if rows else []


def _memory(cells: Mapping[str, Sequence[Cell]], workloads: Sequence[Workload], columns: Sequence[str]) -> list[str]:
    """The peaks of processes while they answered: they hold the graph too."""
    rows = []
    for workload in workloads:
        peaks = {cell.column: cell.peak for cell in cells[workload.name] if cell.peak is not None and not cell.by_hand}
        values = [f"{peaks[column]:,.0f}" if column in peaks else "–" for column in columns if column != FLOOR]
        rows.append(f"| {workload.name} | {' | '.join(values)} |")
    names = [column for column in columns if column != FLOOR]
    return (
        ["**Most memory of the process while it answered, MiB**", "", *_head(["workload", *names]), *rows]
        if rows
        else []
    )


def _first(verdicts: Mapping[str, Verdict]) -> list[str]:
    """On how many workloads Grism is first, and by how much it is behind on the others, the worst first."""
    compared = {workload: found for workload, found in verdicts.items() if found.best is not None}
    behind = [(found.ratio or math.inf, workload, found.best) for workload, found in compared.items() if found.behind]
    lines = [
        f"Grism is first or even on {len(compared) - len(behind)} of {len(compared)} workloads that others answer."
    ]
    for ratio, workload, best in sorted(behind, key=lambda place: -place[0]):
        peer, milliseconds = best or ("", 0.0)
        said = f"no answer, {peer} needs {_milliseconds(milliseconds)} ms"
        lines.append(f"- {workload}: {said if ratio == math.inf else f'{ratio:.1f} times the time of {peer}'}")
    return lines


def _differences(verdicts: Mapping[str, Verdict]) -> list[str]:
    lines = []
    for workload, found in verdicts.items():
        for who, own in found.differing.items():
            answers = f"{str(own)[:LONGEST]}; {', '.join(found.witnesses)}: {str(found.answer)[:LONGEST]}"
            lines.append(f"- {workload}: {who}: {answers}")
    return ["**Other answers**", "", *lines] if lines else ["All answers agree."]


def _failures(cells: Sequence[Cell]) -> list[str]:
    lines = []
    for cell in cells:
        if cell.error:
            error = " ".join(cell.error.split())
            lines.append(f"- {cell.workload}, {name(cell)}: {error[:LONGEST]}")
    return ["**Without an answer**", "", *lines] if lines else []
