"""The graph of LSQB: its persons, places and tags as published, and forums and messages that are generated.

The files beside the project hold the part about persons at scale factor 0.1; what LSQB's queries read of messages is
drawn at about the size that it has there.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peers.data.files import write_csv
from peers.data.graph import Edges, Graph, MissingDataError, Nodes, Scale

if TYPE_CHECKING:
    import numpy as np

SHARED = Path(os.environ.get("GRISM_SHARED", Path(__file__).parents[4] / "shared")) / "data" / "lsqb"
PUBLISHED_NODES = ("City", "Country", "Person", "Tag")
PUBLISHED_EDGES = {
    "isPartOf": "City_isPartOf_Country",
    "isLocatedIn": "Person_isLocatedIn_City",
    "hasInterest": "Person_hasInterest_Tag",
    "knows": "Person_knows_Person",
}
CLASSES, FORUMS, MEMBERS, POSTS, COMMENTS, LIKES, TAGGED = 70, 13_000, 120_000, 60_000, 75_000, 110_000, 150_000


def prepare(directory: Path, scale: Scale) -> dict[str, Any]:
    """Writes a file for each label and type."""
    import numpy as np

    if not SHARED.is_dir():
        raise MissingDataError(str(SHARED))
    columns = {name: _published(name) for name in (*PUBLISHED_NODES, *PUBLISHED_EDGES.values())}
    for label in PUBLISHED_NODES:
        write_csv(directory / f"{label}.csv", {"id": columns[label][0]})
    for name, file in PUBLISHED_EDGES.items():
        write_csv(directory / f"{name}.csv", dict(zip(("a", "b"), columns[file], strict=True)))
    persons, tags = columns["Person"][0], columns["Tag"][0]
    random = np.random.default_rng(scale.seed)
    forums, posts = np.arange(scale.of(FORUMS)), np.arange(scale.of(POSTS))
    comments = len(posts) + np.arange(scale.of(COMMENTS))

    def drawn(values: np.ndarray, size: int) -> np.ndarray:
        """Some of the values, the first ones more often."""
        return values[(len(values) * random.random(size) ** 2).astype(np.int64)]

    def edges(name: str, sources: np.ndarray, targets: np.ndarray) -> None:
        """Writes edges, each once."""
        pairs = np.unique(np.column_stack([sources, targets]), axis=0)
        write_csv(directory / f"{name}.csv", {"a": pairs[:, 0], "b": pairs[:, 1]})

    for label, ids in {"TagClass": np.arange(CLASSES), "Forum": forums, "Post": posts, "Comment": comments}.items():
        write_csv(directory / f"{label}.csv", {"id": ids})
    edges("hasType", tags, drawn(np.arange(CLASSES), len(tags)))
    edges("hasMember", drawn(forums, scale.of(MEMBERS)), drawn(persons, scale.of(MEMBERS)))
    edges("containerOf", drawn(forums, len(posts)), posts)
    # A comment answers a post or a comment before it.
    answered = (comments * random.random(len(comments))).astype(np.int64)
    to_post = answered < len(posts)
    edges("replyOf_Post", comments[to_post], answered[to_post])
    edges("replyOf_Comment", comments[~to_post], answered[~to_post])
    for label, ids in {"Post": posts, "Comment": comments}.items():
        part = len(ids) / (len(posts) + len(comments))
        edges(f"hasCreator_{label}", ids, drawn(persons, len(ids)))
        liked, tagged = round(part * scale.of(LIKES)), round(part * scale.of(TAGGED))
        edges(f"likes_{label}", drawn(persons, liked), random.choice(ids, liked))
        edges(f"hasTag_{label}", random.choice(ids, tagged), drawn(tags, tagged))
    return {}


def _published(name: str) -> list[np.ndarray]:
    """The columns of a published file."""
    import pyarrow.csv as pc

    table = pc.read_csv(SHARED / f"{name}.csv", parse_options=pc.ParseOptions(delimiter="|"))
    return [column.to_numpy() for column in table.columns]


LSQB = Graph(
    name="lsqb",
    title="LSQB: the published persons of scale factor 0.1, generated messages",
    prepare=prepare,
    nodes=tuple(Nodes(label) for label in (*PUBLISHED_NODES, "TagClass", "Forum", "Post", "Comment")),
    edges=(
        Edges("isPartOf", "City", "Country"),
        Edges("isLocatedIn", "Person", "City"),
        Edges("hasInterest", "Person", "Tag"),
        Edges("knows", "Person", "Person"),
        Edges("hasType", "Tag", "TagClass"),
        Edges("hasMember", "Forum", "Person"),
        Edges("containerOf", "Forum", "Post"),
        Edges("replyOf", "Comment", "Post", file="replyOf_Post.csv"),
        Edges("replyOf", "Comment", "Comment", file="replyOf_Comment.csv"),
        *(Edges("hasCreator", label, "Person", file=f"hasCreator_{label}.csv") for label in ("Post", "Comment")),
        *(Edges("likes", "Person", label, file=f"likes_{label}.csv") for label in ("Post", "Comment")),
        *(Edges("hasTag", label, "Tag", file=f"hasTag_{label}.csv") for label in ("Post", "Comment")),
    ),
    tables={
        **{label: f"{label}.csv" for label in PUBLISHED_NODES},
        **{name: f"{name}.csv" for name in (*PUBLISHED_EDGES, "hasType", "hasMember", "containerOf")},
        **{name: f"{name}_*.csv" for name in ("replyOf", "hasCreator", "likes", "hasTag")},
        "replyOfPost": "replyOf_Post.csv",
    },
)
