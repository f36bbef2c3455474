"""Small graphs as inline SVG: nodes as circles, binary edges as lines, hyperedges as hulls or as squares with lines."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from grism_ray.entities import Hyperedge, Incidence, Node, Path

if TYPE_CHECKING:
    from collections.abc import Callable

    Connected = Callable[[list[int]], list[tuple[Hyperedge, list[Any]]]]

MOST_ENTITIES = 40
"""Entities of a picture; a larger graph is not drawn."""
MOST_READ = 200
"""Hyperedges whose members are read for a picture."""
MOST_HULLS = 6
"""Hyperedges that are hulls; more would hide each other, and are squares."""
WIDTH, HEIGHT, MARGIN = 640, 400, 60
ROUNDS = 150
"""Steps of the layout."""
COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756", "#72b7b2", "#9d755d", "#bab0ac")

Point = tuple[float, float]


@dataclass
class Drawing:
    """What is to be drawn."""

    nodes: dict[int, Node] = field(default_factory=dict)
    hyperedges: dict[int, Hyperedge | None] = field(default_factory=dict)
    """Those that bind members by roles; ``None`` for one of which only the id is known."""
    edges: dict[int, tuple[int, int, str]] = field(default_factory=dict)
    """Binary edges: their ends, and the type."""
    incidences: dict[tuple[int, str, int], None] = field(default_factory=dict)
    """Hyperedge, role and member, in the order that they were found."""
    unread: dict[int, Hyperedge] = field(default_factory=dict)
    """Hyperedges whose members the rows do not tell, or tell by their ids only."""

    def add(self, value: Any) -> None:
        """Takes in a value of a row, with what it holds."""
        if isinstance(value, Node):
            self.nodes[value.id] = value
        elif isinstance(value, Hyperedge):
            self._add_hyperedge(value)
        elif isinstance(value, Incidence):
            self.hyperedges.setdefault(value.hyperedge, None)
            self.incidences[value.hyperedge, value.role, value.member] = None
        elif isinstance(value, Path):
            self._add_path(value)
        elif isinstance(value, dict):
            for item in value.values():
                self.add(item)
        elif isinstance(value, list):
            for item in value:
                self.add(item)

    def _add_hyperedge(self, hyperedge: Hyperedge) -> None:
        self.unread[hyperedge.id] = hyperedge
        if not hyperedge.members:
            return
        if list(hyperedge.members) == ["source", "target"]:
            (source,), (target,) = hyperedge.members.values()
            self.edges[hyperedge.id] = (source, target, hyperedge.type)
            return
        self.hyperedges[hyperedge.id] = hyperedge
        for role, members in hyperedge.members.items():
            for member in members:
                self.incidences[hyperedge.id, role, member] = None

    def _add_path(self, path: Path) -> None:
        for node in path.nodes:
            self.add(node)
        for step, start, end in zip(path.relationships, path.nodes, path.nodes[1:], strict=False):
            if isinstance(step, Hyperedge) and not step.members:
                self.edges[step.id] = (start.id, end.id, step.type)
            else:
                self.add(step)

    def read(self, connected: Connected) -> None:
        """Reads the members of the hyperedges that the rows do not tell; the members are drawn where they have room."""
        told = self.edges.keys() | {link[0] for link in self.incidences}
        known = self.nodes.keys() | self.hyperedges.keys()
        unread = [id for id, own in self.unread.items() if id not in told or not _bound(own) <= known]
        if not 0 < len(unread) <= MOST_READ:
            return
        found = connected(unread)
        for hyperedge, _ in found:
            self._add_hyperedge(hyperedge)
        members = {member.id: member for _, own in found for member in own}
        if len(self.nodes.keys() | self.hyperedges.keys() | members.keys()) > MOST_ENTITIES:
            return
        for id, member in members.items():
            if isinstance(member, Node):
                self.nodes.setdefault(id, member)
            elif id not in self.edges:
                self.hyperedges.setdefault(id, member)

    def drop_unknown(self) -> None:
        """Forgets links to what is not in the rows, and hyperedges without a link."""
        known = self.nodes.keys() | self.hyperedges.keys()
        self.edges = {id: edge for id, edge in self.edges.items() if {edge[0], edge[1]} <= known}
        self.incidences = {link: None for link in self.incidences if link[2] in known}
        bound = {id for link in self.links() for id in link}
        self.hyperedges = {id: own for id, own in self.hyperedges.items() if id in bound}

    def links(self) -> list[tuple[int, int]]:
        """The pairs that are drawn near each other."""
        bound = [(hyperedge, member) for hyperedge, _, member in self.incidences]
        return [(source, target) for source, target, _ in self.edges.values()] + bound


def picture_of(rows: list[dict[str, Any]], connected: Connected | None = None) -> str:
    """The SVG of the entities in the rows and of what connects them; empty where nothing does, or there is too much.

    ``connected`` gives hyperedges of ids with their members, for those that the rows do not tell.
    """
    drawing = Drawing()
    for row in rows:
        drawing.add(row)
    if connected is not None:
        drawing.read(connected)
    drawing.drop_unknown()
    entities = [*drawing.nodes, *drawing.hyperedges]
    if not drawing.links() or len(entities) > MOST_ENTITIES:
        return ""
    places = _layout(entities, drawing.links())
    inner = _hulls(drawing, places) if _fit_hulls(drawing) else _squares(drawing, places)
    parts = [*inner, *_edges(drawing, places), *_circles(drawing, places)]
    style = "max-width:100%;height:auto;font:11px sans-serif"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" style="{style}">{"".join(parts)}</svg>'
    )


def _bound(hyperedge: Hyperedge) -> set[int]:
    return {member for members in hyperedge.members.values() for member in members}


def _fit_hulls(drawing: Drawing) -> bool:
    """Whether every hyperedge is a hull: there are few, and each binds several nodes."""
    members: dict[int, set[int]] = {id: set() for id in drawing.hyperedges}
    for hyperedge, _, member in drawing.incidences:
        members[hyperedge].add(member)
    of_nodes = all(len(own) > 1 and own <= drawing.nodes.keys() for own in members.values())
    return len(members) <= MOST_HULLS and of_nodes


def _layout(entities: list[int], links: list[tuple[int, int]]) -> dict[int, Point]:
    """Places by springs along links and pushes between all, from a circle: the same for the same graph."""
    count = len(entities)
    angles = [2 * math.pi * place / count for place in range(count)]
    places = {id: (math.cos(angle), math.sin(angle)) for id, angle in zip(entities, angles, strict=True)}
    ideal = 1.8 / math.sqrt(count)
    for step in range(ROUNDS):
        moves = dict.fromkeys(entities, (0.0, 0.0))
        for place, a in enumerate(entities):
            for b in entities[place + 1 :]:
                _push(moves, places, a, b, lambda distance: ideal * ideal / distance)
        for a, b in links:
            if a != b:
                _push(moves, places, a, b, lambda distance: -distance * distance / ideal)
        heat = 0.2 * (1 - step / ROUNDS)
        for id, (x, y) in moves.items():
            length = math.hypot(x, y) or 1.0
            reach = min(length, heat) / length
            places[id] = (places[id][0] + x * reach, places[id][1] + y * reach)
    return _fitted(places)


def _push(moves: dict[int, Point], places: dict[int, Point], a: int, b: int, force: Any) -> None:
    x, y = places[a][0] - places[b][0], places[a][1] - places[b][1]
    distance = max(math.hypot(x, y), 1e-3)
    share = force(distance) / distance
    moves[a] = (moves[a][0] + x * share, moves[a][1] + y * share)
    moves[b] = (moves[b][0] - x * share, moves[b][1] - y * share)


def _fitted(places: dict[int, Point]) -> dict[int, Point]:
    """The places within the picture's margins."""

    def scaled(values: list[float], size: int) -> list[float]:
        low, high = min(values), max(values)
        if high - low < 1e-6:
            return [size / 2] * len(values)
        return [MARGIN + (value - low) / (high - low) * (size - 2 * MARGIN) for value in values]

    xs = scaled([x for x, _ in places.values()], WIDTH)
    ys = scaled([y for _, y in places.values()], HEIGHT)
    return dict(zip(places, zip(xs, ys, strict=True), strict=True))


