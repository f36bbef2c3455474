"""Twins of the openCypher TCK: scenarios whose relationship types are declared before, with `source` and `target`.

The queries stay as they are, and so must the answers:

    python python/tests/twins.py features twins
"""

from __future__ import annotations

import argparse
import collections
import re
from pathlib import Path

STEP = re.compile(r"-\[\s*\w*\s*:([^\]{}*$]*)")
"""The types of a relationship pattern, up to its length or properties."""
TYPES = re.compile(r"\w+(\s*\|\s*:?\s*\w+)*\s*")
START = re.compile(r"(\s*)Given (?:an empty|any) graph\s*")


def twin(scenario: list[str]) -> list[str] | str:
    """The lines of the scenario with its types declared, or why it has no twin."""
    text = "\n".join(scenario)
    written = [found[1] for found in STEP.finditer(text)]
    if not written:
        return "no relationship type"
    if not all(TYPES.fullmatch(types) for types in written):
        return "types in an outline or an expression"
    names = sorted({name for types in written for name in re.findall(r"\w+", types)})
    starts = [number for number, line in enumerate(scenario) if START.fullmatch(line)]
    if len(starts) != 1:
        return "a graph that is given by name"
    [at] = starts
    indent = re.match(r"\s*", scenario[at])[0]  # type: ignore[index]
    declared = []
    for name in names:
        declared += [f"{indent}And having executed:", f'{indent}  """']
        declared += [f"{indent}  CREATE HYPEREDGE TYPE `{name}` (source, target)", f'{indent}  """']
    return [*scenario[: at + 1], *declared, *scenario[at + 1 :]]


def scenarios(lines: list[str]) -> tuple[list[str], list[list[str]]]:
    """What stands before the first scenario, and the lines of each."""
    starts = [n for n, line in enumerate(lines) if re.match(r"\s*Scenario(?: Outline)?:", line)]
    # Tags stand above their scenario.
    starts = [n - 1 if lines[n - 1].strip().startswith("@") else n for n in starts]
    parts = [lines[first:end] for first, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    return lines[: starts[0]] if starts else lines, parts


def write_twins(features: Path, output: Path) -> collections.Counter[str]:
    """Writes the twins of all files; how many scenarios were taken and left, and why."""
    counts: collections.Counter[str] = collections.Counter()
    for path in sorted(features.rglob("*.feature")):
        head, parts = scenarios(path.read_text().splitlines())
        taken = []
        for part in parts:
            made = twin(part)
            counts["taken" if isinstance(made, list) else f"left: {made}"] += 1
            if isinstance(made, list):
                taken.append(made)
        if taken:
            target = output / path.relative_to(features)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("\n".join([*head, *(line for part in taken for line in part)]) + "\n")
    return counts


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("features", type=Path, help="the TCK's folder of .feature files")
    parser.add_argument("output", type=Path, help="where the twins go")
    arguments = parser.parse_args()
    for reason, count in sorted(write_twins(arguments.features, arguments.output).items()):
        print(f"{count:>6}  {reason}")
