"""Random queries of the shapes that rules of the optimizer look for, over the graphs of ``random_graphs.denser_graph``.

A shape is a method of :class:`Shapes`. Texts differ in what rules look at: whether something is labelled, grouped,
sorted, cut, read or only counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    import naive


@dataclass
class Asked:
    """A query, and what of its answer is fixed."""

    text: str
    constructs: list[str]
    parameters: dict[str, Any] = field(default_factory=dict)
    is_ordered: bool = False
    """Whether the rows are sorted by all their columns."""


STEPS: dict[str, list[tuple[str, str, int]]] = {
    "N": [
        ("-[{}:R]->", "N", 4),
        ("<-[{}:R]-", "N", 3),
        ("-[{}:R]-", "N", 3),
        ("-[{}:S]->", "?", 2),
        ("-[{}:S]-", "?", 1),
        ("-[{}:R|S]->", "?", 1),
        ("<-[{}:q]-", "H", 4),
        ("<-[{}:p]-", "P", 2),
        ("<-[{}:p|q]-", "P", 2),
        ("<-[{}:r]-", "Q", 1),
        ("<-[{}:by]-", "G", 1),
        ("<-[{}]-", "?", 1),
        ("-[{}]-", "?", 1),
    ],
    "H": [("-[{}:q]->", "N", 4), ("-[{}]->", "?", 1), ("<-[{}:of]-", "G", 1)],
    "P": [("-[{}:q]->", "N", 4), ("-[{}:p]->", "N", 3), ("-[{}:p|q]->", "N", 2), ("<-[{}:of]-", "G", 1)],
    "Q": [("-[{}:q]->", "N", 3), ("-[{}:r]->", "?", 2), ("-[{}]->", "?", 1)],
    "G": [("-[{}:of]->", "H", 2), ("-[{}:by]->", "N", 2), ("-[{}]->", "?", 1)],
    "?": [("-[{}]-", "?", 1), ("<-[{}]-", "?", 1), ("-[{}:S]-", "?", 1), ("-[{}:R]->", "N", 1)],
}
"""The steps from an entity of a kind: the arrow, the kind that it leads to, and how often it is chosen.

