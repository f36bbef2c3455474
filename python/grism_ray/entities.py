"""Entities and paths as values of a result: immutable mappings, which compare by what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar


class _Immutable(Mapping[str, Any]):
    """A mapping that is made of named parts, and compares by them."""

    __slots__ = ()
    _names: ClassVar[tuple[str, ...]]
    """The parts, in the order of the class's arguments."""
    _way_round: ClassVar[str] = ""
    """What to do instead of changing it."""

    def __setattr__(self, name: str, value: Any) -> None:
        message = f"a {type(self).__name__.lower()} of a result cannot be changed{self._way_round}"
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def _parts(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Immutable) or type(other) is not type(self):
            return NotImplemented
        return self._parts() == other._parts()

    def __hash__(self) -> int:
        parts = (tuple(part) if isinstance(part, list) else part for part in self._parts())
        return hash((type(self).__name__, *parts))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._parts()


class _Entity(_Immutable):
    """A mapping of properties that gives them as attributes too."""

    __slots__ = ()
    _way_round = "; write with SET, or in a transaction"
    id: int
    properties: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.properties[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.properties)

    def __len__(self) -> int:
        return len(self.properties)

    def __bool__(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        # Names of the class never come here, and those with underscores are asked for by copies and notebooks.
        if not name.startswith("_") and name not in self._names and name in self.properties:
            return self.properties[name]
        message = f"the {type(self).__name__.lower()} has no property {name!r}"
        raise AttributeError(message)

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.id))

    __eq__ = _Immutable.__eq__

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in self.properties if name.isidentifier())})


class Node(_Entity):
    """A node: its id, its labels, and its properties by name; ``node["age"]`` and ``node.age`` are the same.

    A property that is called like a method is reached by its name in brackets only.
    """

    __slots__ = ("id", "labels", "properties")
    _names = ("id", "labels", "properties")
    labels: list[str]

    def __init__(self, id: int, labels: list[str], properties: dict[str, Any]) -> None:
        object.__setattr__(self, "id", id)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "properties", properties)

    def __repr__(self) -> str:
        return f"Node(id={self.id}, labels={self.labels}, properties={self.properties})"


class Hyperedge(_Entity):
    """A hyperedge, binary edges included: its id, its type, and its properties by name, also as attributes.

    ``members`` are the ids of its members by role, where the query read them: in lists and paths.
    """

    __slots__ = ("id", "members", "properties", "type")
    _names = ("id", "type", "properties", "members")
    type: str
    members: dict[str, list[int]]

    def __init__(
        self, id: int, type: str, properties: dict[str, Any], members: dict[str, list[int]] | None = None
    ) -> None:
        object.__setattr__(self, "id", id)
        object.__setattr__(self, "type", type)
        object.__setattr__(self, "properties", properties)
        object.__setattr__(self, "members", members or {})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Hyperedge):
            return NotImplemented
        return (self.id, self.type, self.properties) == (other.id, other.type, other.properties)

    __hash__ = _Entity.__hash__

    def __repr__(self) -> str:
        return f"Hyperedge(id={self.id}, type={self.type!r}, properties={self.properties})"


class _Parts(_Immutable):
    """A mapping of fixed parts, which are attributes too."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={part!r}" for name, part in self.items())
        return f"{type(self).__name__}({parts})"


class Incidence(_Parts):
    """An incidence: the hyperedge, the role, the place within it, and the member, both by id."""

    __slots__ = ("hyperedge", "member", "position", "role")
    _names = ("hyperedge", "role", "position", "member")
    hyperedge: int
    role: str
    position: int
    member: int

    def __init__(self, hyperedge: int, role: str, position: int, member: int) -> None:
        object.__setattr__(self, "hyperedge", hyperedge)
        object.__setattr__(self, "role", role)
        object.__setattr__(self, "position", position)
        object.__setattr__(self, "member", member)


class Path(_Parts):
    """A path: its nodes, and between each two of them a hyperedge or an incidence."""

    __slots__ = ("nodes", "relationships")
    _names = ("nodes", "relationships")
    nodes: list[Any]
    relationships: list[Any]

    def __init__(self, nodes: list[Any], relationships: list[Any]) -> None:
        object.__setattr__(self, "nodes", nodes)
        object.__setattr__(self, "relationships", relationships)
