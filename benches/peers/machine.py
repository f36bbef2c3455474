"""What a table must say of where it was measured."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path


def described() -> dict[str, str]:
    """The processor, its cores, memory, system, load, commit and time."""
    processor = _field("/proc/cpuinfo", "model name") or platform.processor()
    memory = _field("/proc/meminfo", "MemTotal").removesuffix(" kB")
    commit = subprocess.run(
        ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "time": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{processor}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{int(memory or 0) / 2**20:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "commit": commit.stdout.strip() or "unknown",
    }


def load() -> str:
    """Processes that ran or waited for a core, over the last 1 and 5 minutes."""
    return ", ".join(f"{value:.2f}" for value in os.getloadavg()[:2])


def _field(file: str, name: str) -> str:
    """The first value of a field in a file of the kernel."""
    try:
        lines = Path(file).read_text().splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")