def _colours(names: list[str]) -> dict[str, str]:
    return {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(dict.fromkeys(names))}


def _circles(drawing: Drawing, places: dict[int, Point]) -> list[str]:
    colours = _colours([":".join(node.labels) for node in drawing.nodes.values()])
    parts = []
    for id, node in drawing.nodes.items():
        x, y = places[id]
        colour = colours[":".join(node.labels)]
        title = f"{':'.join(node.labels)} {dict(node.properties)}"
        parts.append(
            f'<g><title>{escape(title)}</title><circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="{colour}"/>'
            f"{_label(x, y + 22, _caption(node))}</g>"
        )
    return parts


def _caption(node: Node) -> str:
    """The text beside a node: its name or title, else its first text, else its labels."""
    texts = [value for value in node.properties.values() if isinstance(value, str)]
    named = [node.properties[name] for name in ("name", "title", "id") if node.properties.get(name) is not None]
    text = str([*named, *texts, ":".join(node.labels) or str(node.id)][0])
    return text if len(text) <= 18 else f"{text[:17]}…"


def _label(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" fill="currentColor">{escape(text)}</text>'


def _edges(drawing: Drawing, places: dict[int, Point]) -> list[str]:
    parts = []
    for source, target, name in drawing.edges.values():
        (x1, y1), (x2, y2) = places[source], places[target]
        if source == target:
            loop = f"M{x1:.1f} {y1 - 9:.1f}c-24 -30 24 -30 0 0"
            parts.append(f'<path d="{loop}" fill="none" stroke="#888"/>{_label(x1, y1 - 34, name)}')
            continue
        line = f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#888"/>'
        parts.append(f"{line}{_arrow((x1, y1), (x2, y2))}{_label((x1 + x2) / 2, (y1 + y2) / 2 - 4, name)}")
    return parts


def _arrow(start: Point, end: Point) -> str:
    """The head of an arrow at the rim of the circle that it points to."""
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    tip = (end[0] - 10 * math.cos(angle), end[1] - 10 * math.sin(angle))
    wings = [(tip[0] - 9 * math.cos(angle + turn), tip[1] - 9 * math.sin(angle + turn)) for turn in (0.4, -0.4)]
    return f'<polygon points="{_points([tip, *wings])}" fill="#888"/>'


def _points(points: list[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _hulls(drawing: Drawing, places: dict[int, Point]) -> list[str]:
    """A hull around the members of each hyperedge, with its type in the middle."""
    colours = _colours([str(id) for id in drawing.hyperedges])
    parts = []
    for id, hyperedge in drawing.hyperedges.items():
        own = list(dict.fromkeys(member for bound, _, member in drawing.incidences if bound == id))
        points = [places[member] for member in own]
        colour = colours[str(id)]
        middle = (sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points))
        roles = ", ".join(dict.fromkeys(role for bound, role, _ in drawing.incidences if bound == id))
        title = f"{hyperedge.type if hyperedge else id}: {roles}"
        parts.append(
            f'<g><title>{escape(title)}</title><polygon points="{_points(_convex(points))}" fill="{colour}" '
            f'fill-opacity="0.15" stroke="{colour}" stroke-opacity="0.25" stroke-width="34" stroke-linejoin="round"/>'
            f"{_label(*middle, hyperedge.type if hyperedge else '')}</g>"
        )
    return parts


def _convex(points: list[Point]) -> list[Point]:
    """The convex hull, by a monotone chain."""
    ordered = sorted(set(points))
    if len(ordered) < 3:
        return ordered

    def half(points: list[Point]) -> list[Point]:
        chain: list[Point] = []
        for x, y in points:
            while len(chain) > 1:
                (ax, ay), (bx, by) = chain[-2:]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                chain.pop()
            chain.append((x, y))
        return chain[:-1]

    return half(ordered) + half(ordered[::-1])


def _squares(drawing: Drawing, places: dict[int, Point]) -> list[str]:
    """A square for each hyperedge, with a line to each member that tells the role."""
    parts = []
    for hyperedge, role, member in drawing.incidences:
        (x1, y1), (x2, y2) = places[hyperedge], places[member]
        parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#888" stroke-dasharray="4 3"/>'
            f"{_label((x1 + x2) / 2, (y1 + y2) / 2 - 4, role)}"
        )
    for id, own in drawing.hyperedges.items():
        x, y = places[id]
        title = f"{own.type if own else id} {own.properties if own else ''}"
        parts.append(
            f'<g><title>{escape(title)}</title><rect x="{x - 8:.1f}" y="{y - 8:.1f}" width="16" height="16" '
            f'fill="#fff" stroke="#555" stroke-width="2"/>{_label(x, y + 22, own.type if own else "")}</g>'
        )
    return parts
