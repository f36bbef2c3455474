"""Queries with and without rules of the optimizer, and faults that are planted in the rules to be found so."""

from __future__ import annotations

import collections
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import random_graphs
import random_patterns
import rewrite_shapes
import rewrites
from fuzz_answers import frozen, misnamed, opened, print_graph
from rewrite_shapes import Asked

import grism_ray as gr
import naive

if TYPE_CHECKING:
    import random

    from fuzz_answers import Bag, Tally

RULES = Path(__file__).resolve().parent.parent / "crates" / "grism-logical" / "src" / "optimizer"
FUZZ = Path(__file__).with_name("fuzz.py")
SOURCES = ["shapes"] * 7 + ["patterns"] * 2 + ["model"]
"""Where queries come from, as often as each is chosen."""


PLANTED = "GRISM_PLANTED"
"""The variable of the environment that names a fault of a rule, for builds with the feature ``failpoints``."""
LONGEST = 1.0
"""Seconds for a query: without rules some take a time that grows with the number of all paths."""
Found = list[Any] | str
"""Rows, or the error that is given instead of them."""


@dataclass
class Way:
    """A way to ask for the same answer: other options, or another text."""

    name: str
    text: str
    options: dict[str, Any]


def optional_rules() -> list[str]:
    """The rules of the optimizer that can be left out, as the error for an unknown one names them."""
    try:
        gr.open().query("RETURN 1 AS n", rewrites=["no such rule at all"])
    except gr.InvalidQueryError as error:
        return str(error).split("there are ")[1].split(", and none")[0].split(", ")
    message = "an unknown rule is not refused"
    raise AssertionError(message)


def rows_of(graph: gr.Graph, query: Asked, way: Way) -> Found | None:
    """The rows, in order where that is fixed, or the error; ``None`` where it takes too long."""
    try:
        rows = graph.query(way.text, query.parameters, timeout=LONGEST, **way.options).to_pylist()
    except gr.CancelledError:
        return None
    except gr.GrismError as error:
        return f"{type(error).__name__}: {error}"
    found = [tuple(frozen(value) for value in row.values()) for row in rows]
    return found if query.is_ordered else sorted(found, key=repr)


def same_rows(usual: Found, other: Found) -> bool:
    """Whether two ways to ask give the same rows, or errors of one kind that is not a bug by itself."""
    if isinstance(usual, str) and usual.startswith("InternalError"):
        return False
    if isinstance(usual, str) and isinstance(other, str):
        return usual.split(":")[0] == other.split(":")[0]
    return usual == other


def changing(graph: gr.Graph, query: Asked, rules: list[str]) -> list[str]:
    """Those of the rules that change the plan of the query."""
    try:
        plan = json.loads(graph.explain(query.text, query.parameters, verbose=True, format="json"))
    except gr.GrismError:
        return []
    return [rule["name"] for rule in plan["rules"] if rule["name"] in rules]


def ways_without(rng: random.Random, query: Asked, rules: list[str]) -> list[Way]:
    """The query without rules of the optimizer: all of them, and one of these; and a few in stages."""
    rule = rng.choice(rules)
    ways = [Way("none", query.text, {"rewrites": "none"}), Way(f"without {rule}", query.text, {"rewrites": [rule]})]
    if rng.random() < 0.04:
        ways.append(Way("staged", query.text, {"engine": "staged", "partitions": 2}))
    return ways


def asked_of(rng: random.Random, source: str, own: random_graphs.Graph) -> tuple[Asked, list[Way], Bag | None]:
    """A query, other texts that say the same, and the answer of the naive model where there is one."""
    if source == "shapes":
        return rewrite_shapes.Shapes(rng, own.model).random_query(), [], None
    if source == "model":
        query = naive.random_query(rng, own.model)
        return Asked(query.text, query.constructs), [], query.answer
    pattern = random_patterns.random_query(rng, own.declared_edges, "any")
    other, what = pattern, []
    for _ in range(rng.choice([1, 1, 2, 4])):
        last, other = rewrites.random_rewrite(rng, other)
        what.append(last)
    ways = [Way(", ".join(what), other.text(), {})]
    return Asked(pattern.text(), pattern.constructs, random_patterns.PARAMETERS), ways, None


