"""Ray jobs: a query that runs in the cluster, and leaves its result where it can be read."""

from __future__ import annotations

import base64
import json
import shlex
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from grism_ray import _native
from grism_ray._module import VARIABLE
from grism_ray.functions import discovered
from grism_ray.job_functions import packed, unpacked
from grism_ray.options import QuerySettings, known, path_of
from grism_ray.result import Result
from grism_ray.warning import issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from grism_ray.job_functions import FunctionSource
    from grism_ray.options import RayOptions

POLL_SECONDS = 0.5
"""How often a waiting job asks for its status."""
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Job:
    """A submitted query."""

    def __init__(self, client: Any, job_id: str, output: str) -> None:
        self._client = client
        self.id = job_id
        """The job's name in Ray."""
        self.output = output
        """Where the result is written: an Arrow IPC stream."""

    def status(self) -> str:
        """``PENDING``, ``RUNNING``, ``SUCCEEDED``, ``FAILED`` or ``STOPPED``."""
        return str(self._client.get_job_status(self.id).value)

    def logs(self) -> str:
        """What the job has printed so far."""
        return str(self._client.get_job_logs(self.id))

    def cancel(self) -> bool:
        """Stops the job; false where it had ended already."""
        return bool(self._client.stop_job(self.id))

    def wait(self, timeout: float | None = None) -> str:
        """Waits for the job's end and gives its last status."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.status()) in ("PENDING", "RUNNING"):
            if deadline is not None and time.monotonic() > deadline:
                message = f"the job {self.id} is still {status} after {timeout} seconds"
                raise _native.CancelledError(message)
            time.sleep(POLL_SECONDS)
        return status

    def result(self, timeout: float | None = None) -> Result:
        """Waits for the job and reads its result. An error of the query is raised as it would be here."""
        status = self.wait(timeout)
        path = Path(self.output)
        failure = path.with_suffix(".error.json")
        if failure.exists():
            raise _native.error_from_json(failure.read_text())
        if status != "SUCCEEDED":
            message = f"the job {self.id} ended as {status}:\n{self.logs()[-2000:]}"
            raise _native.CancelledError(message) if status == "STOPPED" else _native.UnavailableError(message)
        report = json.loads(path.with_suffix(".json").read_text())
        issue(report["warnings"])
        return Result(_native.Batches.from_ipc(path.read_bytes()), report["warnings"], report["metrics"])


def submit(
    text: str,
    graph: str | Path,
    address: str,
    output: str | Path | None = None,
    *,
    params: Mapping[str, Any] | None = None,
    workers: int | None = None,
    worker_module: str | None = None,
    resource_timeout: float | None = None,
    functions: FunctionSource | Iterable[FunctionSource] | None = None,
    installed_functions: bool = False,
    python: str | None = None,
    runtime_env: Mapping[str, Any] | None = None,
    **settings: Unpack[QuerySettings],
) -> Job:
    """Submits a query to the cluster whose dashboard is at ``address`` (``http://host:8265``).

    The graph must lie where every node of the cluster sees it. ``python`` is the cluster's Python that has grism_ray:
    by default this one on this machine, else the one that is found there. The result is written to ``output``, by
    default ``_grism/results/<job>.arrow`` in the graph. ``workers``, ``worker_module`` and ``resource_timeout`` are as
    in ``RayOptions``, and ``settings`` those of ``Graph.query``; ``timeout`` begins when the job runs the query.

    ``functions`` are those that the query may call: a folder, a module, functions made with ``udf``, or a list of
    these. They are sent along; what they import must be in the cluster, by ``runtime_env`` for example. The name of a
    module (``"my_package.udfs"``) is imported by the job, and so are functions in Rust. With ``installed_functions``
    the job also finds those of the packages that the cluster has installed.

    Raises ``UnsupportedError`` for ``resources``: each worker of a cluster says what it has; ``InvalidQueryError`` for
    functions that cannot be sent.
    """
    known(settings, QuerySettings, call=submit)
    if settings.get("resources"):
        message = "resources of a job: they say what one process has, and Ray knows what its nodes have"
        raise _native.UnsupportedError(message)
    uri = path_of(graph)
    if uri.startswith("memory://") or not uri:
        message = "a job runs in other processes and cannot see a graph in memory; keep it on disk"
        raise _native.UnsupportedError(message)
    if _native.without_secrets(uri) != uri:
        message = (
            f"credentials in the URI {_native.without_secrets(uri)} would stand in the record of the job, which all "
            "users of the cluster can read; give them to its nodes by environment variables such as AWS_ACCESS_KEY_ID"
        )
        raise _native.UnsupportedError(message)
    host = address.split("://")[-1].rsplit(":", 1)[0]
    if "://" not in uri:
        if host not in LOOPBACK:
            message = f"the cluster at {address} cannot see the local path {uri}; put the graph on storage that it sees"
            raise _native.InvalidQueryError(message)
        uri = str(Path(uri).resolve())
        _native.Graph.open(uri, False, {})
    try:
        from ray.job_submission import JobSubmissionClient
    except ImportError as error:
        message = 'jobs need the package ray with its job client: pip install "ray[default]"'
        raise _native.UnavailableError(message) from error
    told = {**packed(functions), "installed": installed_functions}
    job_id = f"grism-{uuid.uuid4().hex[:12]}"
    target = path_of(output) if output is not None else str(Path(uri) / "_grism" / "results" / f"{job_id}.arrow")
    ray = {"workers": workers, "worker_module": worker_module, "resource_timeout": resource_timeout}
    request = {
        "text": text,
        "graph": uri,
        "params": dict(params or {}),
        "output": target,
        "functions": told,
        "ray": {name: value for name, value in ray.items() if value is not None},
        "settings": dict(settings),
    }
    argument = base64.urlsafe_b64encode(json.dumps(request).encode()).decode()
    try:
        client = JobSubmissionClient(address)
        python = python or (sys.executable if host in LOOPBACK else "python")
        entrypoint = f"{shlex.quote(python)} -m grism_ray run-job {argument}"
        environment = dict(runtime_env or {})
        if worker_module is not None:
            # The job plans the query, so its process needs the module as well.
            environment["env_vars"] = {VARIABLE: worker_module, **environment.get("env_vars", {})}
        client.submit_job(entrypoint=entrypoint, submission_id=job_id, runtime_env=environment)
    except (ConnectionError, RuntimeError) as error:
        message = f"no Ray cluster takes jobs at {address}: {error}"
        raise _native.UnavailableError(message) from error
    return Job(client, job_id, target)


def run_job(argument: str) -> int:
    """Runs a submitted query; this is the job's own process."""
    from grism_ray.session import open

    request = json.loads(base64.urlsafe_b64decode(argument))
    path = Path(request["output"])
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        graph = open(request["graph"], create=False)
        told = request["functions"]
        graph.register_functions(*unpacked(told), *(discovered() if told["installed"] else []))
        options: RayOptions = request["ray"]
        options["address"] = "auto"
        result = graph.query(request["text"], request["params"], engine="ray", ray=options, **request["settings"])
    except _native.GrismError as error:
        failure = _native.exception_to_json(error)
        path.with_suffix(".error.json").write_text(failure)
        print(f"{type(error).__name__}: {error}")
        return 1
    path.write_bytes(result._batches.to_ipc())
    path.with_suffix(".json").write_text(json.dumps({"warnings": result.warnings, "metrics": result.metrics}))
    print(f"{len(result)} rows written to {path}")
    return 0
