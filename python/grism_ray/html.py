"""Results as HTML, for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from grism_ray.entities import Hyperedge, Incidence, Node, Path
from grism_ray.picture import picture_of

if TYPE_CHECKING:
    from grism_ray.picture import Connected

MOST_TEXT = 200
"""Characters of a cell that are shown."""
_CELL = "padding:2px 8px;border:1px solid #8884;text-align:left;vertical-align:top"


def text_of(text: str) -> str:
    """A text as it stands."""
    return f"<pre>{escape(text)}</pre>"


def html_of(rows: list[dict[str, Any]], columns: list[str], count: int, connected: Connected | None = None) -> str:
    """A table of the rows, and a picture of what is connected in them.

    ``count`` is that of all rows; ``connected`` reads the members of hyperedges that the rows do not tell.
    """
    head = "".join(f'<th style="{_CELL}">{escape(name)}</th>' for name in columns)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{_cell(row[name])}</td>' for name in columns) + "</tr>" for row in rows
    )
    more = f", the first {len(rows)} are shown" if count > len(rows) else ""
    counted = f"{count} row{'' if count == 1 else 's'}{more}"
    table = (
        f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        f"<div><small>{counted}</small></div>"
    )
    return f"<div>{picture_of(rows, connected)}{table}</div>"


def _cell(value: Any) -> str:
    text = _text(value)
    shown = text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}…"
    if value is None:
        return f"<i>{escape(shown)}</i>"
    return escape(shown)


def _text(value: Any) -> str:
    """The value as Cypher writes it, but texts without quotes where they stand alone."""
    return value if isinstance(value, str) else _written(value)


def _written(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Node):
        labels = "".join(f":{label}" for label in value.labels)
        return f"({_joined(labels, value.properties)})"
    if isinstance(value, Hyperedge):
        return f"[{_joined(f':{value.type}', value.properties)}]"
    if isinstance(value, Incidence):
        return f"[:{value.role}]"
    if isinstance(value, Path):
        steps = [f"-{_written(step)}-{_written(node)}" for step, node in _steps(value)]
        return _written(value.nodes[0]) + "".join(steps) if value.nodes else "()"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        return _map(value)
    return repr(value) if isinstance(value, str) else str(value)


def _steps(path: Path) -> list[tuple[Any, Any]]:
    return list(zip(path.relationships, path.nodes[1:], strict=False))


def _joined(name: str, properties: dict[str, Any]) -> str:
    return " ".join(part for part in (name, _map(properties) if properties else "") if part)


def _map(entries: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {_written(value)}" for key, value in entries.items()) + "}"
