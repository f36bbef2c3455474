"""Where the conformance cases and the data are that lie beside the project, and notes for the end of a test run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTES: list[str] = []
"""Lines that pytest prints after its summary: measured times and scores."""


def folder(name: str) -> Path:
    """The folder ``name`` beside the project (or in ``GRISM_SHARED``); skips the test where there is none."""
    found = Path(os.environ.get("GRISM_SHARED", ROOT.parent / "shared")) / name
    if not found.is_dir():
        pytest.skip(f"{name}: no such folder beside the project, and none in GRISM_SHARED")
    return found
