"""Puts the tables of a run into the page about performance, between its marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


def publish(text: str, page: Path) -> None:
    """Replaces what stands between the marks.

    Raises ``ValueError`` where the page has no marks.
    """
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"{page} lacks the lines {BEGIN} and {END}, between which the tables stand"
        raise ValueError(message)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")
