"""Queries on Ray: actors that run Rust stages, and the driver that carries the scheduler's decisions out.

The scheduler is Rust and does no I/O. This module waits on Ray, turns what happened into events, and turns the
scheduler's actions into actor calls. It never looks at data: what it hands from task to task are references.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import sys
import threading
import time
import uuid
import weakref
from typing import TYPE_CHECKING, Any

from grism_ray import _native
from grism_ray._module import VARIABLE, module_name
from grism_ray.resources import ResourceWorkers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WAIT_SECONDS = 0.05
"""How long the driver waits before it tells the scheduler the time."""
MAX_REPLACEMENTS = 16
"""Workers that are started in place of lost ones, at most, in one query."""
CALLS_AT_ONCE = 4
"""Tasks that an actor takes at once at least: those of other queries, beside as many of one as it has threads."""
CONTROL = "control"
"""The concurrency group of calls that are heard while tasks run."""


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        message = 'engine="ray" needs the package ray: pip install "grism_ray[ray]"'
        raise _native.UnavailableError(message) from error
    return ray


class StageActor:
    """What runs in a Ray actor: the Rust stage executor, and nothing that outlives a task."""

    def __init__(self, memory_limit: int | None) -> None:
        self._worker = _native.StageWorker(memory_limit)

    def pid(self) -> int:
        """The actor's process."""
        return os.getpid()

    def node(self) -> str:
        """The actor's node."""
        return str(_import_ray().get_runtime_context().get_node_id())

    def run(self, spec: bytes, inputs: list[list[Any]], image: list[Any], bundles: int) -> list[Any]:
        """Runs one task: gives back its bundles, then its statistics or its error as JSON."""
        ray = _import_ray()
        start = time.monotonic()
        buffers: list[list[Any]] = []
        lost: list[tuple[int, int]] = []
        for number, refs in enumerate(inputs):
            buffers.append([])
            for index, ref in enumerate(refs):
                try:
                    buffers[-1].append(ray.get(ref))
                except (ray.exceptions.ObjectLostError, ray.exceptions.RayActorError):
                    lost.append((number, index))
        if lost:
            error = _native.error_to_json("Unavailable", "the output of a task is lost")
            return [None] * bundles + [json.dumps({"lost": lost, "error": json.loads(error)})]
        try:
            graph = ray.get(image[0]) if image else None
            fetched = int((time.monotonic() - start) * 1e6)
            outputs, statistics = self._worker.run(spec, buffers, graph, fetched)
        except Exception as error:  # noqa: BLE001 - every error keeps its kind across Ray
            text = _native.exception_to_json(error)
            return [None] * bundles + [json.dumps({"error": json.loads(text)})]
        return [pickle.PickleBuffer(output) for output in outputs] + [statistics]

    def cancel(self, query_id: str) -> None:
        """Stops the tasks of a query that run here."""
        self._worker.cancel(query_id)


class WorkerPool:
    """The actors of a cluster, kept between queries."""

    def __init__(self, workers: int, memory_limit: int | None, worker_module: str | None, threads: int = 1) -> None:
        self._ray = _import_ray()
        self._memory_limit = memory_limit
        variables = {name: os.environ[name] for name in _native.LOG_VARIABLES if os.environ.get(name)}
        self.threads = threads
        """Tasks of one query that an actor runs at once."""
        options: dict[str, Any] = {
            "max_concurrency": max(CALLS_AT_ONCE, threads),
            "concurrency_groups": {CONTROL: 1},
            "num_cpus": threads,
            "scheduling_strategy": "SPREAD",
        }
        if worker_module is not None:
            variables[VARIABLE] = worker_module
        if variables:
            options["runtime_env"] = {"env_vars": variables}
        self._remote = self._ray.remote(**options)(StageActor)
        self._started = 0
        self.users = 0
        """Queries that were given the pool and have not ended."""
        self.actors: dict[str, Any] = {}
        self.starting: dict[Any, str] = {}
        """Actors that have not answered yet, by the reference to their answer."""
        for _ in range(workers):
            self.start()

    def start(self) -> None:
        """Starts an actor, which is ready when it has answered."""
        name = f"worker-{self._started}"
        self._started += 1
        actor = self.actors[name] = self._remote.remote(self._memory_limit)
        self.starting[actor.pid.remote()] = name

    def with_resources(self) -> ResourceWorkers:
        """Workers of the same kind, for one query, that have resources."""
        return ResourceWorkers(self._ray, self._remote, self._memory_limit)

    def ready(self) -> list[str]:
        """The actors that have answered."""
        return [name for name in self.actors if name not in self.starting.values()]

    def release(self) -> None:
        """A query that was given the pool has ended."""
        with _LOCK:
            self.users -= 1

    def close(self) -> None:
        """Gives the cores of the actors back."""
        for name, actor in list(self.actors.items()):
            self.lost(name)
            with contextlib.suppress(Exception):
                self._ray.kill(actor)

    def lost(self, name: str) -> None:
        """Forgets an actor that is gone."""
        self.actors.pop(name, None)
        self.starting = {ref: own for ref, own in self.starting.items() if own != name}


