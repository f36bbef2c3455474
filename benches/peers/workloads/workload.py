"""One question, in the words of each system."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Workload:
    """A question about one graph."""

    name: str
    title: str
    graph: str
    texts: Mapping[str, str]
    """The text by language (``cypher``, ``sql``), or by system (``grism``, ``kuzu``, …), which counts first.

    An empty text says that the system has no way to ask. Texts are what a user writes, without hints.
    """
    by_hand: Mapping[str, str] = field(default_factory=dict)
    """Texts by system that say how to compute the answer where the plain text takes long."""
    each: str = ""
    """The parameter that is a list, of which each value is asked for on its own as ``$key``; times are those of one."""
    floor: tuple[str, ...] = ()
    """The program that computes the same over arrays, its task, and the file of pairs."""
    known: int | None = None
    """The count that the description of published data gives."""

    def text(self, system: str, language: str) -> str | None:
        """What a system is asked, or ``None`` where it does not apply."""
        name = system.split()[0]
        return self.texts.get(name, self.texts.get(language)) or None
