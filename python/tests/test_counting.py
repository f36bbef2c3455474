"""Counts over patterns, against a model that tries every way, with and without rewrites."""

from __future__ import annotations

import collections
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

import grism_ray as gr
import naive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GRAPHS = 40
QUERIES = 10
COMPARED: dict[str, Callable[[int, int], bool]] = {
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
}


@dataclass
class Step:
    """An edge between two variables, from left to right as ``arrow`` points, or a role of the hyperedge ``left``."""

    left: str
    right: str
    names: tuple[str, ...]
    arrow: str
    variable: str
    clause: int = 0


@dataclass
class Pattern:
    """A pattern, and what is asked of its variables."""

    labels: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    compared: list[tuple[str, str, int]] = field(default_factory=list)
    differing: list[tuple[str, str]] = field(default_factory=list)

    def text(self) -> str:
        """The clauses before RETURN."""
        clauses = []
        for clause in sorted({step.clause for step in self.steps}):
            parts = []
            for step in self.steps:
                if step.clause == clause:
                    inner = f"-[{step.variable}:{'|'.join(step.names)}]-"
                    arrow = {"->": f"{inner}>", "<-": f"<{inner}", "--": inner}[step.arrow]
                    parts.append(f"({step.left}{self.labels[step.left]}){arrow}({step.right}{self.labels[step.right]})")
            clauses.append(f"MATCH {', '.join(parts)}")
        asked = [f"{name}.x {operator} {value}" for name, operator, value in self.compared]
        asked += [f"{a} <> {b}" for a, b in self.differing]
        return " ".join(clauses) + (f" WHERE {' AND '.join(asked)}" if asked else "")


def random_pattern(rng: random.Random, closings: int = 0) -> Pattern:
    """A pattern that grows by steps to new variables, and then by steps that close cycles."""
    pattern = Pattern()

    def new(kind: str) -> str:
        name = f"v{len(pattern.labels)}"
        labels = {naive.NODE: ["", ":N", ":N", ":B"], naive.HYPER: ["", ":H"], naive.OVER: ["", ":G"]}[kind]
        pattern.labels[name] = rng.choice(labels)
        kinds[name] = kind
        return name

    kinds: dict[str, str] = {}
    known = [new(rng.choice([naive.NODE, naive.NODE, naive.HYPER]))]
    clause = 0
    for number in range(rng.randint(1, 4)):
        near = rng.choice(known[-2:])
        if number and rng.random() < 0.1:
            clause += 1
        variable = f"r{number}"
        kind = kinds[near]
        if kind == naive.NODE and rng.random() < 0.6:
            far = new(naive.NODE)
            names = rng.choice([("R",), ("R",), ("R",), ("S",), ("R", "S")])
            pattern.steps.append(Step(near, far, names, rng.choice(["->", "<-", "--", "--"]), variable, clause))
        elif kind == naive.NODE:
            far = new(naive.HYPER)
            names = rng.choice([("p",), ("q",), ("q",), ("r",), ("p", "q")])
            pattern.steps.append(Step(far, near, names, "->", "", clause))
        elif kind == naive.HYPER and rng.random() < 0.8:
            far = new(naive.NODE)
            names = rng.choice([("p",), ("q",), ("q",), ("p", "q")])
            pattern.steps.append(Step(near, far, names, "->", "", clause))
        else:
            far = new(naive.OVER if kind == naive.HYPER else naive.HYPER)
            left, right = (far, near) if kind == naive.HYPER else (near, far)
            pattern.steps.append(Step(left, right, ("of",), "->", "", clause))
        known.append(far)
    for number in range(closings):
        nodes = [name for name, kind in kinds.items() if kind == naive.NODE]
        hyperedges = [name for name, kind in kinds.items() if kind == naive.HYPER]
        if hyperedges and nodes and rng.random() < 0.5:
            names = rng.choice([("p",), ("q",), ("p", "q")])
            pattern.steps.append(Step(rng.choice(hyperedges), rng.choice(nodes), names, "->", "", clause))
        elif len(nodes) > 1:
            near, far = rng.sample(nodes, 2)
            arrow = rng.choice(["->", "<-", "--"])
            pattern.steps.append(Step(near, far, rng.choice([("R",), ("R", "S")]), arrow, f"c{number}", clause))
    edges = [step.variable for step in pattern.steps if step.variable]
    for name in [*pattern.labels, *edges]:
        if rng.random() < 0.2:
            pattern.compared.append((name, rng.choice(list(COMPARED)), rng.randrange(4)))
    nodes = [name for name, kind in kinds.items() if kind == naive.NODE]
    if len(nodes) > 1 and rng.random() < 0.25:
        a, b = rng.sample(nodes, 2)
        pattern.differing.append((a, b))
    return pattern