_POOLS: dict[tuple[Any, ...], WorkerPool] = {}
_IMAGES: dict[tuple[str, str], Any] = {}
"""Graphs in memory that were shipped, by their place and the commit of the snapshot."""

# A query that is collected while the lock is held releases its pool under it.
_LOCK = threading.RLock()


def connect(options: dict[str, Any]) -> None:
    """Connects to Ray, unless this process is connected already."""
    ray = _import_ray()
    address = options.pop("address", None)
    timeout = options.pop("connect_timeout", 30)
    if ray.is_initialized():
        return
    if address in (None, "auto"):
        # Ray itself would look there, but wait for very long where nothing listens.
        address = os.environ.get("RAY_ADDRESS", address or "local")
    settings = {"log_to_driver": False, **options}
    if address == "local":
        settings = {"include_dashboard": False, **settings}
    elif address != "auto":
        _check_reachable(address, timeout)
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        ray.init(address=address, **settings)
    except (ConnectionError, RuntimeError, ValueError) as error:
        message = f"Ray is not reachable at {address}: {error}"
        raise _native.UnavailableError(message) from error


def _check_reachable(address: str, timeout: float) -> None:
    import socket

    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        message = f"`{address}` is no address of a Ray cluster: host:port, ray://host:port, auto and local are"
        raise _native.InvalidQueryError(message)
    try:
        socket.create_connection((host, int(port)), timeout=timeout).close()
    except OSError as error:
        message = f"Ray is not reachable at {address}: {error}"
        raise _native.UnavailableError(message) from error