Kinds are nodes (``N``), hyperedges with a role q (``H``), with p too (``P``), with r too (``Q``), over others (``G``),
and anything (``?``).
"""

LABELS = {
    "N": ["", "", ":N", ":N", ":B", ":C", ":B|C", ":N&!B"],
    "H": ["", "", ":H", ":H", ":K", ":L", ":H|K", ":!H"],
    "P": ["", "", ":H", ":H", ":K", ":H|K"],
    "Q": ["", ":H", ":H", ":L"],
    "G": ["", ":G"],
    "?": ["", "", "", ":N", ":H", ":!N"],
}

FEW = 14
"""Edges and incidences of a graph up to which all paths of any length can be gone through."""

SEARCHES = ["ANY SHORTEST", "SHORTEST 2", "SHORTEST 1 GROUP", "shortestPath", "allShortestPaths"]


class Shapes:
    """Makes one query; an object is used once."""

    def __init__(self, rng: random.Random, model: naive.Model) -> None:
        self.rng = rng
        self.model = model
        self.numbers = sorted(model.kinds)
        self.entities: dict[str, str] = {}
        """The kind of each variable."""
        self.edges: list[str] = []
        """Variables of single edges, which have properties."""
        self.steps: list[str] = []
        """Variables of single relationships of any kind."""
        self.values: list[str] = []
        """Variables of values."""
        self.read: list[str] = []
        """The variables that a RETURN reads; all where it is empty."""
        self.constructs: list[str] = []
        self.parameters: dict[str, Any] = {}

    def random_query(self) -> Asked:
        """A query of any shape."""
        shapes: list[Callable[[], Asked]] = [
            self.chain,
            self.chain,
            self.star,
            self.star,
            self.optional,
            self.cycle,
            self.cycle,
            self.role_cycle,
            self.reached,
            self.reached,
            self.reached,
            self.shortest,
            self.members,
            self.members,
            self.subquery,
            self.subquery,
            self.listed,
            self.any_step,
            self.top,
            self.looked_up,
            self.looked_up,
            self.fetched,
            self.united,
        ]
        shape = self.rng.choice(shapes)
        self.constructs.append(shape.__name__.replace("_", " "))
        return shape()

    # Pieces

    def chance(self, share: float) -> bool:
        """True in a share of all calls."""
        return self.rng.random() < share

    def entity(self, kind: str, name: str | None = None) -> str:
        """A new entity of a kind, in parentheses."""
        name = name or f"v{len(self.entities)}"
        self.entities[name] = kind
        properties = f" {{x: {self.rng.randrange(4)}}}" if self.chance(0.05) else ""
        return f"({name}{self.rng.choice(LABELS[kind])}{properties})"

    def arrow(self, arrow: str, kind: str) -> str:
        """The arrow with a variable or without."""
        if self.chance(0.5):
            return arrow.format("")
        name = f"r{len(self.steps)}"
        self.steps.append(name)
        if ":R" in arrow or (":S" in arrow and kind == "N"):
            self.edges.append(name)
        return arrow.format(name)

    def walk(self, steps: int, start: str | None = None) -> str:
        """A path of some steps from a known variable or a new one."""
        if start is None:
            kind = self.rng.choice("NNNNHPQG?")
            text = self.entity(kind)
        else:
            kind, text = self.entities[start], f"({start})"
        for _ in range(steps):
            options = STEPS[kind]
            arrow, target, _ = self.rng.choices(options, [option[2] for option in options])[0]
            text += self.arrow(arrow, kind)
            kind = target
            text += self.entity(kind)
        return text

    def where(self, share: float, word: str = "WHERE") -> str:
        """Conditions on what is known, of which there are more with a larger share."""
        conditions = []
        while self.chance(share):
            conditions.append(self.condition())
        return f" {word} {' AND '.join(conditions)}" if conditions else ""

    def condition(self) -> str:
        """A condition on one or two variables."""
        a, b = (self.rng.choice(list(self.entities)) for _ in range(2))
        value = self.rng.randrange(4)
        forms = [
            f"{a}.x >= {value}",
            f"{a}.x < {value}",
            f"{a}.x IN [{value}, {self.rng.randrange(4)}]",
            f"({a}.x = {value} OR {a}.x = {self.rng.randrange(4)})",
            f"{a}.s = 'ab'",
            f"{a}.s STARTS WITH 'a'",
            f"{a}.f < 1.0",
            f"{a}.x IS NULL",
            f"{a}.k % 3 <> {value % 3}",
            f"({a}:N OR {a}:H)",
            f"{a} <> {b}",
            f"{a} <> {b}",
            f"{a}.k < {b}.k",
            f"{a}.k <> {b}.k",
            f"{a}.x <> {b}.x",
            f"{a}.x = {b}.x",
            f"({a}.x > {value} OR {b}.s = 'ab')",
            f"NOT ({a}.x = {value} AND {b}.x = {value})",
            f"{a}.x + 1 - {value} > 2 - 1",
        ]
        forms += [f"{edge}.x > {value - 1}" for edge in self.edges[:2]]
        forms += [f"type({step}) IN ['q', 'R', 'by']" for step in self.steps[:2]]
        return self.rng.choice(forms)

    def key(self) -> str:
        """Something to group by."""
        name = self.rng.choice(self.read or list(self.entities))
        forms = [name, f"{name}.k", f"{name}.k", f"{name}.x", f"{name}.s", f"{name}.x % 2", f"{name}.f"]
        if self.steps and self.chance(0.15):
            return f"type({self.rng.choice(self.steps)})"
        if self.values and self.chance(0.3):
            return self.rng.choice(self.values)
        return self.rng.choice(forms)

    def call(self) -> str:
        """An aggregate."""
        a, b = (self.rng.choice(self.read or list(self.entities)) for _ in range(2))
        return self.rng.choice(
            [
                "count(*)",
                "count(*)",
                "count(*)",
                f"count({a})",
                f"count({a}.x)",
                f"count(DISTINCT {a})",
                f"count(DISTINCT {a})",
                f"count(DISTINCT {a}.x)",
                f"count(DISTINCT {a}.s)",
                f"sum({a}.x)",
                f"sum(DISTINCT {a}.k)",
                f"avg({a}.x)",
                f"avg({a}.f)",
                f"sum({a}.f)",
                f"min({a}.k)",
                f"max({a}.k)",
                f"max({a}.x)",
                f"min({a}.s)",
                f"max({a}.f)",
                f"sum({a}.x * 2 + 1)",
                f"sum({a}.x + {b}.x)",
                f"size(collect({a}.x))",
                f"size(collect(DISTINCT {a}.k))",
            ]
        )

    def finished(self, text: str) -> Asked:
        """The query with a RETURN of any form."""
        if self.chance(0.1):
            kept = self.rng.choice(list(self.entities))
            text += f" WITH {kept} AS w"
            self.entities, self.edges, self.steps, self.values = {"w": self.entities[kept]}, [], [], []
        if self.chance(0.5):
            self.read = [self.rng.choice(list(self.entities))]
        form = self.rng.choice(["groups"] * 5 + ["count", "count", "distinct", "distinct", "having", "rows", "first"])
        self.constructs.append(f"return {form}")
        keys = list(dict.fromkeys(self.key() for _ in range(self.rng.choice([0, 1, 1, 1, 2, 2, 3]))))
        calls = list(dict.fromkeys(self.call() for _ in range(self.rng.choice([1, 1, 2]))))
        if self.chance(0.08):
            counted = self.rng.choice([f"{name}{item}" for name in self.entities for item in ("", ".x")])
            calls = [
                f"count(DISTINCT {counted})",
                self.rng.choice([f"count({counted})", f"sum(DISTINCT {counted[:2]}.x)"]),
            ]
        if form == "count":
            return self.asked(f"{text} RETURN {calls[0]} AS c0")
        if form == "groups":
            return self.sorted_or_not(text, keys + calls)
        if form == "having":
            columns = [f"{key} AS g{number}" for number, key in enumerate(keys)]
            columns += [f"{call} AS c{number}" for number, call in enumerate(calls)]
            names = ", ".join([*(f"g{number}" for number in range(len(keys))), "count(*) AS n", "max(c0) AS m"])
            return self.asked(f"{text} WITH {', '.join(columns)} WHERE c0 > {self.rng.randrange(4)} RETURN {names}")
        if form == "distinct":
            return self.sorted_or_not(text, keys or [self.key()], "DISTINCT ")
        if form == "first":
            kept = self.rng.choice(list(self.entities))
            return self.asked(f"{text} WITH {kept} LIMIT {self.rng.randrange(6)} RETURN count(*) AS n")
        return self.sorted_or_not(text, keys or [self.key()])

    def sorted_or_not(self, text: str, columns: list[str], distinct: str = "") -> Asked:
        """The query with these columns, now and then sorted by all of them, and cut."""
        written = ", ".join(f"{column} AS c{number}" for number, column in enumerate(columns))
        text = f"{text} RETURN {distinct}{written}"
        if self.chance(0.7):
            return self.asked(text)
        names = [f"c{number}{self.rng.choice(['', '', ' DESC'])}" for number in range(len(columns))]
        text += f" ORDER BY {', '.join(names)}"
        text += f" SKIP {self.rng.randrange(3)}" if self.chance(0.3) else ""
        text += f" LIMIT {self.rng.randrange(8)}" if self.chance(0.7) else ""
        self.constructs.append("sorted")
        return self.asked(text, is_ordered=True)

    def asked(self, text: str, *, is_ordered: bool = False) -> Asked:
        """The query."""
        return Asked(text, self.constructs, self.parameters, is_ordered)

    # Shapes

    def chain(self) -> Asked:
        """A path, in one clause or in two."""
        text = f"MATCH {self.walk(self.rng.choice([1, 2, 2, 3, 3]))}"
        if self.chance(0.3):
            # What holds two neighbours apart may hold their steps apart too.
            near = self.rng.randrange(len(self.entities) - 1)
            compared = self.rng.choice(["v{} <> v{}", "v{}.k < v{}.k", "v{}.k <> v{}.k", "v{}.x < v{}.x"])
            text += f" WHERE {compared.format(near, near + 1)}{self.where(0.2, 'AND')}"
        else:
            text += self.where(0.4)
        if self.chance(0.3):
            text += f" MATCH {self.walk(1, list(self.entities)[-1])}{self.where(0.2)}"
        return self.finished(text)

    def star(self) -> Asked:
        """Paths from one variable."""
        first = self.walk(self.rng.choice([1, 1, 2]))
        center = self.rng.choice(list(self.entities)[:2])
        legs = [first] + [self.walk(self.rng.choice([1, 1, 2]), center) for _ in range(self.rng.choice([1, 1, 2]))]
        text = f"MATCH {(' MATCH ' if self.chance(0.3) else ', ').join(legs)}{self.where(0.35)}"
        return self.finished(text)

    def optional(self) -> Asked:
        """What may not be there, counted or read."""
        text = f"MATCH {self.walk(self.rng.choice([0, 0, 1]))}{self.where(0.2)}"
        for _ in range(self.rng.choice([1, 1, 2])):
            start = self.rng.choice(list(self.entities))
            text += f" OPTIONAL MATCH {self.walk(self.rng.choice([1, 1, 2]), start)}{self.where(0.15)}"
        return self.finished(text)

    def cycle(self) -> Asked:
        """Edges that close cycles."""
        shape = self.rng.choice(["abca", "abca", "abca", "abcda", "abcda", "aba", "abcabdca", "abcadea", "abcdaca"])
        names = {letter: f"v{number}" for number, letter in enumerate(sorted(set(shape)))}
        text, seen = "", set()
        for number, letter in enumerate(shape):
            arrow = self.rng.choice(["-[{}:R]->", "-[{}:R]->", "<-[{}:R]-", "-[{}:R]-", "-[{}:R|S]->"])
            text += self.arrow(arrow, "N") if number else ""
            text += f"({names[letter]})" if letter in seen else self.entity("N", names[letter])
            seen.add(letter)
        if self.chance(0.4):
            text += f", {self.walk(1, self.rng.choice(list(self.entities)))}"
        return self.finished(f"MATCH {text}{self.where(0.3)}")

    def role_cycle(self) -> Asked:
        """Cycles through hyperedges."""
        first, second, third = (self.rng.choice(["p", "q", "q", "p|q"]) for _ in range(3))
        parts = [f"{self.entity('N')}<-[:{first}]-{self.entity('P')}-[:{second}]->{self.entity('N')}"]
        form = self.rng.choice(["edge", "hyperedge", "three"])
        if form == "edge":
            parts.append(self.rng.choice(["(v0)-[:R]->(v2)", "(v0)-[:R]-(v2)", "(v0)<-[:S]-(v2)"]))
        elif form == "hyperedge":
            parts.append(f"(v0)<-[:{third}]-{self.entity('P')}-[:{first}]->(v2)")
        else:
            parts.append(f"(v2)<-[:q]-{self.entity('H')}-[:q]->{self.entity('N')}<-[:q]-{self.entity('H')}-[:q]->(v0)")
        if self.chance(0.3):
            parts.append(self.walk(1, self.rng.choice(list(self.entities))))
        return self.finished(f"MATCH {', '.join(parts)}{self.where(0.3)}")

    def reached(self) -> Asked:
        """What paths of any length lead to."""
        start = f"MATCH {self.rng.choice(['(v0)', '(v0:N)', '(v0:N)', '(v0:B|C)'])}"
        self.entities["v0"] = "?"
        if self.chance(0.3):
            start = f"MATCH {self.walk(self.rng.choice([0, 1]), 'v0')}{self.where(0.15)}"
        self.entities = {"v0": self.entities["v0"]}
        self.edges, self.steps = [], []
        bounds = self.rng.choice(["0..", "0..", "0..", "0..", "", "1..", "..2", "0..2", "2..3", "1..1"])
        is_long = bounds in ("0..", "", "1..")
        if bounds in ("2..3", "..2") or self.chance(0.6):
            step = self.rng.choice(["-[:R{}]->", "-[:R{}]-", "-[:R{}]-", "<-[:R|S{}]-", "-[:S{}]-", "-[{}]-"])
            taken = len(self.model.edges) + (2 * len(self.model.incidences) if step == "-[{}]-" else 0)
            if is_long and taken > FEW:
                bounds = self.rng.choice(["0..2", "1..2"])
            step = step.format(f"*{bounds}")
        else:
            left, right = self.rng.choice(["qq", "qq", "qq", "pq", "pp", "qp"])
            label = self.rng.choice(["", ":H", ":K"])
            test = self.rng.choice(["", "", "", " WHERE h.x > 0"])
            hop = self.rng.choice(
                [f"()<-[:{left}]-(h{label})-[:{right}]->()"] * 2 + ["()-[:R]->(h)-[:S]->()", "()<-[:R]-(h)"]
            )
            if is_long and len(self.model.edges if ":R" in hop else self.model.incidences) > FEW:
                bounds = self.rng.choice(["0..1", "1..2"])
            step = f" ({hop}{test}){{{bounds.replace('..', ',') or '1,'}}} "
        text = f"{start} MATCH (v0){step}{self.entity('?')}{self.where(0.15)}"
        end = list(self.entities)[-1]
        calls = ["min({}.k)", "max({}.x)", "count(DISTINCT {})", "count(DISTINCT {}.x)", "min({}.s)"]
        form = self.rng.choice(["by start", "by start", "by property", "ends", "any"])
        if form == "any" and bounds not in ("0..", "", "1.."):
            return self.finished(text)
        self.constructs.append(f"ends {form}")
        if form in ("ends", "any"):
            return self.sorted_or_not(
                text, self.rng.choice([[f"{end}.k"], ["v0.k", f"{end}.k"], ["v0", end]]), "DISTINCT "
            )
        key = self.rng.choice(["v0.k", "v0", "v0.k + 1"] if form == "by start" else ["v0.x", "v0.s", "v0.x % 2"])
        return self.sorted_or_not(text, [key, self.rng.choice(calls).format(end)])

    def shortest(self) -> Asked:
        """Searches, of which lengths are read."""
        number = self.rng.choice(self.numbers)
        start = self.rng.choice([f"{{k: {number}}}", f"WHERE v0.k < {number}", ""])
        search = self.rng.choice(SEARCHES)
        # A second path is looked for among all, of which there may be any number.
        bounds = self.rng.choice(["*1..3", "*0..2", "*2..3"] if search == "SHORTEST 2" else ["*", "*1..3", "*0.."])
        step = self.rng.choice(["-[:R{}]->", "-[:R{}]-", "<-[:R|S{}]-", "-[{}]-"]).format(bounds)
        self.entities = {"v0": "N", "v1": "N"}
        label = self.rng.choice(["", ":B"])
        if search.endswith(("Path", "Paths")):
            pattern = f"MATCH (v0:N {start}), (v1:N{label}) MATCH p = {search}((v0){step}(v1))"
        else:
            pattern = f"MATCH (v0:N {start}) MATCH p = {search} (v0){step}(v1:N{label})"
        self.values = ["length(p)"]
        calls = [
            "min(length(p))",
            "max(length(p))",
            "count(*)",
            "sum(length(p))",
            "count(DISTINCT v1)",
            "avg(length(p))",
        ]
        form = self.rng.choice(["rows", "groups", "groups", "distinct"])
        if form == "rows":
            return self.sorted_or_not(pattern, ["v0.k", "v1.k", "length(p)"])
        if form == "distinct":
            return self.sorted_or_not(pattern, ["v1.k", "length(p)"], "DISTINCT ")
        return self.sorted_or_not(pattern, [self.rng.choice(["v0.k", "v1.x", "length(p)"]), self.rng.choice(calls)])

    def members(self) -> Asked:
        """Members of common hyperedges, and hyperedges with common members, that differ or not."""
        first, second = (self.rng.choice(["q", "q", "p", "p|q"]) for _ in range(2))
        if self.chance(0.5):
            text = f"MATCH {self.entity('N')}<-[:{first}]-{self.entity('P')}-[:{second}]->{self.entity('N')}"
            text += f", (v1)-[:{self.rng.choice('pq')}]->{self.entity('N')}" if self.chance(0.4) else ""
            text += f"<-[:{first}]-{self.entity('P')}" if self.chance(0.3) else ""
        else:
            text = f"MATCH {self.entity('P')}-[:{first}]->{self.entity('N')}<-[:{second}]-{self.entity('P')}"
            text += f"-[:p]->{self.entity('N')}, (v0)-[:p]->{self.entity('N')}" if self.chance(0.4) else ""
        last = self.rng.choice(list(self.entities)[2:])
        apart = self.rng.choice([f" WHERE v0 <> {last}", f" WHERE v0.k < {last}.k", f" WHERE v0.x <> {last}.x", ""])
        text += apart + (self.where(0.25, "AND") if apart else "")
        if self.chance(0.35):
            self.constructs.append("overlap")
            pairs = f"{text} WITH v0, {last}, count(*) AS s WHERE s >= {self.rng.choice([1, 2, 2, 3])}"
            kept = self.rng.choice(["count(*) AS n", "v0.k AS k, count(*) AS n", f"v0.k AS a, {last}.k AS b, s"])
            return self.asked(f"{pairs} RETURN {kept}")
        return self.finished(text)

    def subquery(self) -> Asked:
        """Conditions on what another pattern finds."""
        text = f"MATCH {self.walk(self.rng.choice([0, 0, 1, 1, 2]))}"
        known, edges, steps = dict(self.entities), list(self.edges), list(self.steps)
        start = self.rng.choice(list(known))
        form = self.rng.choice(["expansion", "expansion", "longer", "by value", "by value"])
        if form == "by value":
            name = self.rng.choice(["x", "s"])
            kind = self.rng.choice(["N", "H", "N"])
            more = self.rng.choice(["", "-[:R]->()" if kind == "N" else "-[:q]->()", ""])
            test = self.rng.choice(
                ["", " AND z.k % 2 = 0", f" AND z.x > {self.rng.randrange(3)}", f" AND z <> {start}"]
            )
            pattern = f"MATCH (z:{kind}){more} WHERE z.{name} = {start}.{name}{test}"
        else:
            inner = self.walk(1 if form == "expansion" else 2, start)
            pattern = f"MATCH {inner}{self.where(0.1 if form == 'expansion' else 0.4)}"
        self.entities, self.edges, self.steps = known, edges, steps
        condition = self.rng.choice(
            [
                f"EXISTS {{ {pattern} }}",
                f"NOT EXISTS {{ {pattern} }}",
                f"COUNT {{ {pattern} }} {self.rng.choice(['= 1', '> 1', '< 2', '= 0'])}",
                f"(EXISTS {{ {pattern} }} OR {start}.x = 1)",
            ]
        )
        if self.chance(0.2):
            self.values = ["n"]
            return self.finished(f"{text} WITH *, COUNT {{ {pattern} }} AS n")
        return self.finished(f"{text} WHERE {condition}{self.where(0.2, 'AND')}")

    def listed(self) -> Asked:
        """Numbers in a list, which may come twice or be null, and what they lead to."""
        numbers: list[int | None] = self.rng.choices(self.numbers, k=self.rng.choice([0, 1, 2, 4, 8]))
        numbers += [None] if self.chance(0.2) else []
        written = f"[{', '.join('null' if number is None else str(number) for number in numbers)}]"
        if self.chance(0.4):
            self.parameters["numbers"] = numbers
            written = "$numbers"
        form = self.rng.choice(["in", "in", "unwind", "unwind", "not in", "or"])
        walk = self.walk(self.rng.choice([0, 1, 1, 2]))
        name = self.rng.choice(list(self.entities))
        if form == "unwind":
            self.values = ["i"]
            return self.finished(f"UNWIND {written} AS i MATCH {walk} WHERE {name}.k = i{self.where(0.2, 'AND')}")
        test = f"{name}.k IN {written}" if form == "in" else f"NOT {name}.k IN {written}"
        if form == "or":
            known = [f"{name}.k = {number}" for number in numbers if number is not None] or ["false"]
            test = f"({' OR '.join(known)})"
        return self.finished(f"MATCH {walk} WHERE {test}{self.where(0.2, 'AND')}")

    def any_step(self) -> Asked:
        """Steps of any type from or to anything."""
        arrows = ["<-[{}]-", "<-[{}]-", "-[{}]->", "-[{}]-"]
        text = f"MATCH {self.entity(self.rng.choice('NNH?'))}"
        for _ in range(self.rng.choice([1, 1, 2])):
            self.steps.append(f"r{len(self.steps)}")
            text += self.rng.choice(arrows).format(self.steps[-1]) + self.entity(self.rng.choice("??NH"))
        chosen = self.rng.sample(["p", "q", "r", "R", "S", "of", "by"], 3)
        step = self.steps[0]
        test = self.rng.choice(
            [
                "",
                "",
                f" WHERE type({step}) = '{chosen[0]}'",
                f" WHERE type({step}) IN {chosen}",
                f" WHERE NOT type({step}) IN {chosen}",
                f" WHERE type({step}) <> '{chosen[0]}' OR v0.x = 1",
                f" WHERE type({step}) IN ['{chosen[0]}', null]",
            ]
        )
        return self.finished(text + test)

    def top(self) -> Asked:
        """The first rows of all, or for each row of others."""
        text = f"MATCH {self.walk(self.rng.choice([0, 1, 2]))}{self.where(0.3)}"
        kept = self.rng.choice(list(self.entities))
        count = self.rng.randrange(1, 6)
        turn = self.rng.choice(["", " DESC"])
        if self.chance(0.5):
            self.constructs.append("top of all")
            call = self.rng.choice(["count(*)", "count(DISTINCT v0)", "max(v0.x)", "sum(v0.x)"])
            text += f" WITH {kept}, {call} AS n ORDER BY n{turn}, {kept}.k LIMIT {count}"
            self.entities, self.edges, self.steps = {kept: self.entities[kept]}, [], []
            self.values = ["n"]
            text += f" WHERE n >= {self.rng.randrange(3)}" if self.chance(0.3) else ""
            text += f" MATCH {self.walk(1, kept)}" if self.chance(0.5) else ""
            return self.finished(text)
        self.constructs.append("top of each")
        self.entities, self.edges, self.steps = {kept: self.entities[kept]}, [], []
        text += f" WITH DISTINCT {kept}"
        inner = self.walk(1, kept)
        last = list(self.entities)[-1]
        self.entities, self.edges, self.steps = {kept: self.entities[kept]}, [], []
        self.values = ["t"]
        inner = f"MATCH {inner} RETURN {last}.k AS t ORDER BY t{turn} LIMIT {count}"
        return self.finished(f"{text} CALL ({kept}) {{ {inner} }}")

    def looked_up(self) -> Asked:
        """Values of properties that may have an index."""
        number = self.rng.choice(self.numbers)
        texts = ["s = 'ab'", "s = 'b'", "x = 1", f"k = {number}", "x > 2", f"k >= {number}", f"k < {number}", "s > 'b'"]
        label = self.rng.choice(["N", "N", "B", "H"])
        self.entities["v0"] = "N" if label != "H" else "H"
        tests = " AND ".join(f"v0.{text}" for text in self.rng.sample(texts, self.rng.choice([1, 1, 2])))
        text = f"MATCH (v0:{label})"
        if self.chance(0.5):
            text = f"MATCH {self.walk(1, 'v0').replace('(v0)', f'(v0:{label})')}"
        return self.finished(f"{text} WHERE {tests}{self.where(0.2, 'AND')}")

    def fetched(self) -> Asked:
        """Properties that are read after further steps."""
        arrows = ["-[e:R]->", "<-[e:R]-", "-[e:S]->"]
        self.edges.append("e")
        text = f"MATCH {self.entity('N')}{self.rng.choice(arrows)}{self.entity('N')}"
        text += self.rng.choice(["-[:R]->", "-[:R]-", "<-[:R|S]-", "<-[:q]-"]) + self.entity("?")
        last = list(self.entities)[-1]
        test = self.rng.choice([f"e.x < {last}.x", f"v1.x <= {last}.x", f"e.f < {last}.f", f"e.x + {last}.x > 2"])
        columns = self.rng.sample(
            ["e.k", "e.x", "v1.x", "v1.k", f"{last}.k", "v0.x", "e.f"], self.rng.choice([1, 2, 3])
        )
        return self.sorted_or_not(f"{text} WHERE {test}{self.where(0.2, 'AND')}", columns)

    def united(self) -> Asked:
        """Rows of two queries."""
        parts = []
        for _ in range(2):
            self.entities, self.edges, self.steps = {}, [], []
            text = f"MATCH {self.walk(self.rng.choice([0, 1, 2]))}{self.where(0.3)}"
            names = list(self.entities)
            first, last = names[0], names[-1]
            parts.append(f"{text} RETURN {first}.k AS a, {last}.x AS b")
        union = self.rng.choice([" UNION ALL ", " UNION "])
        returned = self.rng.choice(["count(*) AS n", "a, count(*) AS n", "DISTINCT b", "b, min(a) AS n, count(a) AS m"])
        return self.asked(f"CALL () {{ {union.join(parts)} }} RETURN {returned}")
