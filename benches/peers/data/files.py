"""Writing of tables as files: CSV for all systems, pairs of 32-bit numbers for the floors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np


def write_csv(file: Path, columns: Mapping[str, Any]) -> None:
    """Writes columns of equal length, without quotes; null is empty."""
    import pyarrow as pa
    import pyarrow.csv as pc

    table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
    pc.write_csv(table, file, pc.WriteOptions(quoting_style="none"))


def write_pairs(file: Path, first: np.ndarray, second: np.ndarray, *, bounds: tuple[int, int]) -> None:
    """Writes pairs of numbers as little-endian 32-bit integers, the first of each pair before the second.

    A pair with the bounds of both, which no number reaches, comes before all.
    """
    import numpy as np

    pairs = np.vstack([bounds, np.column_stack([first, second])])
    file.write_bytes(pairs.astype("<u4").tobytes())
