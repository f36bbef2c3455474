"""Random graphs and random patterns, checked in one of three ways.

    python benches/fuzz.py --kind model --pairs 20000 --seed 1

``model`` compares the local and the staged engine with the naive model. ``cutting`` unites two random graphs and
compares what a pattern finds in the whole with what it finds in the parts. ``equivalence`` compares a query with others
that say the same. ``rewrites`` compares a query with itself without rules of the optimizer: without all of them that can
be left out, and without one. A pair is a query with its expected answer.

Prints counts for each construct, the share of answers that are not empty, the seed and the time. With ``--plant``
there is a bug, and a difference must show: the model forgets that incidences and edges are taken once, the whole has
edges across the cut, or a query loses a condition.
"""

from __future__ import annotations

import argparse
import collections
import random
import sys
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent / "python" / "tests"))

import cutting
import random_graphs
import random_patterns
import rewrite_shapes
import rewrites

import grism_ray as gr
import naive
from rewrite_shapes import Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from random_patterns import Query

ENGINES: dict[str, dict[str, Any]] = {"local": {}, "staged": {"partitions": 3}}
Bag = collections.Counter[tuple[Any, ...]]
Answer = Bag | str
"""Rows, or the error that is given instead of them."""


@dataclass
class Tally:
    """What was checked so far."""

    kind: str
    seed: int
    done: int = 0
    filled: int = 0
    unsupported: int = 0
    slow: int = 0
    constructs: collections.Counter[str] = field(default_factory=collections.Counter)
    started: float = field(default_factory=time.monotonic)

    def checked(self, constructs: Iterable[str], *, filled: bool) -> None:
        """Counts a pair."""
        self.done += 1
        self.filled += filled
        self.constructs.update(set(constructs))

    def report(self) -> None:
        """Prints the counts."""
        seconds = time.monotonic() - self.started
        share = self.filled / max(self.done, 1)
        print(f"{self.done} {self.kind} pairs, seed {self.seed}: no difference", end=", ")
        print(f"{share:.0%} of the answers not empty, {seconds:.0f} s")
        if self.unsupported:
            print(f"  {self.unsupported} pairs are not supported in either form")
        if self.slow:
            print(f"  {self.slow} more took too long in one form, and were left out")
        for construct, count in self.constructs.most_common():
            print(f"  {count:6}  {construct}")


def opened(statements: list[str]) -> gr.Graph:
    """A graph in memory that the statements make."""
    graph = gr.open()
    for statement in statements:
        graph.execute(statement)
    return graph


def answered(graph: gr.Graph, text: str, engine: str) -> Answer:
    """The rows, or the error."""
    try:
        rows = graph.query(text, random_patterns.PARAMETERS, engine=engine, **ENGINES[engine]).to_pylist()
    except gr.GrismError as error:
        return f"{type(error).__name__}: {error}"
    return collections.Counter(tuple(frozen(value) for value in row.values()) for row in rows)


def frozen(value: Any) -> Any:
    """The value as one that can be counted."""
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    if isinstance(value, bool | float):
        # Equal to an integer in Python.
        return repr(value)
    # An id is another one in another graph; the number `k` is not.
    if isinstance(value, gr.Node):
        return repr((value.labels, sorted(value.properties.items())))
    return repr((value.type, sorted(value.properties.items()))) if isinstance(value, gr.Hyperedge) else value


def refused(answer: Answer) -> bool:
    """Whether the query is not supported."""
    return isinstance(answer, str) and answer.startswith("UnsupportedError")


def misnamed(answer: object) -> bool:
    """Whether the query asks a hyperedge for a role that it does not have, which is an error."""
    return isinstance(answer, str) and "has no role" in answer


def error_of(answer: Answer) -> str:
    """The first line of an error, or nothing."""
    return answer.splitlines()[0] if isinstance(answer, str) else ""


