"""Libraries whose queries are expressions of Python over a graph in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse

from peers.systems.system import Row, System

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Expressions(System):
    """A library; ``names`` are what expressions may name beside their parameters."""

    names: dict[str, Any]

    def open(self) -> None:
        """Nothing is there before a load."""

    def run(self, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Evaluates an expression: a number, or rows."""
        found = eval(text, {"np": np, "scipy": scipy, **self.names, **parameters})
        rows = [(found,)] if np.isscalar(found) else found
        return [tuple(value.item() if isinstance(value, np.generic) else value for value in row) for row in rows]


def read_pairs(file: Path) -> np.ndarray:
    """The first two columns of a file."""
    pairs: np.ndarray = pd.read_csv(file, usecols=[0, 1]).to_numpy()
    return pairs


def rows(file: Path) -> int:
    """The rows of a file, without its header."""
    with file.open() as lines:
        return sum(1 for _ in lines) - 1
