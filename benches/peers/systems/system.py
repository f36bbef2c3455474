"""What the runner needs of a system."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from peers.data.graph import Graph

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Settings:
    """How a system runs queries."""

    threads: int
    memory_limit: int | None = None
    """Bytes that a query of Grism may hold; other systems keep their defaults."""


class System(ABC):
    """A system with at most one graph."""

    def __init__(self, graph: Graph, place: Path, settings: Settings, kind: str) -> None:
        """``place`` is the file or directory of what it stores, ``kind`` what the name says behind the system."""
        self.graph = graph
        self.place = place
        self.threads = settings.threads
        self.memory_limit = settings.memory_limit
        self.kind = kind

    @abstractmethod
    def version(self) -> str:
        """The version of the system."""

    @abstractmethod
    def open(self) -> None:
        """Opens what is stored, or begins with nothing."""

    @abstractmethod
    def load(self, directory: Path) -> None:
        """Loads the files of a directory."""

    @abstractmethod
    def run(self, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        """All rows of a query."""

    def close(self) -> None:
        """Ends what a process that simply exits would leave behind: of most systems nothing."""
        return

    def remove(self) -> None:
        """Removes what is stored."""
        for path in self.place.parent.glob(f"{self.place.name}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def named(text: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a text names: systems refuse others."""
    return {name: value for name, value in parameters.items() if f"${name}" in text}
