"""The scripts that `make demo` and `make bench` run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize(("script", "last"), [("examples/demo.py", "done in"), ("benches/demo_queries.py", "")])
def test_the_script_runs_to_its_end(script: str, last: str) -> None:
    run = subprocess.run([sys.executable, PROJECT / script], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert last in run.stdout.splitlines()[-1]
