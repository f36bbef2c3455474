"""A worker's process as the runner sees it: requests with a time limit and a memory limit, and what came of each."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOOK_SECONDS = 0.1
"""How often the memory of the process is looked at."""
CLOSE_SECONDS = 20
"""How long a process may take to end by itself."""


class Session:
    """A process that is started when it is asked first, and again after it was ended."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], memory: float, log: Path) -> None:
        """``memory`` is in MiB; what the process prints is added to ``log``."""
        self.command = command
        self.environment = {**os.environ, **environment}
        self.memory = memory
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self.pending = b""

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self.process is not None

    def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """The answer, or what prevented it: ``{"error": …}``; then the process may be gone."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            return self._gone()
        end = time.monotonic() + seconds
        while b"\n" not in self.pending:
            if select.select([process.stdout], [], [], LOOK_SECONDS)[0]:
                read = os.read(process.stdout.fileno(), 1 << 20)
                if not read:
                    return self._gone()
                self.pending += read
            elif time.monotonic() > end:
                self.end()
                return {"error": f"> {seconds:.0f} s"}
            elif resident(process.pid) > self.memory:
                self.end()
                return {"error": f"> {self.memory / 1024:.0f} GiB"}
        line, _, self.pending = self.pending.partition(b"\n")
        return dict(json.loads(line))

    def close(self) -> None:
        """Lets the process end by itself, and ends it where it does not."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(CLOSE_SECONDS)
        self.end()

    def end(self) -> None:
        """Ends the process and its children."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None
        self.pending = b""

    def _started(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    self.command,
                    env=self.environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    start_new_session=True,
                )
        return self.process

    def _gone(self) -> dict[str, Any]:
        assert self.process is not None
        code = self.process.wait()
        self.end()
        reason = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return {"error": f"died: {reason}"}


def resident(process: int) -> float:
    """Memory of a process in MiB; 0 where the operating system does not tell."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)
