"""Operators of another crate: its module takes the place of Grism's own, so its tests run in another process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MODULE = Path(__file__).parents[2] / "examples" / "custom_operator" / "python"


def test_the_operators_of_the_example_run_on_every_engine() -> None:
    # Workers of Ray find the module where this process does.
    environment = {**os.environ, "PYTHONPATH": str(MODULE)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(MODULE)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
