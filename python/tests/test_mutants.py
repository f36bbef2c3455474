"""The faults of ``benches/mutants.toml`` can be planted: each function is there, and holds what is to be replaced."""

from __future__ import annotations

import mutants


def test_every_mutant_can_be_planted_in_a_function_of_its_own() -> None:
    found = mutants.mutants()
    for mutant in found:
        assert mutant.source() != mutant.path.read_text(encoding="utf-8"), mutant.name
    assert len({(mutant.file, mutant.function) for mutant in found}) == len(found) >= 20