def check_rewrites(tally: Tally, rng: random.Random, queries: int, *, plant: bool) -> bool:
    """Some queries on one graph with and without rules of the optimizer; whether one differs."""
    assert not plant, "faults are planted in the rules themselves"
    rules = optional_rules()
    source = rng.choice(SOURCES)
    if source == "shapes":
        own = random_graphs.denser_graph(rng)
    else:
        own = random_graphs.random_graph(rng) if source == "patterns" else random_graphs.Graph(naive.random_model(rng))
    graph = opened(own.statements())
    while queries > 0:
        query, ways, expected = asked_of(rng, source, own)
        usual = rows_of(graph, query, Way("all", query.text, {}))
        tally.slow += usual is None
        is_filled = isinstance(usual, list) and any(row != (0,) for row in usual)
        # Answers that hold something say more; a share of empty ones stays.
        if usual is None or misnamed(usual) or (not is_filled and rng.random() < 0.8):
            continue
        changed = changing(graph, query, rules)
        # Where no rule changes anything there is nothing to compare.
        if source == "shapes" and not changed and rng.random() < 0.8:
            continue
        if expected is not None:
            queries -= 1
            tally.checked([*query.constructs, "by the model"], filled=is_filled)
            if isinstance(usual, str) or collections.Counter(usual) != expected:
                print(f"pair {tally.done} of seed {tally.seed} differs from the model:\n{query.text}")
                print(f"found {usual}\nmodel {sorted(expected.elements(), key=repr)}")
                print_graph(own.statements())
                return True
        for way in ways + ways_without(rng, query, changed or rules):
            other = rows_of(graph, query, way)
            if other is None:
                tally.slow += 1
                continue
            queries -= 1
            kinds = ["in stages" if way.name == "staged" else "without a rule" if way.options else "another text"]
            kinds += [f"changed by {rule}" for rule in changed]
            tally.checked(query.constructs + kinds, filled=is_filled)
            # A label that is moved into the pattern may tell that the hyperedge has no such role.
            if not same_rows(usual, other) and not (misnamed(other) and not way.options):
                explain_way(tally, own, query, way)
                return True
    return False


def explain_way(tally: Tally, own: random_graphs.Graph, query: Asked, way: Way) -> None:
    """Prints the two ways to ask, and the smallest graph on which their answers differ."""
    all_rules = Way("all", query.text, {})

    def both(changed: random_graphs.Graph) -> list[Found | None]:
        graph = opened(changed.statements())
        return [rows_of(graph, query, all_rules), rows_of(graph, query, way)]

    def kinds(answers: list[Found | None]) -> list[str]:
        return [answer.split(":")[0] if isinstance(answer, str) else "" for answer in answers]

    expected = kinds(both(own))

    def differs(less: random_graphs.Graph) -> bool:
        try:
            usual, other = answers = both(less)
        except gr.NotFoundError:
            # An index is of a property that no entity has any more.
            return False
        are_known = usual is not None and other is not None
        return are_known and not same_rows(usual, other) and kinds(answers) == expected

    # Where a fault is planted, the place does not matter.
    if PLANTED not in os.environ and differs(own):
        own = random_graphs.smallest(own, differs)
    usual, other = both(own)
    print(f"pair {tally.done} of seed {tally.seed} differs ({way.name}): {', '.join(query.constructs)}\n{query.text}")
    print(f"{query.parameters}\n" * bool(query.parameters), end="")
    print(f"{way.text}\n" * (way.text != query.text), end="")
    print(f"all rules: {usual}\n{way.name}: {other}")
    print_graph(own.statements())


def planted_faults() -> list[str]:
    """The faults that can be planted in rules, as their sources name them."""
    sources = sorted(RULES.rglob("*.rs"))
    found = re.compile(r'is_planted\(\s*"([a-z_.]+)"')
    return [name for source in sources for name in found.findall(source.read_text(encoding="utf-8"))]


def found_after(fault: str, pairs: int, seed: int) -> int | None:
    """The number of the pair that shows a fault, in a process of its own, or ``None``."""
    command = [sys.executable, str(FUZZ), "--kind", "rewrites", "--pairs", str(pairs), "--seed", str(seed)]
    environment = os.environ | {PLANTED: fault}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    found = re.search(r"^pair (\d+) of seed", ran.stdout, re.M)
    if found is None and ran.returncode != 0:
        raise RuntimeError(ran.stderr)
    return int(found[1]) if found else None


def find_planted(faults: list[str], pairs: int, seed: int) -> bool:
    """Plants each fault, and says after how many pairs it is found; whether all are."""
    missed = 0
    for fault in faults:
        started = time.monotonic()
        found = found_after(fault, pairs, seed)
        missed += found is None
        result = f"not found by {pairs} pairs" if found is None else f"found by pair {found}"
        print(f"{fault}: {result}, {time.monotonic() - started:.0f} s", flush=True)
    print(f"{len(faults) - missed} of {len(faults)} faults are found")
    return missed == 0