def filled(answer: Answer) -> bool:
    """Whether something was found."""
    return not isinstance(answer, str) and any(row != (0,) for row in answer)


def told(name: str, answer: Answer, other: Answer) -> None:
    """Prints an answer, or what it has more than another."""
    if isinstance(answer, str) or isinstance(other, str):
        print(f"{name}: {answer if isinstance(answer, str) else sum(answer.values())}")
    else:
        print(f"{name}, more: {answer - other}")


def print_graph(statements: list[str]) -> None:
    """Prints what rebuilds a graph."""
    print(";\n".join(statements) + ";")


# Against the naive model


def check_model(tally: Tally, rng: random.Random, queries: int, *, plant: bool) -> bool:
    """Some queries on one graph against the naive model; whether one differs."""
    model = naive.random_model(rng)
    statements = [naive.DECLARATIONS, naive.create_statement(model)]
    graph = opened(statements)
    for _ in range(queries):
        query = naive.random_query(rng, model, unique=not plant)
        # Answers that hold something say more; a share of empty ones stays.
        for _ in range(2):
            if not filled(query.answer) and rng.random() < 0.75:
                query = naive.random_query(rng, model, unique=not plant)
        tally.checked(query.constructs, filled=filled(query.answer))
        for engine in ENGINES:
            answer = answered(graph, query.text, engine)
            if answer != query.answer:
                print(f"pair {tally.done} of seed {tally.seed} differs ({engine}):\n{query.text}")
                told("engine", answer, query.answer)
                told("model", query.answer, answer)
                print_graph(statements)
                return True
    return False


def useful(rng: random.Random, graph: gr.Graph, declared_edges: bool, rule: str) -> tuple[Query, Answer]:
    """A random query with its local answer; most that find nothing are drawn again."""
    empty = 0
    while True:
        query = random_patterns.random_query(rng, declared_edges, rule)
        answer = answered(graph, query.text(), "local")
        if misnamed(answer):
            continue
        empty += not filled(answer)
        if isinstance(answer, str) or filled(answer) or empty > 3 or rng.random() < 0.2:
            return query, answer


# A graph cut into two


def check_cutting(tally: Tally, rng: random.Random, queries: int, *, plant: bool) -> bool:
    """Some queries on a graph and on its two parts; whether one differs."""
    parts = cutting.random_parts(rng)
    graphs = cut_graphs(parts, plant=plant)
    for _ in range(queries):
        rule = rng.choice(["local", "local", "monotone"])
        query, _ = useful(rng, graphs[0], parts[0].declared_edges, rule)
        text = query.text()
        offset = cutting.offset_of(parts[0])
        for engine in ENGINES:
            answers = [answered(graph, text, engine) for graph in graphs]
            wrong = cut_difference(query, offset, answers)
            if wrong is not None:
                print(f"pair {tally.done + 1} of seed {tally.seed} differs ({engine}): {wrong}\n{text}")
                explain_cut(query, parts, engine, plant=plant)
                return True
        tally.unsupported += refused(answers[0])
        kinds = ["connected" if cutting.connected(query) else "not connected"] + ["exact"] * query.exact
        tally.checked(query.constructs + kinds, filled=filled(answers[0]))
    return False


def cut_graphs(parts: list[random_graphs.Graph], *, plant: bool) -> list[gr.Graph]:
    """The whole and its parts, opened."""
    whole = random_graphs.united(*parts)
    if plant:
        cutting.bridged(whole, cutting.offset_of(parts[0]))
    return [opened(graph.statements()) for graph in (whole, *parts)]


def cut_difference(query: Query, offset: int, answers: list[Answer]) -> str | None:
    """What is wrong about the answers of the whole and of its parts, if anything."""
    if all(refused(answer) for answer in answers):
        return None
    errors = [answer for answer in answers if isinstance(answer, str)]
    if errors:
        return errors[0]
    whole, first, second = answers
    assert not isinstance(whole, str)
    assert not isinstance(first, str)
    assert not isinstance(second, str)
    return cutting.difference(query, offset, whole, first, second)


