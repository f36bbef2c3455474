"""The parts of tables in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def head(names: Sequence[str]) -> list[str]:
    """The first two lines of a table, whose columns but the first one hold numbers."""
    return [f"| {' | '.join(names)} |", "|---|" + "---:|" * (len(names) - 1)]


def row(cells: Sequence[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


def milliseconds(value: float) -> str:
    """A time with three digits or all before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def mebibytes(value: float | None) -> str:
    """A peak of memory, where it is known."""
    return "–" if value is None else f"{value:,.0f}"


def bold(text: str) -> str:
    """What is not as it is to be."""
    return f"**{text}**"


def short(error: str) -> str:
    """A limit or an end as it is, any other error as a word."""
    return error if error.startswith((">", "died")) else "error"
