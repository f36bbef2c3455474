"""Answers of different systems in one form, and whether they agree."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TOLERANCE = 1e-9
"""Relative difference of floats: sums may differ in order."""

Answer = list[list[Any]]


def plain(rows: Iterable[Sequence[Any]]) -> Answer:
    """Rows in an order of their own, of values that JSON has."""
    return sorted(([_plain_value(value) for value in row] for row in rows), key=_order)


def same(one: Answer, other: Answer) -> bool:
    """Whether two answers are equal as bags."""
    return len(one) == len(other) and all(
        len(a) == len(b) and all(map(_same_value, a, b)) for a, b in zip(one, other, strict=True)
    )


def agreed(answers: Mapping[str, Answer]) -> tuple[Answer | None, list[str]]:
    """The answer that most systems give, and who gives it."""
    camps: list[tuple[Answer, list[str]]] = []
    for system, answer in answers.items():
        camp = next((camp for camp in camps if same(camp[0], answer)), None)
        if camp is None:
            camps.append((answer, [system]))
        else:
            camp[1].append(system)
    if not camps:
        return None, []
    return max(camps, key=lambda camp: len(camp[1]))


def _plain_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _order(row: list[Any]) -> list[tuple[str, Any]]:
    """A key by which rows of mixed values have an order; floats are rounded, so that close ones stay neighbours."""
    return [
        ("number", float(f"{value:.6g}")) if isinstance(value, (int, float)) else (str(type(value)), str(value))
        for value in row
    ]


def _same_value(one: Any, other: Any) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other or math.isclose(one, other, rel_tol=TOLERANCE)
    return bool(one == other)
