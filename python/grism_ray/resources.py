"""Workers that hold a resource, such as a graphics card: started for a query that needs one, given back at its end."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from grism_ray import _native

REFRESH_SECONDS = 0.5
"""How often the cluster is asked what its nodes call the resources that a worker waits for."""


class ResourceWorkers:
    """The actors of one query that have resources."""

    def __init__(self, ray: Any, remote: Any, memory_limit: int | None) -> None:
        self._ray = ray
        self._remote = remote
        self._memory_limit = memory_limit
        self._started = 0
        self._refreshed = time.monotonic()
        self.actors: dict[str, Any] = {}
        self.resources: dict[str, dict[str, float]] = {}
        """What each actor has, by the names that operators use."""
        self.starting: dict[Any, str] = {}
        """Actors that have not answered yet, by the reference to their answer."""
        self._demands: dict[str, dict[str, Any]] = {}
        """What Ray was asked for, by actor."""

    def start(self, resources: dict[str, float], tasks: int) -> None:
        """Starts workers with these resources: as many as tasks wait and the cluster can have, and at least one."""
        demand = self._demand(resources)
        starting = [name for name in self.starting.values() if self.resources[name] == resources]
        for _ in range(min(tasks, self._possible(demand)) - len(starting)):
            self._start(resources, demand)

    def refresh(self) -> None:
        """Asks anew for what no node had, where a node has come that calls it otherwise, as ``GPU`` for ``gpu``."""
        if not self.starting or time.monotonic() < self._refreshed + REFRESH_SECONDS:
            return
        self._refreshed = time.monotonic()
        for name in list(self.starting.values()):
            resources = self.resources[name]
            demand = self._demand(resources)
            if demand != self._demands[name]:
                self.lost(name)
                self._start(resources, demand)

    def lost(self, name: str) -> None:
        """Gives an actor back, or forgets one that is gone."""
        actor = self.actors.pop(name)
        del self.resources[name], self._demands[name]
        self.starting = {ref: own for ref, own in self.starting.items() if own != name}
        with contextlib.suppress(Exception):
            self._ray.kill(actor)

    def close(self) -> None:
        """Gives all actors back. What they have put into the object store stays there."""
        for name in list(self.actors):
            self.lost(name)

    def _start(self, resources: dict[str, float], demand: dict[str, Any]) -> None:
        name = f"resource-worker-{self._started}"
        self._started += 1
        try:
            actor = self._remote.options(**demand).remote(self._memory_limit)
        except ValueError as error:
            message = f"Ray has no worker with the resources {resources}: {error}"
            raise _native.InvalidQueryError(message) from error
        self.actors[name], self.resources[name], self._demands[name] = actor, resources, demand
        self.starting[actor.pid.remote()] = name

    def _demand(self, resources: dict[str, float]) -> dict[str, Any]:
        """What Ray is asked for.

        A resource may be written in another case than in the cluster; a ``gpu`` is Ray's ``GPU`` unless a node has a
        resource of that name.
        """
        known = self._ray.cluster_resources()
        # The worker runs while others wait for its output, and takes no core from them.
        demand: dict[str, Any] = {"num_cpus": 0}
        named: dict[str, float] = {}
        for name, amount in resources.items():
            others = [own for own in known if own.lower() == name.lower()]
            own = name if name in known or not others else others[0]
            if own.upper() == "GPU" and own not in known:
                own = "GPU"
            if own == "GPU":
                demand["num_gpus"] = amount
            elif own == "CPU":
                demand["num_cpus"] = amount
            else:
                named[own] = amount
        return {**demand, "resources": named} if named else demand

    def _possible(self, demand: dict[str, Any]) -> int:
        """How many workers with the demand the nodes of the cluster can have; at least one, since a node may come."""
        known = self._ray.cluster_resources()
        wanted = {"GPU": demand.get("num_gpus", 0), "CPU": demand["num_cpus"], **demand.get("resources", {})}
        counts = [int(known.get(name, 0) // amount) for name, amount in wanted.items() if amount]
        return max(1, min(counts, default=1))
