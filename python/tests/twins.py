"""Twins of the openCypher TCK: its scenarios over hyperedges, whose answers are those of the scenarios.

In twins of the kind ``declared`` the relationship types are declared before, with the roles ``source`` and ``target``,
and the queries stay as they are. In those of the kind ``roles`` the types have one more optional role, and each step
over a relationship becomes two over roles:

    python python/tests/twins.py declared features twins
"""

from __future__ import annotations

import argparse
import collections
import re
from pathlib import Path

KINDS = ["declared", "roles"]
STEP = re.compile(r"-\[\s*\w*\s*:([^\]{}*$]*)")
"""The types of a relationship pattern, up to its length or properties."""
TYPES = re.compile(r"\w+(\s*\|\s*:?\s*\w+)*\s*")
START = re.compile(r"(\s*)Given (?:an empty|any) graph\s*")
NAMED = re.compile(r"(\s*)Given the (\S+) graph\s*")


BRACKETS = r"\[(?:[^\[\]]|\[[^\]]*\])*\]"
"""From a bracket to the one that closes it; a list may stand within."""
ANY_STEP = re.compile(rf"<?-{BRACKETS}->?|<?-->?(?=\s*\()")
PLAIN_STEP = re.compile(r"(<?)-(?:\[\s*(\w*)\s*(:[\w\s|:]+?)?\s*(\{[^}]*\})?\s*\])?-(>?)")
"""A step without a length: left arrow, variable, types with their colon, properties, right arrow."""
LOOP = re.compile(rf"\((\w+)[^()]*\)<?-{BRACKETS}->?\(\1\)")
"""A relationship from a node to itself."""
SEEN = re.compile(r"\b(?:MATCH|MERGE)\s+\((?:\s*\w*\s*)(?:\{[^}]*\}\s*)?\)(?!\s*<?-)", re.IGNORECASE)
"""A clause that reads a node without a label and without a step: hyperedges are among the answers."""
EFFECTS = "And the side effects should be:"


def over_roles(scenario: list[str]) -> list[str] | str:
    """The scenario with two steps over roles for each over a relationship, or why that asks for something else."""
    body = "\n".join(line for line in scenario[1:] if not line.lstrip().startswith("|"))
    if re.search(r"\*\s*(?:\d|\.|\]|$)|shortest", body, re.IGNORECASE):
        return "a variable length"
    steps = [PLAIN_STEP.fullmatch(found[0]) for found in ANY_STEP.finditer(body)]
    if not all(steps):
        return "a step with something else in it"
    directed = [bool(step[1]) != bool(step[5]) for step in steps if step]
    if LOOP.search(body) and not all(directed):
        # Over roles a loop is met both ways round.
        return "a loop and a step without a direction"
    for clause in re.split(r"\b(?=(?:CREATE|MERGE|(?:OPTIONAL )?MATCH|WITH|RETURN|SET|DELETE)\b)", body):
        written = [PLAIN_STEP.fullmatch(found[0]) for found in ANY_STEP.finditer(clause)]
        if re.match("CREATE|MERGE", clause) and not all(
            step and step[3] and bool(step[1]) != bool(step[5]) for step in written
        ):
            return "a step without a type or direction is created"
    names = {step[2] for step in steps if step and step[2]}
    rest = ANY_STEP.sub("", body)
    for name in names:
        # What a hyperedge answers as a relationship does.
        answered = (
            rf"\b{name}\.|\b(?:type|count|id|keys|properties)\({name}\)|\bDELETE {name}\b"
            rf"|\b{name}\[key\]|\b{name} IS (?:NOT )?NULL|\bSET {name} \+?="
        )
        if re.search(rf"\b{name}\b", re.sub(answered, "", rest)):
            return "a relationship as a value"
    if re.search(r"\b\w+\s*=\s*\(", body):
        return "a path"
    if SEEN.search(body) or re.search(r",\s*\(\s*\w*\s*\)(?!\s*<?-)", body):
        return "nodes without a label, among which hyperedges are"

    def rewritten(found: re.Match[str]) -> str:
        left, name, types, properties, right = found.groups()
        hyperedge = f"({name or ''}{types or ''} {properties or ''})"
        first, second = ("target", "source") if left else ("source", "target")
        if bool(left) == bool(right):
            first = second = "source|target"
        return f"<-[:{first}]-{hyperedge}-[:{second}]->"

    lines: list[str] = []
    skipping = False
    for line in scenario:
        skipping = line.strip() == EFFECTS or (skipping and line.lstrip().startswith("|"))
        if not skipping:
            # Tables hold answers, which stay.
            lines.append(
                line
                if line.lstrip().startswith("|")
                else ANY_STEP.sub(lambda found: PLAIN_STEP.sub(rewritten, found[0]), line)
            )
    return lines


