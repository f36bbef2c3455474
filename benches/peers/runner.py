"""Runs systems one after the other, each in a process of its own, and collects a cell for each workload."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from peers.options import ROOT
from peers.sessions import Session
from peers.systems import GRAPHS as GRAPHS_OF
from peers.systems import IN_MEMORY, PEERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from peers.answers import Answer
    from peers.data.graph import Graph
    from peers.workloads import Workload

LOAD = "load"
WITNESS = 3
"""How many times longer a text by hand may take, since another answer is worth waiting for."""

SEARCH_PATH = os.pathsep.join(str(ROOT / name) for name in ("benches", "python"))
"""``PYTHONPATH`` of workers."""

Wording = Literal["plain", "by hand"]
"""Whether a text is what a user writes, or says how to compute the answer."""


@dataclass(frozen=True)
class Column:
    """A system with its number of threads."""

    system: str
    threads: int

    @property
    def name(self) -> str:
        """As the table shows it."""
        return f"{self.system} {self.threads}" if self.system.startswith("grism") else self.system

    @property
    def language(self) -> str:
        """The language of its queries."""
        return PEERS.get(self.system, "cypher")


@dataclass(frozen=True)
class Cell:
    """What came of one workload on one system."""

    workload: str
    column: str
    wording: Wording = "plain"
    milliseconds: list[float] = field(default_factory=list)
    """Of warm runs; of the first, where there was no other."""
    first: float | None = None
    peak: float | None = None
    """Most memory of the process while it ran, in MiB."""
    answer: Answer | None = None
    error: str = ""
    """Why there is no answer."""

    @property
    def median(self) -> float | None:
        """The median in milliseconds."""
        return statistics.median(self.milliseconds) if self.milliseconds else None


@dataclass(frozen=True)
class Run:
    """All of a run."""

    facts: dict[str, str]
    """What must be known of the machine, the versions and the sizes."""
    cells: list[Cell]

    @classmethod
    def read(cls, file: Path) -> Run:
        """A run that was written."""
        found = json.loads(file.read_text())
        return cls(found["facts"], [Cell(**cell) for cell in found["cells"]])

    def write(self, file: Path) -> None:
        """Writes it as JSON."""
        file.write_text(json.dumps({"facts": self.facts, "cells": [asdict(cell) for cell in self.cells]}, indent=1))


@dataclass(frozen=True)
class Limits:
    """How long and how large."""

    runs: int
    """Warm runs of a query at most."""
    query: float
    """Seconds for all runs of a query."""
    load: float
    """Seconds for a load."""
    memory: float
    """MiB of a process."""
    grism_memory: int | None = None
    """Bytes that a query of Grism may hold."""


@dataclass
class Runner:
    """Runs all workloads of a graph on a system."""

    data: Path
    """The directory of the graphs' files, one directory for each."""
    work: Path
    """Where systems store theirs."""
    limits: Limits
    peer_python: str
    """The interpreter that has the other systems."""
    versions: dict[str, str] = field(default_factory=dict)

    def cells(self, column: Column, graph: Graph, workloads: Sequence[Workload]) -> Iterator[Cell]:
        """The load, then each workload; nothing for a graph that the system does not take."""
        if graph.name not in GRAPHS_OF.get(column.system, {graph.name}):
            return
        session = self._session(column, graph)
        try:
            loaded = session.ask({"do": "load"}, self.limits.load)
            if "absent" in loaded:
                print(f"{column.name} is left out: {loaded['error']}", flush=True)
                return
            yield self._cell(f"{LOAD}-{graph.name}", column, loaded)
            if "error" in loaded:
                return
            self.versions[column.system.split()[0]] = loaded["version"]
            for workload in workloads:
                for text, wording in texts(workload, column):
                    seconds = self.limits.query * (WITNESS if wording == "by hand" else 1)
                    reply = self._asked(session, column, workload, text, seconds)
                    yield self._cell(workload.name, column, reply, wording)
        finally:
            session.close()
            for path in self.work.glob(f"{self._place(column, graph).name}*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _asked(self, session: Session, column: Column, workload: Workload, text: str, seconds: float) -> dict[str, Any]:
        """The reply to a query, in a new process where the last one is gone."""
        if not session.running:
            opened = session.ask({"do": "load" if column.system in IN_MEMORY else "open"}, self.limits.load)
            if "error" in opened:
                return opened
        request = {
            "do": "ask",
            "text": text,
            "each": workload.each,
            "runs": self.limits.runs,
            "seconds": seconds / 2,
        }
        return session.ask(request, seconds)

    def _place(self, column: Column, graph: Graph) -> Path:
        return self.work / f"{graph.name}-{column.name.replace(' ', '-')}.db"

    def _session(self, column: Column, graph: Graph) -> Session:
        python = sys.executable if column.system.startswith("grism") else self.peer_python
        place = str(self._place(column, graph))
        limit = str(self.limits.grism_memory or 0)
        arguments = (column.system, graph.name, str(self.data / graph.name), place, str(column.threads), limit)
        return Session(
            [python, "-m", "peers.worker", *arguments],
            {"PYTHONPATH": SEARCH_PATH, "OMP_NUM_THREADS": str(column.threads)},
            self.limits.memory,
            self.work / "workers.log",
        )

    @staticmethod
    def _cell(workload: str, column: Column, reply: dict[str, Any], wording: Wording = "plain") -> Cell:
        known = ("milliseconds", "first", "peak", "answer", "error")
        return Cell(workload, column.name, wording, **{name: reply[name] for name in known if name in reply})


def texts(workload: Workload, column: Column) -> Iterator[tuple[str, Wording]]:
    """What a system is asked: the plain text, and that by hand where there is one."""
    plain = workload.text(column.system, column.language)
    if plain:
        yield plain, "plain"
    if by_hand := workload.by_hand.get(column.system):
        yield by_hand, "by hand"
