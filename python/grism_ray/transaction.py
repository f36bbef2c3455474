"""Transactions: several loads and changes as one commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, Unpack

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from grism_ray import _native
    from grism_ray.many import ManyReport, Sources
    from grism_ray.options import Engine, ExecuteSettings, HyperedgeLoadSettings, LoadSettings, QuerySettings
    from grism_ray.report import LoadReport
    from grism_ray.result import Result
    from grism_ray.session import Graph


class Transaction:
    """Changes that become one snapshot at its end, or none.

    ``graph`` is the graph within it: its loads, statements and queries see every change so far, and nobody else does.
    Ids hold within the transaction only.
    """

    def __init__(self, native: _native.Transaction) -> None:
        self._transaction = native
        self.snapshot: int | None = None
        """The snapshot that it became; ``None`` before."""

    @property
    def graph(self) -> Graph:
        """The graph within the transaction."""
        from grism_ray.session import Graph

        return Graph(self._transaction.graph())

    def load_nodes(self, label: str, table: Any, key: str, **settings: Unpack[LoadSettings]) -> LoadReport:
        """As ``Graph.load_nodes``."""
        return self.graph.load_nodes(label, table, key, **settings)

    def load_hyperedges(
        self,
        name: str,
        table: Any,
        roles: Mapping[str, str | tuple[str, str]] | None = None,
        **settings: Unpack[HyperedgeLoadSettings],
    ) -> LoadReport:
        """As ``Graph.load_hyperedges``."""
        return self.graph.load_hyperedges(name, table, roles, **settings)

    def load(
        self,
        sources: Sources | str | os.PathLike[str],
        *,
        memory_limit: int | None = None,
        dry_run: bool = False,
        progress: bool | None = None,
    ) -> ManyReport:
        """As ``Graph.load``."""
        return self.graph.load(sources, memory_limit=memory_limit, dry_run=dry_run, progress=progress)

    def execute(
        self, text: str, params: Mapping[str, Any] | None = None, **settings: Unpack[ExecuteSettings]
    ) -> Result:
        """As ``Graph.execute``."""
        return self.graph.execute(text, params, **settings)

    def query(
        self,
        text: str,
        params: Mapping[str, Any] | None = None,
        engine: Engine = "local",
        **settings: Unpack[QuerySettings],
    ) -> Result:
        """As ``Graph.query``, on one machine."""
        return self.graph.query(text, params, engine, **settings)

    def create_node(self, *labels: str, **properties: Any) -> int:
        """Creates a node with ``labels`` and properties; its id."""
        return self._transaction.create_node(list(labels), properties)

    def create_hyperedge(self, name: str, members: Mapping[str, int | Sequence[int]], **properties: Any) -> int:
        """Creates a hyperedge that binds ``members``: an id, or a list of them, by role. Returns its id.

        A binary edge has the roles ``source`` and ``target`` and needs no declaration.
        """
        lists = {role: [ids] if isinstance(ids, int) else list(ids) for role, ids in members.items()}
        return self._transaction.create_hyperedge(name, lists, properties)

    def set_properties(self, id: int, properties: Mapping[str, Any], *, replace: bool = False) -> None:
        """Sets properties of a node or hyperedge; ``None`` removes one. With ``replace`` all others go."""
        self._transaction.set_properties(id, dict(properties), not replace)

    def change_labels(self, id: int, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Adds labels to a node, and takes others away."""
        self._transaction.change_labels(id, list(add), list(remove))

    def bind(self, hyperedge: int, role: str, member: int) -> None:
        """Binds one more member to a role."""
        self._transaction.bind(hyperedge, role, member)

    def unbind(self, hyperedge: int, role: str, member: int) -> None:
        """Takes a member from a role."""
        self._transaction.unbind(hyperedge, role, member)

    def delete(self, id: int, *, detach: bool = False) -> None:
        """Deletes a node or hyperedge; one that hyperedges bind only with ``detach``.

        Then binary edges of it and hyperedges that need it go too, and other hyperedges lose it as a member.
        """
        self._transaction.delete(id, detach)

    def commit(self) -> int:
        """Commits everything; the number of the snapshot. Raises ``ConflictError`` where another writer was first."""
        self.snapshot = self._transaction.commit()
        return self.snapshot

    def rollback(self) -> None:
        """Forgets everything."""
        self._transaction.rollback()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.rollback()
        elif self.snapshot is None:
            self.commit()