def explain_cut(query: Query, parts: list[random_graphs.Graph], engine: str, *, plant: bool) -> None:
    """Prints the smallest parts that still differ."""
    offset = cutting.offset_of(parts[0])

    def errors(answers: list[Answer]) -> list[str]:
        return [error_of(answer) for answer in answers]

    def answers_on(changed: list[random_graphs.Graph]) -> list[Answer]:
        return [answered(graph, query.text(), engine) for graph in cut_graphs(changed, plant=plant)]

    expected = errors(answers_on(parts))

    def differs(changed: list[random_graphs.Graph]) -> bool:
        answers = answers_on(changed)
        return cut_difference(query, offset, answers) is not None and errors(answers) == expected

    if not plant:
        parts = [
            random_graphs.smallest(parts[0], lambda less: differs([less, parts[1]])),
            parts[1],
        ]
        parts = [parts[0], random_graphs.smallest(parts[1], lambda less: differs([parts[0], less]))]
    for name, part in zip(("the first part", "the second part"), parts, strict=True):
        print(f"// {name}")
        print_graph(part.statements())


# Queries that say the same


def check_equivalence(tally: Tally, rng: random.Random, queries: int, *, plant: bool, variants: int = 4) -> bool:
    """Some queries, each against a few others that say the same; whether one differs."""
    own = random_graphs.random_graph(rng)
    graph = opened(own.statements())
    while queries > 0:
        query, expected = useful(rng, graph, own.declared_edges, "any")
        if wrong_answer(expected, answered(graph, query.text(), "staged")):
            tally.done += 1
            explain_chain(tally, own, [("as it is", query), ("as it is", query)], "staged")
            return True
        for _ in range(min(variants, queries)):
            queries -= 1
            chain = [("as it is", query)]
            for _ in range(rng.choice([1, 1, 2, 3, 4, 6])):
                chain.append(rewrites.random_rewrite(rng, chain[-1][1]))
            if plant:
                chain.append(("a planted bug", rewrites.planted(chain[-1][1])))
            tally.checked(query.constructs + [f"to {what}" for what, _ in chain[1:]], filled=filled(expected))
            for engine in ENGINES:
                answer = answered(graph, chain[-1][1].text(), engine)
                # A label that is moved into the pattern may tell that the hyperedge has no such role.
                if wrong_answer(expected, answer) and not misnamed(answer):
                    explain_chain(tally, own, chain, engine)
                    return True
            tally.unsupported += refused(expected)
    return False


def wrong_answer(expected: Answer, answer: Answer) -> bool:
    """Whether two queries that say the same have different answers, or have errors."""
    if refused(expected) and refused(answer):
        return False
    return isinstance(expected, str) or expected != answer


def explain_chain(tally: Tally, own: random_graphs.Graph, chain: list[tuple[str, Query]], engine: str) -> None:
    """Prints the first change of the chain that changes the answer, on the smallest graph where it does."""
    graph = opened(own.statements())
    answers = [answered(graph, chain[0][1].text(), "local")]
    answers += [answered(graph, query.text(), engine) for _, query in chain[1:]]
    last = len(chain) - 1
    at = next((place for place in range(1, last) if wrong_answer(answers[place - 1], answers[place])), last)
    texts = [chain[at - 1][1].text(), chain[at][1].text()]
    engines = ["local" if at == 1 else engine, engine]

    def both(changed: random_graphs.Graph) -> list[Answer]:
        graph = opened(changed.statements())
        return [answered(graph, text, name) for text, name in zip(texts, engines, strict=True)]

    first, second = both(own)
    kinds = error_of(first), error_of(second)

    def differs(less: random_graphs.Graph) -> bool:
        first, second = both(less)
        return wrong_answer(first, second) and kinds == (error_of(first), error_of(second))

    own = random_graphs.smallest(own, differs)
    first, second = both(own)
    print(f"pair {tally.done} of seed {tally.seed} differs ({engine}): {chain[at][0]}\n{texts[0]}\n{texts[1]}")
    told("first", first, second)
    told("second", second, first)
    print_graph(own.statements())


