"""Random graphs and random patterns, checked in one of three ways.

    python benches/fuzz.py --kind model --pairs 20000 --seed 1

``model`` compares the local and the staged engine with the naive model. ``cutting`` unites two random graphs and
compares what a pattern finds in the whole with what it finds in the parts. ``equivalence`` compares a query with others
that say the same. ``rewrites`` compares a query with itself without rules of the optimizer: without all of them that
can be left out, and without one; some with the naive model, with another text, or in stages. A pair is a query with its
expected answer.

Prints counts for each construct, the share of answers that are not empty, the seed and the time. With ``--plant``
there is a bug, and a difference must show: the model forgets that incidences and edges are taken once, the whole has
edges across the cut, or a query loses a condition.

    python benches/fuzz.py --planted

plants the faults that the optimizer's rules have for this (``is_planted`` in their sources), one after the other, each
in a process of its own, and says by which pair of the kind ``rewrites`` it is found. A build without the feature
``failpoints`` has no such faults.
"""

from __future__ import annotations

import argparse
import random
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent / "python" / "tests"))

import cutting
import random_graphs
import random_patterns
import rewrites
from fuzz_answers import (
    ENGINES,
    Answer,
    Tally,
    answered,
    error_of,
    filled,
    misnamed,
    opened,
    print_graph,
    refused,
    told,
)
from fuzz_rewrites import check_rewrites, find_planted, planted_faults

import grism_ray as gr
import naive

if TYPE_CHECKING:
    from collections.abc import Callable

    from random_patterns import Query

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
    parser.add_argument("--planted", nargs="*", metavar="FAULT", help="plant faults in rules, one after the other: all")
    arguments = parser.parse_args()
    if arguments.planted is not None:
        faults = arguments.planted or planted_faults()
        sys.exit(0 if find_planted(faults, arguments.pairs, arguments.seed) else 1)
    if arguments.plant and arguments.kind == "rewrites":
        parser.error("faults in rules are planted by --planted")
    differs = run(arguments.pairs, arguments.seed, kind=arguments.kind, plant=arguments.plant)
    sys.exit(0 if (differs is not None) == arguments.plant else 1)


if __name__ == "__main__":
    main()
