"""Makes the files of graphs where they are not there yet."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING

from peers.data.graph import PARAMETERS, Graph, MissingDataError, Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


def place(directory: Path, scale: Scale) -> Path:
    """Where the files of graphs of a scale are, among what is made in a directory."""
    return directory / f"data-{scale.factor:g}-{scale.seed}"


def prepare(
    graphs: Iterable[Graph], directory: Path, scale: Scale, say: Callable[[str], object] = print
) -> list[Graph]:
    """Those of the graphs whose files are there, each in a directory of its name; says which are left out."""
    made = []
    for graph in graphs:
        own = directory / graph.name
        if not (own / PARAMETERS).exists():
            shutil.rmtree(own, ignore_errors=True)
            own.mkdir(parents=True)
            begun = time.monotonic()
            try:
                parameters = graph.prepare(own, scale)
            except MissingDataError as error:
                say(f"{graph.name} is left out: {error} does not exist")
                continue
            # Written last: it says that the other files are whole.
            (own / PARAMETERS).write_text(json.dumps(dict(parameters)))
            say(f"{graph.name}: files made in {time.monotonic() - begun:.1f} s")
        made.append(graph)
    return made