# With and without rules of the optimizer

SOURCES = ["shapes"] * 6 + ["patterns"] * 3 + ["model"]
"""Where queries come from, as often as each is chosen."""


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
    """Whether two ways to ask give the same rows, or errors of one kind."""
    if isinstance(usual, str) and isinstance(other, str):
        return usual.split(":")[0] == other.split(":")[0]
    return usual == other


def ways_without(rng: random.Random, query: Asked, rules: list[str]) -> list[Way]:
    """The query without rules of the optimizer: all of them, and one; and a few in stages."""
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
    ways = []
    if rng.random() < 0.5:
        what, other = rewrites.random_rewrite(rng, pattern)
        ways.append(Way(what, other.text(), {}))
    return Asked(pattern.text(), pattern.constructs, random_patterns.PARAMETERS), ways, None


def check_rewrites(tally: Tally, rng: random.Random, queries: int, *, plant: bool) -> bool:
    """Some queries on one graph with and without rules of the optimizer; whether one differs."""
    assert not plant, "faults in rules are planted by --planted"
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
        if expected is not None:
            queries -= 1
            tally.checked([*query.constructs, "by the model"], filled=is_filled)
            if isinstance(usual, str) or collections.Counter(usual) != expected:
                print(f"pair {tally.done} of seed {tally.seed} differs from the model:\n{query.text}")
                print(f"found {usual}\nmodel {sorted(expected.elements(), key=repr)}")
                print_graph(own.statements())
                return True
        for way in ways + ways_without(rng, query, rules):
            other = rows_of(graph, query, way)
            if other is None:
                tally.slow += 1
                continue
            queries -= 1
            kinds = ["in stages" if way.name == "staged" else "without a rule" if way.options else "another text"]
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
        usual, other = answers = both(less)
        are_known = usual is not None and other is not None
        return are_known and not same_rows(usual, other) and kinds(answers) == expected

    own = random_graphs.smallest(own, differs) if differs(own) else own
    usual, other = both(own)
    print(f"pair {tally.done} of seed {tally.seed} differs ({way.name}): {', '.join(query.constructs)}\n{query.text}")
    print(f"{query.parameters}\n" * bool(query.parameters), end="")
    print(f"{way.text}\n" * (way.text != query.text), end="")
    print(f"all rules: {usual}\n{way.name}: {other}")
    print_graph(own.statements())


CHECKS: dict[str, Callable[..., bool]] = {
    "model": check_model,
    "cutting": check_cutting,
    "equivalence": check_equivalence,
    "rewrites": check_rewrites,
}


def run(pairs: int, seed: int, *, kind: str = "model", plant: bool = False, queries: int = 25) -> int | None:
    """Checks the pairs; the number of the first one that differs, or ``None``."""
    rng = random.Random(seed)
    tally = Tally(kind, seed)
    with warnings.catch_warnings():
        # Patterns ask for labels, types and properties that a graph may lack.
        warnings.simplefilter("ignore", gr.GrismWarning)
        while tally.done < pairs:
            if CHECKS[kind](tally, rng, min(queries, pairs - tally.done), plant=plant):
                return tally.done
    tally.report()
    return None


def main() -> None:
    """Reads the arguments and runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=list(CHECKS), default="model")
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plant", action="store_true", help="plant a bug, to see that it is found")
    arguments = parser.parse_args()
    differs = run(arguments.pairs, arguments.seed, kind=arguments.kind, plant=arguments.plant)
    sys.exit(0 if (differs is not None) == arguments.plant else 1)


if __name__ == "__main__":
    main()
