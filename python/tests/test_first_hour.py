"""The session of docs/first_hour.md, run as it stands there."""

from __future__ import annotations

import doctest
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

PROJECT = Path(__file__).parents[2]


def test_the_first_hour_goes_as_the_guide_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(PROJECT / "examples" / "data" / "first_hour", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    guide = PROJECT / "docs" / "first_hour.md"
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    results = doctest.testfile(str(guide), module_relative=False, optionflags=options)
    assert results.failed == 0
    assert results.attempted >= 20
