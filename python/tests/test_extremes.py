"""Expressions over extreme values give an answer or an error that says what is wrong, and never a panic."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

import grism_ray as gr

MOST = 9223372036854775807
INTEGERS = [
    str(n) for n in (0, 1, -1, 12, 13, 31, 53, 59, 60, 366, 999999999, -999999999, 10**9, 2**31, MOST, -MOST - 1)
]
UNITS = ("year", "month", "day", "week", "quarter", "decade", "century", "millennium", "hour", "weekYear", "nonsense")
COMPONENTS = ("year", "epochMillis", "epochSeconds", "week", "ordinalDay", "offset", "nanoseconds", "milliseconds")
VALUES = (
    *INTEGERS,
    *("null", "true", "1.5", "-0.0", "1e308", "-1e308", "0.0/0.0", "1.0/0.0"),
    *("''", "'abc'", "'ß🙂'", "'-'", "'1e400'", "[]", "[null]", "[1,'a',[2]]", "{}", "{a:null}"),
    "date('-999999999-01-01')",
    "datetime('+999999999-12-31T23:59:59.999999999+18:00')",
    "duration('PT9223372036854775807S')",
    "duration({months: -9223372036854775808})",
    "localtime('23:59:59.999999999')",
)


def temporal(rng: random.Random) -> str:
    """A temporal value, mostly at the end of what there is."""

    def number() -> str:
        return rng.choice(INTEGERS)

    return rng.choice(
        [
            f"date({{year: {number()}, month: {number()}, day: {number()}}})",
            f"date({{year: {number()}, week: {number()}, dayOfWeek: {number()}}})",
            f"date({{year: {number()}, ordinalDay: {number()}}})",
            f"datetime({{year: {number()}, hour: {number()}, nanosecond: {number()}, timezone: 'Europe/Berlin'}})",
            f"datetime.fromepoch({number()}, {number()})",
            f"datetime.fromepochmillis({number()})",
            f"localtime({{hour: {number()}, nanosecond: {number()}}})",
            "date('+999999999-12-31')",
            "datetime('-999999999-01-01T00:00Z')",
            "datetime('2026-03-29T02:30[Europe/Berlin]')",
            "time('00:00+18:00')",
        ]
    )


def duration(rng: random.Random) -> str:
    parts = ", ".join(
        f"{unit}: {rng.choice(INTEGERS)}" for unit in ("years", "months", "days", "seconds", "nanoseconds")
    )
    return rng.choice([f"duration({{{parts}}})", f"duration({{days: {rng.choice(INTEGERS)}, hours: 1.5e18}})"])


def expression(rng: random.Random, functions: list[str]) -> str:
    a, b, d = temporal(rng), temporal(rng), duration(rng)
    kind = rng.choice(["date", "datetime", "localdatetime", "localtime"])
    values = [rng.choice([*VALUES, a, d]) for _ in range(3)]
    call = f"{rng.choice(functions)}({', '.join(values[: rng.randint(1, 3)])})"
    return rng.choice(
        [
            f"{a} {rng.choice('+-')} {d}",
            f"{d} {rng.choice('*/')} {rng.choice(VALUES)}",
            f"{d} {rng.choice('+-')} {duration(rng)}",
            f"{kind}.truncate('{rng.choice(UNITS)}', {a}, {{day: {rng.choice(INTEGERS)}}})",
            f"duration.{rng.choice(['between', 'inMonths', 'inDays', 'inSeconds'])}({a}, {b})",
            f"toString({a}) + toString({d})",
            f"({rng.choice([a, d])}).{rng.choice(COMPONENTS)}",
            f"({values[0]}) {rng.choice(['+', '-', '*', '/', '%', '^', '=', '<', 'IN', '=~'])} ({values[1]})",
            f"({values[0]})[{values[1]}]",
            f"({values[0]})[{values[1]}..{values[2]}]",
            call,
            call,
            call,
        ]
    )


@pytest.mark.filterwarnings("ignore::grism_ray.GrismWarning")
def test_extreme_values_never_panic() -> None:
    reference = (Path(__file__).parent.parent.parent / "docs/functions.md").read_text()
    functions = sorted(set(re.findall(r"^`(\w+(?:\.\w+)?)\(", reference, re.MULTILINE)) - {"range"})
    assert len(functions) > 60
    rng, graph, answered = random.Random(5), gr.open(), 0
    for _ in range(8000):
        text = f"RETURN {expression(rng, functions)} AS x"
        try:
            graph.query(text).to_pylist()
            answered += 1
        except gr.InternalError as error:
            raise AssertionError(text) from error
        except gr.GrismError:
            pass
    assert answered > 1000


GROWING = (
    "RETURN size(reduce(a = [], x IN range(1, 1000) | [a, a])) AS v",
    "RETURN size(reduce(a = [1], x IN range(1, 60) | a + a)) AS v",
    "RETURN size(reduce(a = ['x', 1], x IN range(1, 60) | a + a)) AS v",
    "WITH range(1, 20000) AS l RETURN size([x IN l | l]) AS v",
    "RETURN reduce(a = [], x IN range(1, 20000) | [a]) AS v",
)
HELD_ONCE = (
    ("UNWIND range(1, 100000) AS i WITH collect(i) AS l UNWIND range(1, 100000) AS j RETURN sum(size(l)) AS v", 10**10),
    ("WITH range(1, 100000) AS l UNWIND range(1, 2000) AS i WITH DISTINCT i, l RETURN sum(size(l)) AS v", 2 * 10**8),
    (
        "WITH range(1, 100000) AS l UNWIND range(1, 2000) AS i WITH i % 50 AS k, l, count(*) AS c RETURN sum(c) AS v",
        2000,
    ),
    ("UNWIND range(1, 1000000000) AS x WITH x LIMIT 5 RETURN sum(x) AS v", 15),
)


@pytest.mark.parametrize("engine", ["local", "staged"])
def test_lists_grow_within_the_memory_limit_and_are_held_once(engine: str) -> None:
    graph = gr.open()
    limit = 64 << 20
    for query in GROWING:
        with pytest.raises(gr.ResourceExhaustedError):
            graph.query(query, engine=engine, memory_limit=limit).to_pylist()
    for query, value in HELD_ONCE:
        assert graph.query(query, engine=engine, memory_limit=limit).to_pylist() == [{"v": value}]