def ways(model: naive.Model, pattern: Pattern) -> Iterator[dict[str, int]]:
    """Every way to bind the variables, each as often as there are ways to bind the steps."""

    def fits(name: str, k: int, row: dict[str, int]) -> bool:
        label = pattern.labels[name][1:]
        return row.get(name, k) == k and (not label or label in model.labels[k])

    def ends(step: Step) -> Iterator[tuple[Any, int, int]]:
        if step.names[0] not in "RS":
            for incidence in model.incidences:
                if incidence[1] in step.names:
                    yield incidence, incidence[0], incidence[3]
            return
        for edge in model.edges:
            k, name, source, target = edge
            if name in step.names:
                if step.arrow != "<-":
                    yield k, source, target
                if step.arrow != "->" and not (step.arrow == "--" and source == target):
                    yield k, target, source

    def extend(index: int, row: dict[str, int], taken: frozenset[Any]) -> Iterator[dict[str, int]]:
        if index == len(pattern.steps):
            yield row
            return
        step = pattern.steps[index]
        for relationship, left, right in ends(step):
            key = (step.clause, relationship)
            if key in taken or not fits(step.left, left, row):
                continue
            more = row | {step.left: left}
            if fits(step.right, right, more):
                more |= {step.right: right} | ({step.variable: relationship} if step.variable else {})
                yield from extend(index + 1, more, taken | {key})

    for row in extend(0, {}, frozenset()):
        values = [(model.properties[row[name]].get("x"), operator, value) for name, operator, value in pattern.compared]
        passes = all(own is not None and COMPARED[operator](own, value) for own, operator, value in values)
        if passes and all(row[a] != row[b] for a, b in pattern.differing):
            yield row


def rounded(rows: list[Any]) -> list[Any]:
    """Rows whose means may be compared."""
    return [[round(value, 9) if isinstance(value, float) else value for value in row] for row in rows]


def asked(rng: random.Random, pattern: Pattern) -> tuple[str, Callable[[list[Any]], list[Any]], str | None, str]:
    """What is returned, how it is computed of values of x, the variable that groups, and the one that is read."""
    variable = rng.choice(list(pattern.labels))
    key = variable if rng.random() < 0.5 else None
    known: Callable[[list[Any]], list[int]] = lambda values: [own for own in values if own is not None]  # noqa: E731
    returned, fold = rng.choice(
        [
            ("count(*)", lambda values: [len(values)]),
            (f"count({rng.choice(list(pattern.labels))})", lambda values: [len(values)]),
            (f"count({variable}.x), count(*)", lambda values: [len(known(values)), len(values)]),
            (f"sum({variable}.x)", lambda values: [sum(known(values))]),
            (f"avg({variable}.x)", lambda values: [sum(known(values)) / len(known(values)) if known(values) else None]),
            (f"min({variable}.x)", lambda values: [min(known(values), default=None)]),
            (f"count(DISTINCT {variable}.x), count(*)", lambda values: [len(set(known(values))), len(values)]),
            (f"sum({variable}.x * 2 + 1)", lambda values: [sum(own * 2 + 1 for own in known(values))]),
        ]
    )
    return returned, fold, key, variable


def check(rng: random.Random, closings: int, shown: str, graphs: int) -> float:
    """Compares counts over random graphs; the share of plans that show something."""
    found_in_plans = 0
    for _ in range(graphs):
        model = naive.random_model(rng)
        graph = gr.open()
        graph.execute(naive.DECLARATIONS)
        graph.execute(naive.create_statement(model))
        for _ in range(QUERIES):
            pattern = random_pattern(rng, rng.randint(min(1, closings), closings))
            returned, fold, key, variable = asked(rng, pattern)
            text = f"{pattern.text()} RETURN {f'{key}.k, ' if key else ''}{returned}"
            groups: dict[Any, list[Any]] = collections.defaultdict(list)
            if not key:
                groups[None] = []
            for row in ways(model, pattern):
                groups[row[key] if key else None].append(model.properties[row[variable]].get("x"))
            expected = sorted(([k] if key else []) + fold(values) for k, values in groups.items())
            found_in_plans += shown in str(graph.explain(text))
            for options in ({}, {"rewrites": "none"}, {"engine": "staged", "partitions": 3}):
                found = sorted(list(row.values()) for row in graph.query(text, **options).to_pylist())
                assert rounded(found) == rounded(expected), (text, options)
    return found_in_plans / (graphs * QUERIES)


def test_counts_are_those_of_every_way_with_and_without_rewrites() -> None:
    assert check(random.Random(2411), 0, "WeightedCount", GRAPHS) > 0.5


def test_counts_of_patterns_with_cycles_are_those_of_every_way() -> None:
    assert check(random.Random(2412), 3, "; for each ", GRAPHS) > 0.05


@pytest.fixture(scope="module")
def paths() -> gr.Graph:
    """Four people who know each other in a ring, one of them himself, and one another twice."""
    graph = gr.open()
    graph.execute(
        "CREATE (a:P {n: 1}), (b:P {n: 2}), (c:P {n: 3}), (d:P {n: 4}), "
        "(a)-[:K]->(b), (b)-[:K]->(c), (c)-[:K]->(d), (d)-[:K]->(a), (a)-[:K]->(a), (b)-[:K]->(c)"
    )
    return graph


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_the_plan_says_that_paths_are_weighed(paths: gr.Graph, engine: Any) -> None:
    text = "MATCH (a:P)-[:K]->(b)-[:K]->(c) RETURN count(*) AS n"
    plan = str(paths.explain(text))
    assert "WeightedCount((a:P)-[:K]->(b), (b)-[:K]->(c); corrections: 1)" in plan
    assert "WeightedCount" not in str(paths.explain(text, rewrites=["weigh_patterns"]))
    assert paths.query(text, engine=engine).to_pylist() == [{"n": 8}]


