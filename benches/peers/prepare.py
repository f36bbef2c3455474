"""Makes the files of graphs where they are not there yet."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING

from peers.data.graph import PARAMETERS, Graph, MissingDataError, Scale

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def prepare(graphs: Iterable[Graph], directory: Path, scale: Scale) -> list[Graph]:
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
                print(f"{graph.name} is left out: {error} does not exist")
                continue
            # Written last: it says that the other files are whole.
            (own / PARAMETERS).write_text(json.dumps(dict(parameters)))
            print(f"{graph.name}: files made in {time.monotonic() - begun:.1f} s", flush=True)
        made.append(graph)
    return made
