"""What the structure of the code must keep: who names whom, and how large a room may be."""

from __future__ import annotations

import tomllib

import structure

BELOW: dict[str, set[str]] = {
    "grism-core": set(),
    "grism-text": {"grism-core"},
    "grism-functions": {"grism-core"},
    "grism-logical": {"grism-core", "grism-functions"},
    "grism-cypher": {"grism-core", "grism-functions", "grism-logical"},
    "grism-engine": {"grism-core", "grism-functions", "grism-logical"},
    "grism-storage": {"grism-core", "grism-text"},
    "grism-local": {"grism-core", "grism-logical", "grism-engine", "grism-storage"},
    "grism-ray": {"grism-core", "grism-logical", "grism-engine", "grism-storage"},
}
"""The crates that a crate may depend on."""

MOST_LINES = 510
"""Lines of a file without its tests."""

CIRCLES: dict[str, int] = {"grism-cypher": 1, "grism-engine": 1, "grism-storage": 1}
"""The circles of modules in a crate at most; docs/architecture.md explains those that stay."""


def test_modules_use_each_other_in_one_direction() -> None:
    for name, files in structure.crates().items():
        found = structure.circles(files)
        assert len(found) <= CIRCLES.get(name, 0), (name, found)


def test_planners_and_runtimes_name_no_operator_and_ask_for_no_concrete_type() -> None:
    assert structure.named_operators() == []
    crates = structure.crates()
    assert [
        place for name in ("grism-local", "grism-ray") for place in structure.measured(crates[name]).downcasts
    ] == []


def test_crates_depend_on_those_below_them() -> None:
    for name, below in BELOW.items():
        manifest = tomllib.loads((structure.PROJECT / "crates" / name / "Cargo.toml").read_text())
        own = {other for other in manifest["dependencies"] if other.startswith("grism")}
        assert own <= below, name


def test_no_file_is_too_long() -> None:
    files = [file for files in structure.crates().values() for file in files]
    assert [f"{file.path}: {len(file.lines)}" for file in files if len(file.lines) > MOST_LINES] == []


def test_every_file_says_what_it_is() -> None:
    files = [file for files in structure.crates().values() for file in files if file.lines]
    assert [file.path for file in files if not file.lines[0].startswith("//!")] == []
