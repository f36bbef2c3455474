"""The openCypher TCK, where its scenarios lie beside the project."""

from __future__ import annotations

import collections
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import shared

if TYPE_CHECKING:
    from pathlib import Path

GRISM = shared.ROOT / "target" / "debug" / "grism"


def run(folder: Path, report: Path, server: str, *options: str) -> dict[str, object]:
    """Runs scenarios with error codes compared; the runner's report."""
    command = [sys.executable, "tck_runner.py", "features", "--driver", "stdio_driver:Stdio"]
    command += ["--driver-arg", f"cmd={GRISM} tck-server {server}", "--jobs", "2", "--observe"]
    command += ["--errors", "strict", "--timeout", "60", "--json", str(report), *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900, check=False)
    assert report.exists(), done.stderr
    return json.loads(report.read_text())


def tiers(folder: Path) -> dict[str, set[str]]:
    """The ids of each tier; an outline's id stands for all its rows."""
    return {
        path.stem: {line for line in path.read_text().split() if not line.startswith("#")}
        for path in sorted((folder / "tiers").glob("*.txt"))
    }


@pytest.mark.parametrize(
    ("name", "server", "options"),
    [
        ("in memory, local", "", ()),
        ("in memory, staged in 3 partitions", "--engine staged --partitions 3", ()),
        ("Lance, local, writing scenarios", "--lance {graphs}", ("--list", "tiers/W-write.txt")),
    ],
)
def test_scenarios_pass(name: str, server: str, options: tuple[str, ...], tmp_path: Path) -> None:
    folder = shared.folder("tck")
    report = run(folder, tmp_path / "report.json", server.format(graphs=tmp_path / "graphs"), *options)
    scenarios = report["scenarios"]
    assert isinstance(scenarios, list)
    verdicts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    failed = []
    named = tiers(folder)
    for scenario in scenarios:
        base = re.sub(r":\d+$", "", scenario["id"])
        [tier] = [tier for tier, ids in named.items() if scenario["id"] in ids or base in ids] or ["no tier"]
        verdicts[tier][scenario["verdict"]] += 1
        if scenario["verdict"] != "pass":
            failed.append(f"{scenario['id']}: {scenario['reason']} {scenario['detail']}")
    shared.NOTES.append(f"openCypher TCK, {name}: {report['seconds']} s")
    for tier, counts in sorted(verdicts.items()):
        shared.NOTES.append(f"  {tier:<14}{counts['pass']:>6} of {counts.total()}")
    assert scenarios
    assert not failed, "\n".join(failed[:20])
