"""``python -m grism_ray.driver``: runs the plan of a Rust program on Ray.

The request comes on standard input in two parts, each of which is the length as a little-endian 64-bit number and then
that: JSON, and the plan as Rust reads it. The input stays open as long as the answer is wanted; where it closes, what
runs is cancelled. Frames go out on standard output: a letter, the length of what follows as a little-endian 64-bit
number, and then that. ``B`` is a bundle, ``P`` the number of tasks done, ``M`` the metrics of tasks, ``E`` an error.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import threading
import time
from typing import Any

from grism_ray import _native

LEAVE_SECONDS = 3.0
"""How long a driver that is not wanted any more may take to cancel what runs."""


def main() -> int:
    """Runs one request."""
    # Whatever Ray prints must not come between the frames.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def frame(letter: bytes, body: Any) -> None:
        output.write(letter + struct.pack("<Q", len(body)))
        output.write(body)
        output.flush()

    def part() -> bytes:
        (length,) = struct.unpack("<Q", sys.stdin.buffer.read(8))
        return sys.stdin.buffer.read(length)

    request, plan = part(), part()
    cancelled = threading.Event()
    threading.Thread(target=_watch, args=(cancelled,), daemon=True).start()
    try:
        from grism_ray.cluster import _pool, _Run, connect

        settings = json.loads(request)
        config, runtime = settings["config"], settings["runtime"]
        query = _native.plan_from_request(request, plan)
        options = {"address": config["address"], "connect_timeout": config["connect_timeout"], **config["options"]}
        connect(options)
        limit = runtime["timeout_ms"]
        deadline = None if limit is None else time.monotonic() + limit / 1000
        pool = _pool(config["workers"], runtime["memory_limit"], None, config["threads"])

        def progress(event: dict[str, Any]) -> None:
            if event["event"] == "task_finished":
                frame(b"P", str(query.progress()[0] + 1).encode())

        for bundle in _Run(query, pool, progress, deadline, cancelled).bundles():
            frame(b"B", memoryview(bundle))
        frame(b"M", query.metrics().encode())
    except Exception as error:  # noqa: BLE001 - every error goes to the program that asked
        if cancelled.is_set():
            return 1
        frame(b"E", _native.exception_to_json(error).encode())
        return 1
    return 0


def _watch(cancelled: threading.Event) -> None:
    """Cancels where nobody wants the answer any more, and ends the process where that takes long."""
    os.read(sys.stdin.fileno(), 1)
    cancelled.set()
    time.sleep(LEAVE_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
