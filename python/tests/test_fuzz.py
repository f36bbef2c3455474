"""A short run of the fuzzer; ``benches/fuzz.py --pairs 20000`` is the long one."""

from __future__ import annotations

import fuzz


def test_random_patterns_agree_with_the_naive_model() -> None:
    assert fuzz.run(1_500, seed=11) is None


def test_a_planted_bug_is_found() -> None:
    found = fuzz.run(2_000, seed=11, plant=True)
    assert found is not None