def _pool(
    workers: int | None, memory_limit: int | None, worker_module: str | None = None, threads: int | None = None
) -> WorkerPool:
    """The workers of these settings, for one query, which releases them."""
    ray = _import_ray()
    threads = max(1, threads or 1)
    if workers is None:
        workers = max(1, int(ray.cluster_resources().get("CPU", 1)) // threads)
    context = ray.get_runtime_context()
    # A process may leave one cluster and join another; actors of the first are not there any more.
    session = (context.gcs_address, context.get_job_id())
    # A plan that this process made is read by the module that made it.
    worker_module = worker_module or module_name()
    key = (session, workers, memory_limit, worker_module, threads)
    with _LOCK:
        pool = _POOLS.get(key)
        if pool is None:
            for old, other in list(_POOLS.items()):
                if old[0] != session:
                    del _POOLS[old]
                elif other.users == 0:
                    # Workers with other settings would keep the cores that the new ones wait for.
                    other.close()
                    del _POOLS[old]
            _IMAGES.clear()
            pool = _POOLS[key] = WorkerPool(workers, memory_limit, worker_module, threads)
        while len(pool.actors) < workers:
            pool.start()
        pool.users += 1
        return pool


def run_on_ray(
    plan: Callable[[int], _native.DistributedQuery],
    options: dict[str, Any],
    progress: Callable[[dict[str, Any]], None] | None = None,
    timeout: float | None = None,
) -> tuple[Iterator[_native.Batches], _native.DistributedQuery]:
    """Plans a query for the workers there are and runs it; gives its batches, and the query for its metrics."""
    workers = options.pop("workers", None)
    threads = options.pop("threads", None)
    memory_limit = options.pop("memory_limit", None)
    partitions = options.pop("partitions", None)
    worker_module = options.pop("worker_module", None)
    if worker_module is not None and not isinstance(worker_module, str):
        message = f"worker_module must be the name of a module, not {worker_module!r}"
        raise _native.InvalidQueryError(message)
    connect(options)
    deadline = None if timeout is None else time.monotonic() + timeout
    pool = _pool(workers, memory_limit, worker_module, threads)
    try:
        query = plan(partitions or len(pool.actors) * pool.threads)
    except BaseException:
        pool.release()
        raise
    return _Run(query, pool, progress, deadline).batches(), query


class _Run:
    """One query on Ray."""

    def __init__(
        self,
        query: _native.DistributedQuery,
        pool: WorkerPool,
        progress: Callable[[dict[str, Any]], None] | None,
        deadline: float | None,
        cancelled: threading.Event | None = None,
    ) -> None:
        self._ray = _import_ray()
        self._query = query
        self._pool = pool
        self._progress = progress
        self._deadline = deadline
        self._cancelled = cancelled
        self._id = uuid.uuid4().hex
        self._workers = len(pool.actors)
        self._special = pool.with_resources()
        weakref.finalize(self, pool.release)
        self._replaced = 0
        # The reference to a task's statistics tells that it is done.
        self._running: dict[Any, tuple[dict[str, int], str]] = {}
        self._inputs: dict[Any, list[list[dict[str, int]]]] = {}
        self._outputs: dict[tuple[int, int, int], list[Any]] = {}
        self._finished: list[dict[str, int]] | None = None
        self._failure: str | None = None
        self._image = self._ship()

    def _ship(self) -> list[Any]:
        """A graph in memory travels once for each snapshot, through the object store."""
        image = self._query.image
        if image is None:
            return []
        key = (self._query.uri, self._query.commit)
        if key not in _IMAGES:
            _IMAGES[key] = self._ray.put(pickle.PickleBuffer(image))
        return [_IMAGES[key]]

    def batches(self) -> Iterator[_native.Batches]:
        """Runs the query, then reads the result, one task's output at a time."""
        for bundle in self.bundles():
            yield _native.read_bundles([bundle], self._query)

    def bundles(self) -> Iterator[Any]:
        """Runs the query, then gives the bundles of the result, one at a time."""
        try:
            self._drive()
            for task in self._finished or []:
                for ref in self._outputs.pop(_key(task)):
                    yield self._ray.get(self._there(ref))
        finally:
            if self._finished is None:
                for actor in [*self._pool.actors.values(), *self._special.actors.values()]:
                    with contextlib.suppress(Exception):
                        actor.cancel.options(concurrency_group=CONTROL).remote(self._id)
            self._special.close()
            self._outputs.clear()
            self._running.clear()

    def _check(self) -> None:
        """Raises ``CancelledError`` where the query has to stop."""
        if self._cancelled is not None and self._cancelled.is_set():
            message = "the query was cancelled"
            raise _native.CancelledError(message)
        if self._deadline is not None and time.monotonic() > self._deadline:
            message = "the query ran out of time"
            raise _native.CancelledError(message)

    def _there(self, ref: Any) -> Any:
        """A reference whose value is on this node by now."""
        while not self._ray.wait([ref], timeout=WAIT_SECONDS)[0]:
            self._check()
        return ref

    def _drive(self) -> None:
        start = time.monotonic()
        for worker in self._pool.ready():
            self._tell({"event": "worker_up", "worker": worker})
        while self._finished is None:
            if self._failure is not None:
                raise _native.error_from_json(self._failure)
            self._check()
            self._tell({"event": "tick", "now_ms": int((time.monotonic() - start) * 1000)})
            self._special.refresh()
            waiting = [*self._running, *self._pool.starting, *self._special.starting]
            if not waiting:
                time.sleep(WAIT_SECONDS)
                continue
            ready, _ = self._ray.wait(waiting, num_returns=1, timeout=WAIT_SECONDS, fetch_local=False)
            for ref in ready:
                if ref in self._running:
                    self._ended(ref)
                elif ref in self._pool.starting:
                    self._answered(ref)
                elif ref in self._special.starting:
                    self._has_resources(ref)

    def _answered(self, ref: Any) -> None:
        """An actor that was started is ready, or will never be."""
        worker = self._pool.starting.pop(ref)
        try:
            self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            self._pool.lost(worker)
            if not self._pool.actors:
                message = f"no worker starts: {error}"
                raise _native.UnavailableError(message) from error
            return
        self._tell({"event": "worker_up", "worker": worker})

    def _has_resources(self, ref: Any) -> None:
        """A worker with resources is ready, or will never be."""
        worker = self._special.starting.pop(ref)
        try:
            self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            message = f"a worker with the resources {self._special.resources[worker]} does not start: {error}"
            raise _native.UnavailableError(message) from error
        self._tell({"event": "worker_up", "worker": worker, "resources": self._special.resources[worker]})

    def _tell(self, event: dict[str, Any]) -> None:
        """Tells the scheduler what happened, and does what it says."""
        if self._progress is not None and event["event"] != "tick":
            self._progress(event)
        for action in json.loads(self._query.handle(json.dumps(event))):
            self._do(action)

    def _do(self, action: dict[str, Any]) -> None:
        kind = action["action"]
        if kind == "launch":
            if self._progress is not None:
                self._progress({"event": "launch", "task": action["task"], "worker": action["worker"]})
            self._launch(action)
        elif kind == "free":
            for key in [key for key in self._outputs if key[0] == action["stage"]]:
                del self._outputs[key]
        elif kind == "await_resources":
            self._special.start(action["resources"], action["tasks"])
            if self._progress is not None:
                self._progress({**action, "event": "waiting"})
            elif sys.stderr.isatty():
                print(action["message"], file=sys.stderr)
        elif kind == "finish":
            self._finished = action["outputs"]
        elif kind == "fail":
            self._failure = json.dumps(action["error"])
        # A cancelled task goes on to its end where it runs; what it says then is not listened to.

    def _launch(self, action: dict[str, Any]) -> None:
        task, worker = action["task"], action["worker"]
        spec, slots, bundles = self._query.task(self._id, json.dumps(action), self._workers)
        inputs = [
            [self._outputs[_key(read)][slot] for read in tasks]
            for tasks, slot in zip(action["inputs"], slots, strict=True)
        ]
        actor = self._pool.actors.get(worker) or self._special.actors[worker]
        refs = actor.run.options(num_returns=bundles + 1).remote(spec, inputs, self._image, bundles)
        self._outputs[_key(task)] = refs[:-1]
        self._running[refs[-1]] = (task, worker)
        self._inputs[refs[-1]] = action["inputs"]

    def _ended(self, ref: Any) -> None:
        task, worker = self._running.pop(ref)
        inputs = self._inputs.pop(ref)
        exceptions = self._ray.exceptions
        try:
            answer = json.loads(self._ray.get(ref))
        except exceptions.RayActorError:
            self._outputs.pop(_key(task), None)
            self._worker_lost(worker)
            return
        except exceptions.RayError as error:
            text = _native.error_to_json("Unavailable", f"Ray: {error}")
            self._tell({"event": "task_failed", "task": task, "error": json.loads(text)})
            return
        if "error" not in answer:
            self._tell({"event": "task_finished", "task": task, "statistics": answer})
            return
        for number, index in answer.get("lost", []):
            self._tell({"event": "output_lost", "task": inputs[number][index]})
        self._tell({"event": "task_failed", "task": task, "error": answer["error"]})

    def _worker_lost(self, worker: str) -> None:
        # What else ran there is gone too: the scheduler puts it back, so its own end is not waited for.
        for ref in [ref for ref, (_, where) in self._running.items() if where == worker]:
            task, _ = self._running.pop(ref)
            self._inputs.pop(ref)
            self._outputs.pop(_key(task), None)
        is_special = worker in self._special.actors
        (self._special if is_special else self._pool).lost(worker)
        self._tell({"event": "worker_lost", "worker": worker})
        # The scheduler asks for another one with resources where it needs it.
        if is_special:
            return
        if self._replaced < MAX_REPLACEMENTS:
            self._replaced += 1
            self._pool.start()


def _key(task: dict[str, int]) -> tuple[int, int, int]:
    return task["stage"], task["task"], task["attempt"]
