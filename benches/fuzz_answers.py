"""What all kinds of the fuzzer have in common: graphs, answers, and a tally of what was checked."""

from __future__ import annotations

import collections
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent / "python" / "tests"))

import random_patterns

import grism_ray as gr

if TYPE_CHECKING:
    from collections.abc import Iterable

ENGINES: dict[str, dict[str, Any]] = {"local": {}, "staged": {"partitions": 3}}
Bag = collections.Counter[tuple[Any, ...]]
Answer = Bag | str
"""Rows, or the error that is given instead of them."""


@dataclass
class Tally:
    """What was checked so far."""

    kind: str
    seed: int
    done: int = 0
    filled: int = 0
    unsupported: int = 0
    slow: int = 0
    constructs: collections.Counter[str] = field(default_factory=collections.Counter)
    started: float = field(default_factory=time.monotonic)

    def checked(self, constructs: Iterable[str], *, filled: bool) -> None:
        """Counts a pair."""
        self.done += 1
        self.filled += filled
        self.constructs.update(set(constructs))

    def report(self) -> None:
        """Prints the counts."""
        seconds = time.monotonic() - self.started
        share = self.filled / max(self.done, 1)
        print(f"{self.done} {self.kind} pairs, seed {self.seed}: no difference", end=", ")
        print(f"{share:.0%} of the answers not empty, {seconds:.0f} s")
        if self.unsupported:
            print(f"  {self.unsupported} pairs are not supported in either form")
        if self.slow:
            print(f"  {self.slow} more took too long in one form, and were left out")
        for construct, count in self.constructs.most_common():
            print(f"  {count:6}  {construct}")


def opened(statements: list[str]) -> gr.Graph:
    """A graph in memory that the statements make."""
    graph = gr.open()
    for statement in statements:
        graph.execute(statement)
    return graph


def answered(graph: gr.Graph, text: str, engine: str) -> Answer:
    """The rows, or the error."""
    try:
        rows = graph.query(text, random_patterns.PARAMETERS, engine=engine, **ENGINES[engine]).to_pylist()
    except gr.GrismError as error:
        return f"{type(error).__name__}: {error}"
    return collections.Counter(tuple(frozen(value) for value in row.values()) for row in rows)


def frozen(value: Any) -> Any:
    """The value as one that can be counted."""
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    if isinstance(value, bool | float):
        # Equal to an integer in Python.
        return repr(value)
    # An id is another one in another graph; the number `k` is not.
    if isinstance(value, gr.Node):
        return repr((value.labels, sorted(value.properties.items())))
    return repr((value.type, sorted(value.properties.items()))) if isinstance(value, gr.Hyperedge) else value


def refused(answer: Answer) -> bool:
    """Whether the query is not supported."""
    return isinstance(answer, str) and answer.startswith("UnsupportedError")


def misnamed(answer: object) -> bool:
    """Whether the query asks a hyperedge for a role that it does not have, which is an error."""
    return isinstance(answer, str) and "has no role" in answer


def error_of(answer: Answer) -> str:
    """The first line of an error, or nothing."""
    return answer.splitlines()[0] if isinstance(answer, str) else ""


def filled(answer: Answer) -> bool:
    """Whether something was found."""
    return not isinstance(answer, str) and any(row != (0,) for row in answer)


def told(name: str, answer: Answer, other: Answer) -> None:
    """Prints an answer, or what it has more than another."""
    if isinstance(answer, str) or isinstance(other, str):
        print(f"{name}: {answer if isinstance(answer, str) else sum(answer.values())}")
    else:
        print(f"{name}, more: {answer - other}")


def print_graph(statements: list[str]) -> None:
    """Prints what rebuilds a graph."""
    print(";\n".join(statements) + ";")
