"""How much faster Grism answers with several threads than with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peers.markdown import bold, head, milliseconds, row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from peers.runner import Cell
    from peers.workloads import Workload

LEAST = 0.85
"""The part of its threads that an answer is to use: two are to be 1.7 times as fast as one."""
FROM = 50.0
"""Where one thread needs fewer milliseconds, a ratio says little."""


def lines(cells: Mapping[str, Sequence[Cell]], workloads: Sequence[Workload]) -> list[str]:
    """A row for each question, place and number of threads, and on how many the threads are used well."""
    rows = []
    short = 0
    for workload in workloads:
        for place, threads, one, many in _pairs(cells[workload.name]):
            ratio = f"{one / many:.2f}"
            if one / many < LEAST * threads:
                short += 1
                ratio = bold(ratio)
            shown = (f"{workload.name} on {place}", str(threads), milliseconds(one), milliseconds(many), ratio)
            rows.append(row(shown))
    if not rows:
        return []
    title = f"**Several threads beside one, where one needs over {FROM:g} ms**"
    table = head(["workload", "threads", "with one, ms", "with these, ms", "times as fast"])
    said = f"Two threads are to be {2 * LEAST:g} times as fast as one, and more threads in proportion: "
    return [title, "", *table, *rows, "", f"{said}{len(rows) - short} of {len(rows)} are."]


def _pairs(cells: Sequence[Cell]) -> Iterator[tuple[str, int, float, float]]:
    """The place, the number of threads, the time with one thread and with these."""
    times = {
        cell.column: cell.median
        for cell in cells
        if cell.column.startswith("grism") and cell.wording == "plain" and cell.median is not None
    }
    for column, many in times.items():
        place, _, threads = column.rpartition(" ")
        one = times.get(f"{place} 1", 0.0)
        if int(threads) > 1 and one > FROM:
            yield place, int(threads), one, many
