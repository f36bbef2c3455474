"""``python -m grism_ray.driver``: runs the plan of a Rust program on Ray.

The request comes as JSON on standard input. Frames go out on standard output: a letter, the length of what follows as
a little-endian 64-bit number, and then that. ``B`` is a bundle, ``M`` the metrics of tasks, ``E`` an error.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import time
from typing import Any

from grism_ray import _native


def main() -> int:
    """Runs one request."""
    # Whatever Ray prints must not come between the frames.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def frame(letter: bytes, body: Any) -> None:
        output.write(letter + struct.pack("<Q", len(body)))
        output.write(body)
        output.flush()

    request = sys.stdin.buffer.read()
    try:
        from grism_ray.cluster import _pool, _Run, connect

        settings = json.loads(request)
        config, runtime = settings["config"], settings["runtime"]
        query = _native.plan_from_request(request)
        options = {"address": config["address"], "connect_timeout": config["connect_timeout"], **config["options"]}
        connect(options)
        pool = _pool(config["workers"], runtime["memory_limit"])
        limit = runtime["timeout_ms"]
        deadline = None if limit is None else time.monotonic() + limit / 1000
        for bundle in _Run(query, pool, None, deadline).bundles():
            frame(b"B", memoryview(bundle))
        frame(b"M", query.metrics().encode())
    except Exception as error:  # noqa: BLE001 - every error goes to the program that asked
        frame(b"E", _native.error_to_json(type(error).__name__, str(error), error.__cause__).encode())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