def test_two_places_of_different_labels_may_be_one_entity() -> None:
    graph = gr.open()
    graph.execute("CREATE HYPEREDGE TYPE M (of P*)")
    graph.execute(
        "CREATE (a:A {k: 1}), (b:P:B {k: 2}), (c:P {k: 3}), (d:P:A {k: 4}), (a)-[:K]->(b), (b)-[:K]->(c), (c)-[:K]->(b)"
        ", (d)-[:K]->(c), (c)-[:K]->(c), (a)-[:K]->(d), (:M)-[:of]->(b), (m:M)-[:of]->(c), (m)-[:of]->(d)"
    )
    text = "MATCH (x)<-[:K]-(y)-[:K]-(z:P)<-[:of]-(:M) RETURN z.k AS z, x.k AS x, count(*) AS n ORDER BY z, x"
    assert "by z, x" in str(graph.explain(text))
    expected = graph.query(text, rewrites="none").to_pylist()
    assert all(graph.query(text, **options).to_pylist() == expected for options in ({}, {"threads": 1}))


@pytest.mark.parametrize("arrow", ["-[:K]->", "<-[:K]-", "-[:K]-", "-->", "-[:K]->(b)<-[:K]-"])
def test_loops_are_counted(paths: gr.Graph, arrow: str) -> None:
    for returned in ("count(*) AS n", "a.n, count(*) AS n", "count(DISTINCT a) AS n", "max(a.n) AS n"):
        text = f"MATCH (a){arrow}(a) RETURN {returned}"
        assert paths.query(text).to_pylist() == paths.query(text, rewrites="none").to_pylist(), text


def test_a_property_is_read_above_a_counted_step_and_compared_below_it() -> None:
    graph = gr.open()
    graph.execute("CREATE HYPEREDGE TYPE M (of P*)")
    graph.execute(
        "CREATE (a:P {x: 3}), (b:P {x: 1}), (a)-[:K]->(b), (a)-[:K]->(b), (b)-[:K]->(b), (m:M {n: 7}), (m)-[:of]->(b)"
    )
    text = "MATCH (m:M)-[:of]->(b)<-[:K]-(a) WHERE a.x > 2 MATCH (a)-[:K]->(c) RETURN m.n, max(a.x) AS x, count(*) AS n"
    for options in ({}, {"rewrites": "none"}, {"engine": "staged", "partitions": 3}):
        assert graph.query(text, **options).to_pylist() == [{"m.n": 7, "x": 3, "n": 4}]


def test_a_point_lookup_is_not_weighed() -> None:
    graph = gr.open()
    graph.execute("UNWIND range(1, 3000) AS k CREATE (:P {k: k})")
    graph.execute("MATCH (a:P), (b:P {k: a.k % 3000 + 1}) CREATE (a)-[:K]->(b)")
    graph.execute("CREATE CONSTRAINT FOR (p:P) REQUIRE p.k IS UNIQUE")
    plan = str(graph.explain("MATCH (a:P {k: 7})-[:K]->()-[:K]->(c) RETURN count(*)"))
    assert "WeightedCount" not in plan


def test_more_ways_than_an_integer_holds_are_an_error() -> None:
    graph = gr.open()
    graph.execute("CREATE (a:P) WITH a UNWIND range(1, 500) AS i CREATE (a)-[:K1]->(a)")
    for name in range(2, 9):
        graph.execute(f"MATCH (a)-[:K1]->(b) CREATE (a)-[:K{name}]->(b)")
    steps = "".join(f"-[:K{name}]->()" for name in range(1, 9))
    with pytest.raises(gr.InvalidDataError, match="integer overflow in count"):
        graph.query(f"MATCH (){steps} RETURN count(*)")


def test_weights_are_charged_to_the_memory_limit() -> None:
    graph = gr.open()
    graph.execute("UNWIND range(1, 200000) AS k CREATE (:P {k: k})-[:K]->(:P {k: -k})")
    text = "MATCH (a:P)-[:K]->(b)<-[:K]-(c) WHERE a.k > 0 RETURN b.k % 10, count(*)"
    assert "WeightedCount" in str(graph.explain(text))
    with pytest.raises(gr.ResourceExhaustedError):
        graph.query(text, memory_limit=2 << 20)


@pytest.mark.parametrize("rewrites", ["prune_columns", ["nothing"], 3, [3]])
def test_only_rules_that_can_be_left_out_are_left_out(paths: gr.Graph, rewrites: Any) -> None:
    with pytest.raises(gr.InvalidQueryError, match="rewrite"):
        paths.query("MATCH (a)-[:K]->(b) RETURN count(*)", rewrites=rewrites)
