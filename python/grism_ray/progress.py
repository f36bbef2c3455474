"""How far a load is, on a terminal."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from grism_ray import _native

if TYPE_CHECKING:
    from collections.abc import Iterator

INTERVAL = 0.1
"""Seconds between two looks."""


@contextmanager
def shown(name: str, wanted: bool | None) -> Iterator[_native.Progress]:
    """Shows the rows of a load and their rate on standard error while it goes on; by default in a terminal only."""
    progress = _native.Progress()
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield progress
        return
    done = threading.Event()
    thread = threading.Thread(target=_show, args=(name, progress, done), daemon=True)
    thread.start()
    try:
        yield progress
    finally:
        done.set()
        thread.join()


def _show(name: str, progress: _native.Progress, done: threading.Event) -> None:
    begun = time.monotonic()
    width = 0
    while not done.wait(INTERVAL):
        rows, read, total = progress.state()
        seconds = time.monotonic() - begun
        share = f", {100 * min(read, total) // total} % of the files" if total else ""
        line = f"{name}: {rows:,} rows, {rows / seconds:,.0f}/s{share}, {seconds:.0f} s"
        sys.stderr.write("\r" + line.ljust(width))
        sys.stderr.flush()
        width = len(line)
    sys.stderr.write("\r" + " " * width + "\r")
    sys.stderr.flush()
