"""Short runs of the fuzzers; ``make fuzz`` has the long ones."""

from __future__ import annotations

import pytest

import fuzz

PAIRS = {"model": 1_500, "cutting": 300, "equivalence": 400}


@pytest.mark.parametrize("kind", PAIRS)
def test_no_pair_differs(kind: str) -> None:
    assert fuzz.run(PAIRS[kind], seed=11, kind=kind) is None


@pytest.mark.parametrize("kind", PAIRS)
def test_a_planted_bug_is_found(kind: str) -> None:
    assert fuzz.run(2_000, seed=11, kind=kind, plant=True) is not None
