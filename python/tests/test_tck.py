"""The openCypher TCK, where its scenarios lie beside the project.

All of it runs in memory, and a tenth of it, drawn by a seed, on the other runtimes: what they add is tried by the query
corpus. ``GRISM_CONFORMANCE=all`` runs all of it on each.
"""

from __future__ import annotations

import collections
import json
import os
import random
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import shared
import twins

if TYPE_CHECKING:
    from pathlib import Path

GRISM = shared.ROOT / "target" / "debug" / "grism"


def run(folder: Path, report: Path, server: str, *options: str, features: str = "features") -> dict[str, object]:
    """Runs scenarios with error codes compared; the runner's report."""
    command = [sys.executable, "tck_runner.py", features, "--driver", "stdio_driver:Stdio"]
    command += ["--driver-arg", f"cmd={GRISM} tck-server {server}", "--jobs", "2", "--observe"]
    command += ["--errors", "strict", "--timeout", "60", "--json", str(report), *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900, check=False)
    assert report.exists(), done.stderr
    return json.loads(report.read_text())


def drawn(folder: Path, listed: Path, *options: str) -> tuple[str, ...]:
    """The options that run a tenth of the scenarios that ``options`` select, the same at each call."""
    command = [sys.executable, "tck_runner.py", "features", "--print-ids", *options]
    printed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    ids = sorted(printed.stdout.split())
    listed.write_text("\n".join(random.Random(len(ids)).sample(ids, k=len(ids) // 10)))
    return ("--list", str(listed))


def tiers(folder: Path) -> dict[str, set[str]]:
    """The ids of each tier; an outline's id stands for all its rows."""
    return {
        path.stem: {line for line in path.read_text().split() if not line.startswith("#")}
        for path in sorted((folder / "tiers").glob("*.txt"))
    }


@pytest.mark.parametrize(
    ("name", "server", "always"),
    [
        ("in memory, local", "", True),
        ("in memory, staged in 3 partitions", "--engine staged --partitions 3", False),
        ("every graph on Lance, local", "--lance {graphs}", False),
    ],
)
def test_scenarios_pass(name: str, server: str, always: bool, tmp_path: Path) -> None:
    folder = shared.folder("tck")
    options: tuple[str, ...] = ()
    if not always and os.environ.get("GRISM_CONFORMANCE") != "all":
        # On Lance the scenarios that write say most, and take longest.
        options = ("--list", "tiers/W-write.txt") if "Lance" in name else ()
        options = drawn(folder, tmp_path / "drawn.txt", *options)
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


@pytest.mark.parametrize("kind", twins.KINDS)
def test_twins_pass(kind: str, tmp_path: Path) -> None:
    folder = shared.folder("tck")
    counts = twins.write_twins(kind, folder / "features", tmp_path / "features")
    report = run(folder, tmp_path / "report.json", "", features=str(tmp_path / "features"))
    scenarios = report["scenarios"]
    assert isinstance(scenarios, list)
    failed = [scenario["id"] for scenario in scenarios if scenario["verdict"] != "pass"]
    shared.NOTES.append(f"openCypher TCK, twins of the kind {kind}: {report['seconds']} s")
    shared.NOTES.extend(f"  {count:>6} {reason}" for reason, count in sorted(counts.items()))
    assert counts["taken"] > 0
    assert scenarios
    assert not failed, failed
