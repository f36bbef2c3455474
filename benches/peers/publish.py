"""Puts the tables of a run into the page about performance, between their marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def marks(name: str) -> tuple[str, str]:
    """The lines between which the tables of a name stand."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def publish(text: str, page: Path, name: str = "tables") -> None:
    """Replaces what stands between the marks of a name.

    Raises ``ValueError`` where the page has no such marks.
    """
    first, last = marks(name)
    before, begin, rest = page.read_text().partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        message = f"{page} lacks the lines {first} and {last}, between which the tables stand"
        raise ValueError(message)
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}")