def with_graph(scenario: list[str], graphs: Path) -> list[str]:
    """The scenario with the statement that makes its graph in place of the graph's name."""
    lines: list[str] = []
    for line in scenario:
        named = NAMED.fullmatch(line)
        if not named:
            lines.append(line)
            continue
        indent, name = named.groups()
        statement = (graphs / name / f"{name}.cypher").read_text().strip().rstrip(";")
        lines += [f"{indent}Given an empty graph", f"{indent}And having executed:", f'{indent}  """']
        lines += [f"{indent}  {part}" for part in statement.splitlines()] + [f'{indent}  """']
    return lines


def twin(scenario: list[str], kind: str) -> list[str] | str:
    """The lines of the scenario's twin, or why it has none."""
    text = "\n".join(scenario)
    written = [found[1] for found in STEP.finditer(text)]
    if not written:
        return "no relationship type"
    if not all(TYPES.fullmatch(types) for types in written):
        return "types in an outline or an expression"
    if kind == "roles":
        made = over_roles(scenario)
        if isinstance(made, str):
            return made
        scenario = made
    names = sorted({name for types in written for name in re.findall(r"\w+", types)})
    starts = [number for number, line in enumerate(scenario) if START.fullmatch(line)]
    if len(starts) != 1:
        return "no graph, or several"
    [at] = starts
    indent = re.match(r"\s*", scenario[at])[0]  # type: ignore[index]
    roles = "source, target" if kind == "declared" else "source, target, beside?"
    declared = []
    for name in names:
        declared += [f"{indent}And having executed:", f'{indent}  """']
        declared += [f"{indent}  CREATE HYPEREDGE TYPE `{name}` ({roles})", f'{indent}  """']
    return [*scenario[: at + 1], *declared, *scenario[at + 1 :]]


def scenarios(lines: list[str]) -> tuple[list[str], list[list[str]]]:
    """What stands before the first scenario, and the lines of each."""
    starts = [n for n, line in enumerate(lines) if re.match(r"\s*Scenario(?: Outline)?:", line)]
    # Tags stand above their scenario.
    starts = [n - 1 if lines[n - 1].strip().startswith("@") else n for n in starts]
    parts = [lines[first:end] for first, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    return lines[: starts[0]] if starts else lines, parts


def write_twins(kind: str, features: Path, output: Path) -> collections.Counter[str]:
    """Writes the twins of all files; how many scenarios were taken and left, and why."""
    counts: collections.Counter[str] = collections.Counter()
    for path in sorted(features.rglob("*.feature")):
        head, parts = scenarios(path.read_text().splitlines())
        taken = []
        for part in parts:
            made = twin(with_graph(part, features.parent / "graphs"), kind)
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
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("features", type=Path, help="the TCK's folder of .feature files")
    parser.add_argument("output", type=Path, help="where the twins go")
    arguments = parser.parse_args()
    for reason, count in sorted(write_twins(arguments.kind, arguments.features, arguments.output).items()):
        print(f"{count:>6}  {reason}")
