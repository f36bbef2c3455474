"""The peaks of processes while they answered, which hold the graph too, and those of Grism beside Kuzu's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peers.markdown import bold, head, mebibytes, row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from peers.runner import Cell
    from peers.workloads import Workload

BESIDE, MOST = "kuzu", 2.0
"""Grism is to need at most so many times the memory of that system."""


def lines(cells: Mapping[str, Sequence[Cell]], workloads: Sequence[Workload], columns: Sequence[str]) -> list[str]:
    """The table of peaks, and where Grism's are too large."""
    peaks = {workload.name: _peaks(cells[workload.name]) for workload in workloads}
    if not peaks:
        return []
    said = ["**Most memory of the process while it answered, MiB**", "", *head(["workload", *columns])]
    for name, found in peaks.items():
        large = _too_large(found)
        shown = {column: mebibytes(found.get(column)) for column in columns}
        said.append(row([name, *(bold(text) if column in large else text for column, text in shown.items())]))
    return [*said, *_summary(peaks)]


def _peaks(cells: Sequence[Cell]) -> dict[str, float]:
    return {cell.column: cell.peak for cell in cells if cell.peak is not None and cell.wording == "plain"}


def _too_large(peaks: Mapping[str, float]) -> dict[str, float]:
    """How many times the memory of the other system Grism needs, where that is too much."""
    other = peaks.get(BESIDE)
    if not other:
        return {}
    ratios = {column: peak / other for column, peak in peaks.items() if column.startswith("grism")}
    return {column: ratio for column, ratio in ratios.items() if ratio > MOST}


def _summary(peaks: Mapping[str, Mapping[str, float]]) -> list[str]:
    compared = {
        workload: _too_large(found)
        for workload, found in peaks.items()
        if BESIDE in found and any(column.startswith("grism") for column in found)
    }
    if not compared:
        return []
    large = [
        f"{workload} on {column} {ratio:.1f} times"
        for workload, found in compared.items()
        for column, ratio in found.items()
    ]
    within = sum(not found for found in compared.values())
    said = f"Grism needs at most {MOST:g} times the memory of {BESIDE} on {within} of {len(compared)} workloads"
    return ["", f"{said}; more: {', '.join(large)}." if large else f"{said}."]
