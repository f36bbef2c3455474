"""What is said of a workload once all systems ran: whose answer counts, who differs, and how Grism's time compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from peers.answers import Answer, agreed, same

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from peers.runner import Cell

EVEN = 1.2
"""Times within that factor count as even."""
KNOWN = "published"
"""Who gives an answer that the description of published data has."""


@dataclass(frozen=True)
class Verdict:
    """One workload."""

    answer: Answer | None
    """What most others say."""
    witnesses: tuple[str, ...]
    """The others who say so."""
    differing: Mapping[str, Answer]
    """Everybody who says something else, Grism too."""
    best: tuple[str, float] | None
    """The fastest of the other systems with its plain text, and its milliseconds; only right answers count."""
    own: float | None
    """Grism's best time for the right answer: in memory, or on disk where it did not run in memory."""
    answered: bool
    """Whether Grism has an answer, right or wrong."""

    @property
    def ratio(self) -> float | None:
        """Grism's best time over that of the best."""
        return None if self.best is None or self.own is None else self.own / self.best[1]

    @property
    def checked(self) -> bool:
        """Whether two others agree."""
        return len(self.witnesses) >= 2

    @property
    def behind(self) -> bool:
        """Whether another system is faster, or has an answer alone."""
        return self.best is not None and (self.ratio is None or self.ratio > EVEN)


def verdict(cells: Sequence[Cell], known: int | None, floor: str) -> Verdict:
    """The verdict over all cells of a workload; loads have times only."""
    answers = {name(cell): cell.answer for cell in cells if cell.answer is not None}
    others = {who: answer for who, answer in answers.items() if not who.startswith("grism")}
    if known is not None:
        others[KNOWN] = [[known]]
    answer, witnesses = agreed(others)
    differing = (
        {} if answer is None else {who: own for who, own in {**answers, **others}.items() if not same(own, answer)}
    )
    right = [
        cell for cell in cells if cell.median is not None and name(cell) not in differing and cell.wording == "plain"
    ]
    peers = [
        (cell.column, cell.median) for cell in right if cell.column != floor and not cell.column.startswith("grism")
    ]
    own = [cell.median for cell in right if cell.column.startswith("grism memory")] or [
        cell.median for cell in right if cell.column.startswith("grism disk")
    ]
    best = min(((who, time) for who, time in peers if time is not None), key=lambda pair: pair[1], default=None)
    fastest = min((time for time in own if time is not None), default=None)
    answered = any(who.startswith("grism") for who in answers)
    return Verdict(answer, tuple(witnesses), differing, best, fastest, answered)


def name(cell: Cell) -> str:
    """Whose cell it is."""
    return cell.column if cell.wording == "plain" else f"{cell.column} {cell.wording}"
