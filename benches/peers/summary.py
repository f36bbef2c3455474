"""What the tables of a run amount to: where Grism is behind, which answers differ, what has no answer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from peers.floors import COLUMN as FLOOR
from peers.markdown import milliseconds
from peers.verdicts import Verdict, name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from peers.runner import Cell

LONGEST = 160
"""Characters of an answer or an error."""


def lines(cells: Sequence[Cell], verdicts: Mapping[str, Verdict]) -> list[str]:
    """All of it, as paragraphs and lists."""
    parts = (_behind(verdicts), _beside_floors(cells, verdicts), _differing(verdicts), _failed(cells))
    return [line for part in parts if part for line in ("", *part)][1:]


def _behind(verdicts: Mapping[str, Verdict]) -> list[str]:
    """On how many workloads Grism is first, and by how much it is behind on the others, the worst first."""
    compared = {workload: found for workload, found in verdicts.items() if found.best is not None}
    behind = [(found.ratio or math.inf, workload, found.best) for workload, found in compared.items() if found.behind]
    said = [f"Grism is first or even on {len(compared) - len(behind)} of {len(compared)} workloads that others answer."]
    for ratio, workload, best in sorted(behind, key=lambda place: -place[0]):
        peer, time = best or ("", 0.0)
        beaten = f"no answer, {peer} needs {milliseconds(time)} ms"
        said.append(f"- {workload}: {beaten if ratio == math.inf else f'{ratio:.1f} times the time of {peer}'}")
    return said


def _beside_floors(cells: Sequence[Cell], verdicts: Mapping[str, Verdict]) -> list[str]:
    """Grism's time over that of the program in C."""
    floors = {cell.workload: cell.median for cell in cells if cell.column == FLOOR and cell.median}
    ratios = [
        f"{workload} {found.own / floor:,.1f}"
        for workload, found in verdicts.items()
        if found.own is not None and (floor := floors.get(workload))
    ]
    return [f"Times over those of the floors: {', '.join(ratios)}."] if ratios else []


def _differing(verdicts: Mapping[str, Verdict]) -> list[str]:
    said = []
    for workload, found in verdicts.items():
        for who, own in found.differing.items():
            answers = f"{str(own)[:LONGEST]}; {', '.join(found.witnesses)}: {str(found.answer)[:LONGEST]}"
            said.append(f"- {workload}: {who}: {answers}")
    return ["**Other answers**", "", *said] if said else ["All answers agree."]


def _failed(cells: Sequence[Cell]) -> list[str]:
    """What systems said that refused a question or ended; that limits were met stands in the tables."""
    said = []
    for cell in cells:
        error = " ".join(cell.error.split())
        if error and not error.startswith(">"):
            # Systems that repeat the query do so before they say what is wrong.
            end = error if len(error) <= LONGEST else f"… {error[-LONGEST:]}"
            said.append(f"- {cell.workload}, {name(cell)}: {end}")
    return ["**Errors**", "", *said] if said else []
