"""Short runs of the fuzzers; ``make fuzz`` has the long ones."""

from __future__ import annotations

import fuzz_rewrites
import pytest

import fuzz

PAIRS = {"model": 1_500, "cutting": 300, "equivalence": 400}


@pytest.mark.parametrize("kind", PAIRS)
def test_no_pair_differs(kind: str) -> None:
    assert fuzz.run(PAIRS[kind], seed=11, kind=kind) is None


@pytest.mark.parametrize("kind", PAIRS)
def test_a_planted_bug_is_found(kind: str) -> None:
    assert fuzz.run(2_000, seed=11, kind=kind, plant=True) is not None


def test_rules_of_the_optimizer_keep_the_answers() -> None:
    assert fuzz.run(1_200, seed=11, kind="rewrites") is None


def test_every_rule_that_can_be_left_out_has_a_fault_to_plant() -> None:
    faulty = {fault.split(".")[0] for fault in fuzz_rewrites.planted_faults()}
    assert set(fuzz_rewrites.optional_rules()) <= faulty


@pytest.mark.parametrize("fault", ["weigh_patterns.loops", "drop_implied_uniqueness", "limit_sort", "use_indexes"])
def test_a_fault_that_is_planted_in_a_rule_is_found(fault: str) -> None:
    assert fuzz_rewrites.found_after(fault, pairs=4_000, seed=11) is not None
