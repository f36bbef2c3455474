"""What the structure of the code comes to: lines, long functions, downcasts, statics and circles of modules.

    python python/tests/structure.py        prints a table by crate

``test_structure.py`` holds what must not grow again.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).parents[2]

STRUCTURAL = {"ExchangeExec", "InputPlaceExec", "ParallelExec", "StageInputExec"}
"""The operators that move rows between threads and stages, which the runtimes make themselves."""

PLANNERS = ("crates/grism-local/src", "crates/grism-ray/src")
"""Where operators are known by their properties only."""


@dataclass
class Source:
    """A Rust file without its tests."""

    path: str
    module: tuple[str, ...]
    lines: list[str]
    test_lines: int


@dataclass
class Crate:
    """The figures of one crate."""

    lines: int = 0
    test_lines: int = 0
    files: int = 0
    statics: list[str] = field(default_factory=list)
    downcasts: list[str] = field(default_factory=list)
    circles: list[list[str]] = field(default_factory=list)
    longest: tuple[int, str] = (0, "")


def crates() -> dict[str, list[Source]]:
    """The sources of each crate, by its name."""
    roots = {path.parent.name: path for path in sorted(PROJECT.glob("crates/*/src"))}
    return {name: sources(root) for name, root in {**roots, "grism": PROJECT / "src"}.items()}


def sources(root: Path) -> list[Source]:
    """The files below a source folder, those of tests apart."""
    found = []
    for path in sorted(root.rglob("*.rs")):
        inside = path.relative_to(root).with_suffix("")
        text = path.read_text().splitlines()
        is_test = "tests" in inside.parts or inside.name in {"testing", "tests"}
        end = next((at for at, line in enumerate(text) if line.startswith("#[cfg(test)]")), len(text))
        kept = [] if is_test else text[:end]
        parts = tuple(part for part in inside.parts if part not in {"mod", "lib", "main"})
        found.append(Source(str(path.relative_to(PROJECT)), parts, kept, len(text) - len(kept)))
    return found


def measured(files: list[Source]) -> Crate:
    """The figures of the files of one crate."""
    crate = Crate(files=len(files), circles=circles(files))
    for file in files:
        crate.lines += len(file.lines)
        crate.test_lines += file.test_lines
        crate.longest = max(crate.longest, longest_function(file))
        for number, line in enumerate(file.lines, 1):
            place = f"{file.path}:{number}"
            # The definition of a function is data that never changes.
            is_static = re.match(r"\s*(pub(\(.*\))? )?static (?!\w+: Function = )", line)
            if is_static or "thread_local!" in line:
                crate.statics.append(place)
            if re.search(r"\bdowncast_(ref|mut)\b|\.is::<", line):
                crate.downcasts.append(place)
    return crate


def longest_function(file: Source) -> tuple[int, str]:
    """The lines and the place of the longest function of a formatted file."""
    longest = (0, "")
    begun: list[tuple[int, str, int]] = []
    for number, line in enumerate(file.lines, 1):
        start = re.match(r"( *)(pub(\(.*\))? )?(const |async |unsafe )*fn (\w+)", line)
        if start and not line.rstrip().endswith(";"):
            begun.append((len(start.group(1)), f"{file.path}:{number} {start.group(5)}", number))
        while begun and line == " " * begun[-1][0] + "}":
            _, place, first = begun.pop()
            longest = max(longest, (number - first + 1, place))
    return longest


def named_operators() -> list[str]:
    """The places of the planners and runtimes that name an operator which computes something."""
    found = []
    for root in PLANNERS:
        for file in sources(PROJECT / root):
            for number, line in enumerate(file.lines, 1):
                code = line.split("//")[0]
                names = set(re.findall(r"\b[A-Z]\w*Exec\b", code)) - STRUCTURAL
                found += [f"{file.path}:{number} {name}" for name in sorted(names)]
    return found


def circles(files: list[Source]) -> list[list[str]]:
    """The groups of modules of a crate that use each other in a circle.

    A module uses another where a ``use`` names something of it; what a ``mod.rs`` re-exports belongs to the folder.
    """
    modules = {file.module for file in files}
    uses: dict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
    for file in files:
        for path in used_paths("\n".join(file.lines)):
            target = resolved(path, file.module, modules)
            if target and target != file.module and target != file.module[:-1]:
                uses[file.module].add(target)
    groups = strongly_connected(sorted(modules), uses)
    return [["::".join(module) for module in sorted(group)] for group in groups if len(group) > 1]


def used_paths(text: str) -> list[list[str]]:
    """The paths that the ``use`` declarations of a file name."""
    found = []
    for declaration in re.findall(r"^(?:pub(?:\([^)]*\))? )?use ((?:crate|super)[^;]*);", text, re.M):
        found += expanded(re.sub(r"\s+", "", declaration))
    return found


def expanded(tree: str) -> list[list[str]]:
    """The paths of a tree such as ``crate::a::{b,c::{d,e}}``."""
    head, brace, rest = tree.partition("{")
    prefix = [part for part in head.split("::") if part]
    if not brace:
        return [prefix]
    items, depth, item = [], 0, ""
    for letter in rest.rsplit("}", 1)[0]:
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            items.append(item)
            item = ""
        else:
            item += letter
    items.append(item)
    return [prefix + path for own in items if own for path in expanded(own)]


def resolved(path: list[str], module: tuple[str, ...], modules: set[tuple[str, ...]]) -> tuple[str, ...] | None:
    """The module of the crate that a path names something of."""
    base = list(module)
    parts = list(path)
    if parts[0] == "crate":
        base, parts = [], parts[1:]
    while parts and parts[0] == "super":
        base, parts = base[:-1], parts[1:]
    found = None
    for length in range(len(parts) + 1):
        candidate = tuple(base + parts[:length])
        if candidate in modules:
            found = candidate
    return found


def strongly_connected(
    nodes: list[tuple[str, ...]], edges: dict[tuple[str, ...], set[tuple[str, ...]]]
) -> list[list[tuple[str, ...]]]:
    """The strongly connected components of a graph (Kosaraju)."""

    def walked(start: tuple[str, ...], of: dict[tuple[str, ...], set[tuple[str, ...]]], seen: set) -> list:
        order, stack = [], [(start, iter(sorted(of.get(start, ()))))]
        seen.add(start)
        while stack:
            node, others = stack[-1]
            following = next((other for other in others if other not in seen), None)
            if following is None:
                order.append(node)
                stack.pop()
            else:
                seen.add(following)
                stack.append((following, iter(sorted(of.get(following, ())))))
        return order

    backwards: dict[tuple[str, ...], set[tuple[str, ...]]] = defaultdict(set)
    for node, others in edges.items():
        for other in others:
            backwards[other].add(node)
    seen: set[tuple[str, ...]] = set()
    finished = [node for start in nodes if start not in seen for node in walked(start, edges, seen)]
    seen = set()
    return [walked(node, backwards, seen) for node in reversed(finished) if node not in seen]


def main() -> None:
    """Prints the table."""
    heads = f"{'files':>5} {'lines':>7} {'tests':>7} {'statics':>7} {'downcasts':>9} {'circles':>7}"
    print(f"{'crate':16} {heads}  longest function")
    for name, files in crates().items():
        own = measured(files)
        counts = f"{own.files:>5} {own.lines:>7} {own.test_lines:>7} {len(own.statics):>7} {len(own.downcasts):>9}"
        print(f"{name:16} {counts} {len(own.circles):>7}  {own.longest[0]} {own.longest[1]}")
        for circle in own.circles:
            print(f"  circle: {', '.join(circle)}")
    print(f"operators named by planners and runtimes: {len(named_operators())}")


if __name__ == "__main__":
    main()
