"""Random patterns over the random graphs, as trees that can be changed and written as Cypher.

Every element of a pattern has a name here: ``v`` and a number for entities, ``r`` for steps, ``p`` for paths, ``z`` and
``t`` within subqueries, ``g`` within repeated paths, ``n`` for values. No other word of a query looks like these, so
the names in a piece of text can be found and exchanged without parsing it. Names that stand once are left out when the
query is written.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator

NAME = re.compile(r"\b[a-z]\d+\b")
NUMBER = re.compile(r"((?:\.[xky] (?:>=|<>|<|>|=)|[{ ][xky]:) )(\d)\b(?!\.)")
"""A number that a property is compared with."""
PARAMETERS = {f"number{value}": value for value in range(10)}
"""The values of ``$number0`` to ``$number9``."""
EDGES = ("R", "S")
ROLES = ("p", "q", "r", "of", "by")
ENDS = ("source", "target")
"""The roles of R where it is declared."""
ALL_TYPES = frozenset(EDGES + ROLES)

Label = str | tuple[Any, ...]
"""A label, ``%`` for any, or an operator (``!``, ``&``, ``|``) with label expressions."""


def names_in(text: str) -> set[str]:
    """The names in a piece of Cypher."""
    return set(NAME.findall(text))


def label_text(label: Label) -> str:
    """A label expression in Cypher."""
    if isinstance(label, str):
        return label
    operator, *parts = label
    simple = [isinstance(part, str) or part[0] == "!" for part in parts]
    texts = [label_text(part) for part in parts]
    written = [text if own else f"({text})" for text, own in zip(texts, simple, strict=True)]
    return f"!{written[0]}" if operator == "!" else operator.join(written)


def map_text(properties: dict[str, str]) -> str:
    """An inline property map, with a space before it."""
    return " {" + ", ".join(f"{name}: {value}" for name, value in properties.items()) + "}" if properties else ""


@dataclass
class Entity:
    """A node pattern."""

    name: str
    label: Label | None = None
    properties: dict[str, str] = field(default_factory=dict)
    condition: str = ""
    """What stands in an inline WHERE."""

    def text(self) -> str:
        """In Cypher."""
        label = "" if self.label is None else f":{label_text(self.label)}"
        where = f" WHERE {self.condition}" if self.condition else ""
        return f"({self.name}{label}{map_text(self.properties)}{where})"

    @property
    def bare(self) -> bool:
        """Whether it says nothing but its name."""
        return self.label is None and not self.properties and not self.condition


@dataclass
class Step:
    """A relationship pattern over edges or roles, perhaps of variable length."""

    name: str
    types: tuple[str, ...] = ()
    direction: str = "->"
    bounds: tuple[int, int] | None = None
    properties: dict[str, str] = field(default_factory=dict)
    condition: str = ""
    excludes: bool = False
    """Whether the types are those that the step does not take."""
    braces: bool = False
    """Whether the bounds stand in braces behind the arrow instead of behind a star."""

    def text(self) -> str:
        """In Cypher."""
        types = "|".join(self.types)
        if self.excludes:
            types = f"!({types})" if len(self.types) > 1 else f"!{types}"
        where = f" WHERE {self.condition}" if self.condition else ""
        least, most = self.bounds or (1, 1)
        star = f"*{least}..{most}" if self.bounds and not self.braces else ""
        inner = f"-[{self.name}{':' if types else ''}{types}{star}{map_text(self.properties)}{where}]-"
        arrow = {"->": f"{inner}>", "<-": f"<{inner}", "--": inner}[self.direction]
        return arrow + (f"{{{least},{most}}}" if self.bounds and self.braces else "")

    def domain(self) -> frozenset[str]:
        """The types of the relationships that it may take; the ends of an edge count as the edge."""
        named = {"R" if name in ENDS else name for name in self.types}
        return frozenset(ALL_TYPES - named if self.excludes else named or ALL_TYPES)

    @property
    def single(self) -> bool:
        """Whether it takes one relationship, and its name stands for it."""
        return self.bounds is None


@dataclass
class Group:
    """A repeated path; it needs no name outside of it."""

    entities: list[Entity]
    steps: list[Step]
    bounds: tuple[int, int]
    condition: str = ""
    name: str = ""
    single = False

    def text(self) -> str:
        """In Cypher, with spaces around it."""
        inner = path_text(self.entities, self.steps)
        where = f" WHERE {self.condition}" if self.condition else ""
        return f" ({inner}{where}){{{self.bounds[0]},{self.bounds[1]}}} "

    def domain(self) -> frozenset[str]:
        """The types of the relationships that it may take."""
        return frozenset().union(*(step.domain() for step in self.steps))


def path_text(entities: list[Entity], steps: list[Any]) -> str:
    """Entities with the steps between them."""
    pieces = [entities[0].text()]
    for step, entity in zip(steps, entities[1:], strict=True):
        pieces += [step.text(), entity.text()]
    return "".join(pieces)


@dataclass
class Path:
    """A path of a pattern."""

    entities: list[Entity]
    steps: list[Any] = field(default_factory=list)
    name: str = ""
    prefix: str = ""
    """A mode or a search."""

    def text(self) -> str:
        """In Cypher."""
        inner = path_text(self.entities, self.steps)
        if self.prefix in ("shortestPath", "allShortestPaths"):
            inner = f"{self.prefix}({inner})"
        elif self.prefix:
            inner = f"{self.prefix} {inner}"
        return f"{self.name} = {inner}" if self.name else inner

    @property
    def plain(self) -> bool:
        """Whether it is the same path in parts."""
        return not self.name and not self.prefix

    def named(self) -> list[Any]:
        """Its entities and its steps with a name."""
        return [*self.entities, *(step for step in self.steps if step.name)]


class Condition:
    """What a WHERE asks for, if nothing else: a text."""

    def __init__(self, text: str) -> None:
        self.written = text

    def text(self) -> str:
        """In Cypher; as an operand it stands in parentheses."""
        return self.written

    def names(self) -> set[str]:
        """The names it reads from outside of it."""
        return names_in(self.written)


@dataclass
class Labelled(Condition):
    """An entity has a label."""

    name: str
    label: Label
    form: str = "expression"

    def text(self) -> str:
        """As a label expression, in its parts, or with ``labels``."""
        if self.form == "expression" or not isinstance(self.label, tuple):
            if self.form == "labels" and self.label != "%":
                return f"'{self.label}' IN labels({self.name})"
            return f"{self.name}:{label_text(self.label)}"
        operator, *parts = self.label
        written = [f"({Labelled(self.name, part, self.form).text()})" for part in parts]
        return f"NOT {written[0]}" if operator == "!" else {"&": " AND ", "|": " OR "}[operator].join(written)

    def names(self) -> set[str]:
        """The entity's name."""
        return {self.name}


@dataclass
class Compared(Condition):
    """A comparison."""

    left: str
    operator: str
    right: str

    def text(self) -> str:
        """In Cypher."""
        return f"{self.left} {self.operator} {self.right}"

    def names(self) -> set[str]:
        """The names on both sides."""
        return names_in(self.left) | names_in(self.right)


@dataclass
class Either(Condition):
    """Conditions of which one holds."""

    parts: list[Condition]
    operator: str = " OR "

    def text(self) -> str:
        """In Cypher."""
        return self.operator.join(f"({part.text()})" for part in self.parts)

    def names(self) -> set[str]:
        """The names of all parts."""
        return set().union(*(part.names() for part in self.parts))


@dataclass
class Not(Condition):
    """The contrary of a condition."""

    part: Condition

    def text(self) -> str:
        """In Cypher."""
        return f"NOT ({self.part.text()})"

    def names(self) -> set[str]:
        """The names of the part."""
        return self.part.names()


@dataclass
class Subquery(Condition):
    """A count of what a pattern finds, compared with a number."""

    paths: list[Path]
    conditions: list[Condition]
    operator: str
    number: int
    own: frozenset[str]
    """The names that the pattern brings along."""
    form: str = "count"
    """How it is written: ``count``, ``exists``, ``pattern`` or ``comprehension``."""

    def forms(self) -> list[str]:
        """The ways in which it can be written."""
        bare = not self.conditions and len(self.paths) == 1 and self.paths[0].plain and self.paths[0].steps
        entities = [entity for path in self.paths for entity in path.entities]
        # A pattern as an expression brings no names along, and an inline WHERE there reads only what has one.
        unnamed = bare and all(not entity.condition for entity in entities)
        tells = (self.operator, self.number) in ((">", 0), ("=", 0))
        found = ["count"] + (["exists"] if tells else [])
        if unnamed and self.stands_once():
            found += ["pattern"] if tells else []
            found += ["comprehension"]
        return found

    def stands_once(self) -> bool:
        """Whether each of its own names stands in one place, so that none is needed."""
        written = NAME.findall(", ".join(path.text() for path in self.paths))
        return all(written.count(name) == 1 for name in self.own)

    def text(self) -> str:
        """In Cypher."""
        match = match_text("MATCH", self.paths, self.conditions)
        negated = "NOT " if self.operator == "=" else ""
        if self.form == "exists":
            return f"{negated}EXISTS {{ {match} }}"
        if self.form == "count":
            return f"COUNT {{ {match} }} {self.operator} {self.number}"
        pattern = self.paths[0].text()
        if self.form == "pattern":
            return negated + NAME.sub(lambda found: "" if found[0] in self.own else found[0], pattern)
        return f"size([{pattern} | 1]) {self.operator} {self.number}"

    def names(self) -> set[str]:
        """The names from outside."""
        return names_in(match_text("MATCH", self.paths, self.conditions)) - self.own


def match_text(kind: str, paths: list[Path], conditions: list[Condition]) -> str:
    """A clause with a pattern and its conditions."""
    where = " AND ".join(operand(condition, len(conditions)) for condition in conditions)
    pattern = ", ".join(path.text() for path in paths)
    return " ".join([kind, *([pattern] if pattern else []), *([f"WHERE {where}"] if where else [])])


def operand(condition: Condition, beside: int) -> str:
    """A condition as one of several."""
    text = condition.text()
    loose = beside > 1 and (" OR " in text or " XOR " in text)
    return f"({text})" if loose else text


@dataclass
class Clause:
    """A clause: MATCH, OPTIONAL MATCH, ``WITH *`` with conditions, or another one as a text."""

    kind: str
    paths: list[Path] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    keeps: list[str] | None = None
    """The names that are known after it, where it drops others."""
    adds: list[str] = field(default_factory=list)
    """The names of values that it makes."""
    returns: list[str] | None = None
    """What a subquery around the pattern returns, where there is one."""
    imports: str = "*"
    """What that subquery imports."""
    aggregates: bool = False
    """Whether it makes one row of several."""
    fixed: bool = False
    """Whether the pattern stays as it is: what it finds depends on how it is written."""

    def text(self) -> str:
        """In Cypher."""
        kind = "MATCH" if self.returns is not None else self.kind
        text = match_text(kind, self.paths, self.conditions)
        if self.returns is None:
            return text
        call = "OPTIONAL CALL" if self.kind == "OPTIONAL MATCH" else "CALL"
        return f"{call} ({self.imports}) {{ {text} RETURN {', '.join(self.returns)} }}"

    def matches(self) -> bool:
        """Whether it is a MATCH that is not optional and whose parts may be changed."""
        return self.kind == "MATCH" and not self.fixed and self.returns is None

    def has_pattern(self) -> bool:
        """Whether it has a pattern that may be changed."""
        return self.kind.endswith("MATCH") and not self.fixed

    def entities(self) -> Iterator[Entity]:
        """The entities of all paths."""
        return (entity for path in self.paths for entity in path.entities)

    def steps(self) -> Iterator[Any]:
        """The steps of all paths."""
        return (step for path in self.paths for step in path.steps)

    def binds(self) -> set[str]:
        """The names that it makes known."""
        if self.returns is not None:
            return {name for name in self.returns if NAME.fullmatch(name)}
        names = {path.name for path in self.paths if path.name}
        return names.union(self.adds, *({part.name for part in path.named()} for path in self.paths))


@dataclass
class Branch:
    """The clauses before a RETURN."""

    clauses: list[Clause]

    def scope(self, count: int) -> list[str]:
        """The names that are known after the first ``count`` clauses."""
        known: dict[str, None] = {}
        for clause in self.clauses[:count]:
            if clause.keeps is not None:
                known = dict.fromkeys(clause.keeps)
            known |= dict.fromkeys(sorted(clause.binds()))
        return list(known)

    def text(self) -> str:
        """In Cypher, all names written."""
        return " ".join(clause.text() for clause in self.clauses)


@dataclass
class Query:
    """Branches that are united, and what is returned of them."""

    branches: list[Branch]
    columns: list[str]
    form: str = "rows"
    """``rows``, ``distinct``, ``count``, ``group`` or ``distinct count``."""
    in_two_clauses: bool = False
    """Whether a WITH stands before the RETURN."""
    ordered: bool = False
    """Whether the rows are sorted by the first column."""
    parameters: bool = False
    """Whether the numbers that are compared are parameters."""
    renamed: dict[str, str] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    """Names that are written though they stand once."""
    constructs: list[str] = field(default_factory=list)
    keys: int = 0
    """How many of the first columns are numbers ``k`` that no part of a row is without."""
    exact: bool = True
    """Whether what a row is made of does not depend on the rest of the graph."""

    def text(self) -> str:
        """In Cypher."""
        if len(self.branches) == 1:
            order = " ORDER BY out0" if self.ordered else ""
            return self.finished(self.branches[0].text() + self.ending() + order)
        columns = ", ".join(f"{column} AS out{index}" for index, column in enumerate(self.columns))
        if self.form in ("rows", "distinct"):
            union = " UNION ALL " if self.form == "rows" else " UNION "
            return union.join(self.finished(f"{branch.text()} RETURN {columns}") for branch in self.branches)
        inner = " UNION ALL ".join(self.finished(f"{branch.text()} RETURN {columns}") for branch in self.branches)
        return f"CALL () {{ {inner} }}{self.summary([f'out{index}' for index in range(len(self.columns))])}"

    def ending(self) -> str:
        """The RETURN of a single branch."""
        if self.in_two_clauses:
            items = [f"{column} AS out{index}" for index, column in enumerate(self.columns)]
            names = [f"out{index}" for index in range(len(items))]
            if self.form == "distinct":
                return f" WITH {', '.join(items)}, count(*) AS times RETURN {', '.join(names)}"
            return f" WITH {', '.join(items)}{self.summary(names)}"
        return self.summary(self.columns)

    def summary(self, columns: list[str]) -> str:
        """What is returned of the columns."""
        if self.form == "count":
            return " RETURN count(*) AS out0"
        if self.form == "distinct count":
            return f" RETURN count(DISTINCT {columns[0]}) AS out0"
        keys = ", ".join(f"{column} AS out{index}" for index, column in enumerate(columns))
        if self.form == "group":
            return f" RETURN {keys}, count(*) AS times"
        return f" RETURN {'DISTINCT ' if self.form == 'distinct' else ''}{keys}"

    def finished(self, text: str) -> str:
        """The text without the names that it does not need, and with those that it has now."""
        counts: dict[str, int] = {}
        for name in NAME.findall(text):
            counts[name] = counts.get(name, 0) + 1
        # Stars stand for names, and there must be some.
        starred = "WITH *" in text or "(*)" in text
        spared = {next(iter(counts))} if starred and counts else set()

        def shown(found: re.Match[str]) -> str:
            name = found[0]
            opens = text[found.start() - 1] in "(["
            if counts[name] == 1 and opens and name not in self.written and name not in spared:
                return ""
            return self.renamed.get(name, name)

        text = NAME.sub(shown, text)
        return NUMBER.sub(r"\1$number\2", text) if self.parameters else text

    def fresh(self, letter: str) -> str:
        """A name that is not there yet."""
        texts = " ".join([*(branch.text() for branch in self.branches), *self.renamed.values()])
        return letter + str(1 + max((int(name[1:]) for name in names_in(texts)), default=0))


LABELS: dict[str, list[Label | None]] = {
    "N": ["N", "N", "B", "C", None, ("|", "N", "B"), ("&", "N", ("!", "B")), ("|", "B", "H"), ("!", "H"), "%"],
    "H": ["H", "H", "H", None, None, ("|", "H", "G"), ("!", "N"), ("|", "N", "H"), ("&", "H", ("!", "B"))],
    "G": ["G", "G", None, ("|", "H", "G"), ("!", "N"), ("!", "H")],
    "E": ["R"],
    "?": [None, None, None, None, "N", "H", "B", ("|", "N", "H"), ("!", "H"), ("!", "B"), ("|", "C", "G"), "%"],
}
"""The labels of an entity that is a node, a hyperedge H or G, an edge R or anything."""

MODES = ["TRAIL", "ACYCLIC", "ACYCLIC", "SIMPLE", "WALK"]
SEARCHES = ["shortestPath", "allShortestPaths", "SHORTEST 2", "ANY SHORTEST", "SHORTEST 2 GROUPS"]

STEPS: dict[str, list[tuple[tuple[str, ...], str, str, int]]] = {
    "N": [
        (("R",), "any", "N", 4),
        (("S",), "any", "N", 2),
        (("R", "S"), "any", "N", 2),
        (("S",), "->", "?", 1),
        ((), "any", "?", 3),
        (("p",), "<-", "H", 2),
        (("q",), "<-", "H", 4),
        (("p", "q"), "<-", "H", 2),
        (("r",), "<-", "H", 1),
        (("by",), "<-", "G", 1),
        (("R", "q"), "any", "?", 1),
    ],
    "H": [
        (("p",), "->", "N", 2),
        (("q",), "->", "N", 4),
        (("p", "q"), "->", "N", 2),
        (("r",), "->", "?", 2),
        ((), "->", "?", 3),
        ((), "--", "?", 1),
        (("of",), "<-", "G", 2),
        (("r",), "<-", "H", 1),
        (("S",), "any", "?", 1),
    ],
    "G": [
        (("of",), "->", "H", 2),
        (("by",), "->", "N", 2),
        (("of", "by"), "->", "?", 1),
        ((), "->", "?", 1),
    ],
    "E": [(("source",), "->", "N", 1), (("target",), "->", "N", 1)],
    "?": [
        ((), "any", "?", 3),
        (("R",), "any", "N", 2),
        (("S",), "any", "?", 1),
        (("q",), "->", "N", 1),
        (("r",), "any", "?", 1),
        (("of",), "<-", "G", 1),
    ],
}
"""The steps from an entity of a kind: types, direction, what they lead to, and how often they are chosen."""


class Builder:
    """Makes random queries for graphs in which R is declared or not."""

    def __init__(self, rng: random.Random, declared_edges: bool) -> None:
        self.rng = rng
        self.declared_edges = declared_edges
        self.numbers = itertools.count()
        self.constructs: list[str] = []
        self.cost = 1.0
        """A guess of how many rows the pattern has."""

    def name(self, letter: str) -> str:
        """A new name."""
        return f"{letter}{next(self.numbers)}"

    def chance(self, share: float) -> bool:
        """True in a share of all calls."""
        return self.rng.random() < share

    def noted(self, construct: str) -> None:
        """Counts a construct."""
        self.constructs.append(construct)

    # Patterns

    def entity(self, known: dict[str, str], kind: str, letter: str = "v") -> Entity:
        """A new entity of a kind, with a label and now and then with properties."""
        label = self.rng.choice(LABELS[kind])
        if kind == "?" and isinstance(label, str) and label != "%":
            kind = {"B": "N", "C": "N"}.get(label, label)
        elif kind == "?" and label is not None:
            kind = "??"
        if label is None or isinstance(label, tuple):
            self.noted("no label" if label is None else "label expression")
        entity = Entity(self.name(letter), label)
        known[entity.name] = kind
        if self.chance(0.08):
            entity.properties["x"] = str(self.rng.randrange(4))
            self.noted("inline property")
        if self.chance(0.06):
            entity.condition = self.plain(entity.name)
            self.noted("inline WHERE")
        return entity

    def step(self, kind: str, letter: str = "r") -> tuple[Step, str]:
        """A step from an entity of a kind, and the kind it leads to."""
        if kind == "??":
            types, direction, target = self.rng.choice([((), "any", "?"), (("S",), "any", "?"), (("R",), "any", "N")])
        else:
            options = [option for option in STEPS[kind] for _ in range(option[3])]
            if self.declared_edges and kind == "N" and self.chance(0.1):
                options = [(("source",), "<-", "E", 1), (("target",), "<-", "E", 1)]
            types, direction, target, _ = self.rng.choice(options)
        if direction == "any":
            direction = self.rng.choice(["->", "<-", "--"])
        elif types and not set(types) & set(ENDS) and self.chance(0.1):
            direction = "--"
            target = "?" if "r" in types else target
        step = Step(self.name(letter), types, direction)
        self.cost *= {0: 4.0, 1: 2.0}.get(len(types), 3.0) * (1.7 if direction == "--" else 1.0)
        self.noted("any step" if not types else "edge" if set(types) <= set(EDGES) else "role")
        if set(types) <= set(EDGES) and types and self.chance(0.1):
            step.properties["x"] = str(self.rng.randrange(4))
        elif types and set(types) <= set(EDGES) and self.chance(0.1):
            step.condition = f"{step.name}.x > {self.rng.randrange(3)}"
        elif len(types) == 1 and types[0] in EDGES and self.chance(0.08):
            step.excludes = True
            target = "?"
            self.cost *= 2
        return step, target

    def long_step(self, kind: str) -> tuple[Any, str] | None:
        """A step of variable length or a repeated path, and the kind it leads to."""
        least = self.rng.choice([0, 1, 1, 1, 2])
        most = self.rng.randint(max(least, 1), 3)
        if kind == "E" or self.cost > 60:
            return None
        if kind == "N" and self.chance(0.3):
            self.noted("repeated path")
            self.cost *= 6
            return self.group(least, min(most, 2))
        options: list[tuple[tuple[str, ...], str, str]] = [(("R",), "any", "?"), (("R", "S"), "any", "?")]
        options += [((), "any", "?")] if self.cost < 12 else []
        roles = {"H": ("r",), "G": ("of",), "?": ("of", "r")}
        options += [(roles[kind], "->", "?")] if kind in roles else []
        types, direction, target = self.rng.choice(options)
        if direction == "any":
            direction = self.rng.choice(["->", "<-", "--"])
        if not types:
            most = max(least, 2)
        step = Step(self.name("r"), types, direction, (least, most), braces=self.chance(0.2))
        self.cost *= (3.0 if types else 5.0) ** (most * (1.3 if direction == "--" else 1.0))
        if types == ("R",) and self.chance(0.15):
            step.properties["x"] = str(self.rng.randrange(4))
        self.noted("variable length" + ("" if types else ", any"))
        return step, target

    def group(self, least: int, most: int) -> tuple[Group, str]:
        """A repeated path from a node, through hyperedges or over edges."""
        first, middle, last = (Entity(self.name("g")) for _ in range(3))
        steps = [Step(self.name("g")) for _ in range(2)]
        form = self.rng.choice(["roles", "roles", "edge", "edges", "any roles"])
        target = "N"
        if form == "roles":
            middle.label = "H"
            for step, direction in zip(steps, ("<-", "->"), strict=True):
                step.types, step.direction = (self.rng.choice("pq"),), direction
        elif form == "any roles":
            middle.label = "H"
            steps[0].direction, target = "<-", "?"
            most = 1
            least = min(least, 1)
        else:
            steps[0].types, steps[0].direction = ("R",), self.rng.choice(["->", "<-", "--"])
            steps[1].types = ("R", "S")
        if form == "edge":
            return Group([first, last], steps[:1], (least, most + 1)), target
        group = Group([first, middle, last], steps, (least, most))
        if self.chance(0.2):
            group.condition = f"{middle.name}.x > 0"
        return group, target

    def path(self, known: dict[str, str], length: int, start: str | None, letter: str = "v") -> Path:
        """A path of some steps, from an entity that is known or from a new one."""
        if start is None:
            kind = self.rng.choice(["N", "N", "N", "H", "H", "G", "?"])
            if self.declared_edges and self.chance(0.1):
                kind = "E"
            path = Path([self.entity(known, kind, letter)])
            self.cost *= 4
        else:
            path = Path([Entity(start)])
        for _ in range(length):
            kind = known[path.entities[-1].name]
            made = self.long_step(kind) if letter == "v" and self.chance(0.2) else None
            step, target = made or self.step(kind, "r" if letter == "v" else "t")
            path.steps.append(step)
            path.entities.append(self.target(known, target, letter, made is not None))
        return path

    def target(self, known: dict[str, str], kind: str, letter: str, after_long: bool) -> Entity:
        """What a step leads to: something new, or something known of the same kind."""
        same = [name for name, own in known.items() if own == kind]
        if same and self.chance(0.2):
            self.noted("known target")
            self.cost /= 4
            return Entity(self.rng.choice(same))
        return self.entity(known, kind, letter)

    # Conditions

    def plain(self, name: str) -> str:
        """A condition on the properties of one entity."""
        value = self.rng.randrange(4)
        return self.rng.choice(
            [
                f"{name}.x >= {value}",
                f"{name}.x < {value}",
                f"{name}.x = {value}",
                f"{name}.x <> {value}",
                f"{name}.x IN [{value}, {(value + 1) % 4}]",
                f"{name}.x IS NULL",
                f"{name}.x IS NOT NULL",
                f"{name}.k % 2 = {value % 2}",
                f"{name}.y = 1",
                f"{name}.y = 'a'",
                f"{name}.y < 2",
                f"{name}.y <> true",
                f"{name}.y IS NOT NULL",
            ]
        )

    def condition(self, known: dict[str, str], steps: dict[str, str], rule: str, depth: int = 0) -> Condition:
        """A condition on what is known. ``rule`` is ``any``, ``local`` or ``monotone``: what subqueries may look at."""
        name = self.rng.choice(list(known))
        forms = ["plain"] * 3 + ["compare"] * 3 + ["label", "kind", "subquery", "subquery", "subquery", "either", "not"]
        forms += ["step"] * 2 if steps else []
        forms += ["members"] if known[name] in ("H", "G") else []
        form = self.rng.choice(forms)
        if form in ("either", "not") and (depth or rule == "monotone"):
            form = "plain"
        self.noted(f"condition {form}")
        if form == "plain":
            return self.compared(self.plain(name))
        if form == "compare":
            other = self.rng.choice(list(known))
            choice = self.rng.choice(["x", "x", "y", "entity", "entity"])
            if choice == "entity":
                return Compared(name, self.rng.choice(["<>", "<>", "="]), other)
            return Compared(f"{name}.{choice}", self.rng.choice(["=", "<", "<>", ">="]), f"{other}.{choice}")
        if form == "label":
            labels: list[Label] = ["N", "H", "B", ("!", "B"), ("|", "N", "H"), ("&", "N", ("!", "C")), "%"]
            return Labelled(name, self.rng.choice(labels), self.rng.choice(["expression", "parts", "labels"]))
        if form == "kind":
            return Condition(f"kind({name}) = '{self.rng.choice(['node', 'hyperedge'])}'")
        if form == "members":
            return Condition(self.members(name))
        if form == "step":
            return self.on_step(self.rng.choice(list(steps)), steps)
        if form == "subquery":
            return self.subquery(known, steps, rule, depth)
        if form == "not":
            return Not(self.condition(known, steps, rule, 1))
        parts = [self.condition(known, steps, rule, 1) for _ in range(2)]
        return Either(parts, self.rng.choice([" OR ", " OR ", " XOR ", " AND "]))

    def compared(self, text: str) -> Condition:
        """The text as a comparison, where it is one."""
        found = re.fullmatch(r"(\S+(?: % 2)?) (>=|<>|<|=) (\S+)", text)
        return Compared(*found.groups()) if found else Condition(text)

    def members(self, name: str) -> str:
        """A condition on the members of a hyperedge."""
        value = self.rng.randrange(4)
        return self.rng.choice(
            [
                f"size(members({name})) >= {value}",
                f"arity({name}) > {value}",
                f"any(m IN members({name}) WHERE m.x = {value})",
                f"all(m IN members({name}) WHERE m.x <> {value})",
            ]
        )

    def on_step(self, name: str, steps: dict[str, str]) -> Condition:
        """A condition on a relationship, or on the list of them."""
        if steps[name] == "list":
            return Condition(f"size({name}) {self.rng.choice(['= 1', '> 1', '< 2'])}")
        chosen = self.rng.sample(sorted(ALL_TYPES), 2)
        texts = [f"type({name}) = '{chosen[0]}'", f"type({name}) IN {chosen}", f"NOT type({name}) = '{chosen[0]}'"]
        if steps[name] == "edge":
            texts += [f"{name}.x > 1", f"{name}.x IS NOT NULL", f"{name}.k % 2 = 0"]
        return Condition(self.rng.choice(texts))

    def subquery(self, known: dict[str, str], steps: dict[str, str], rule: str, depth: int) -> Condition:
        """A condition on what another pattern finds."""
        inner = dict(known)
        attached = rule == "local" or self.chance(0.8)
        start = self.rng.choice(list(known)) if attached else None
        spent = self.cost
        path = self.path(inner, self.rng.choice([1, 1, 1, 2]) if attached else self.rng.choice([0, 1]), start, "z")
        paths = [path]
        if not attached and self.chance(0.7):
            other = self.rng.choice(list(known))
            conditions: list[Condition] = [Compared(f"{path.entities[0].name}.x", "=", f"{other}.x")]
        else:
            conditions = []
        if attached and self.chance(0.15):
            paths.append(self.path(inner, 1, self.rng.choice([path.entities[0].name, path.entities[-1].name]), "z"))
        self.cost = spent
        own = frozenset(inner.keys() - known.keys()) | {step.name for part in paths for step in part.steps}
        visible = {name: kind for name, kind in inner.items() if name in own or self.chance(0.5)}
        if self.chance(0.3) and depth < 2 and visible:
            conditions.append(self.condition(visible, {}, rule, depth + 1))
        comparisons = [(">", 0), (">", 0), (">", 1)]
        comparisons += [] if rule == "monotone" else [("=", 0), ("=", 0), ("=", 1), ("<", 2)]
        operator, number = self.rng.choice(comparisons)
        found = Subquery(paths, conditions, operator, number, own)
        found.form = self.rng.choice(found.forms())
        self.noted(f"subquery {found.form}" + ("" if attached else ", unattached"))
        return found

    # Clauses

    def match(
        self,
        known: dict[str, str],
        kind: str,
        attached: bool,
        sizes: list[int],
        rule: str,
        required: dict[str, str] | None = None,
    ) -> Clause:
        """A MATCH whose first path starts at what is known, and whose other paths do so or not.

        What is not ``required`` may be null.
        """
        clause = Clause(kind)
        before = set(known)
        conditions = 0.5 if kind == "MATCH" else 0.3
        for index, size in enumerate(sizes):
            bound = sorted(before if kind != "MATCH" else known)
            starts_known = bool(bound) and (attached if index == 0 else self.chance(0.7))
            path = self.path(known, size, self.rng.choice(bound) if starts_known else None)
            if not starts_known and bound:
                self.noted("disconnected part")
            clause.paths.append(path)
        self.decorate(clause)
        steps = step_kinds(clause)
        # More in the graph may put something in the place of a null, and a condition on it fail then.
        hidden = before - set(required or ()) if rule == "monotone" else set()
        readable = {name: own for name, own in known.items() if name not in hidden}
        while readable and self.chance(conditions):
            clause.conditions.append(self.condition(readable, steps, rule))
        return clause

    def decorate(self, clause: Clause) -> None:
        """Gives paths a name or a mode."""
        for path in clause.paths:
            if path.steps and self.chance(0.06):
                path.prefix = self.rng.choice(MODES)
                self.noted(f"mode {path.prefix}")
            if path.steps and self.chance(0.05):
                path.name = self.name("p")
                self.noted("path variable")

    def search(self, known: dict[str, str]) -> Clause | None:
        """A MATCH for the shortest paths between two entities that are known."""
        nodes = [name for name, kind in known.items() if kind == "N"]
        if len(nodes) < 2 or self.cost > 300:
            return None
        first, last = self.rng.sample(nodes, 2)
        least = self.rng.choice([0, 1, 1])
        types, direction = self.rng.choice([("R",), ("R", "S"), ()]), self.rng.choice(["->", "--"])
        step = Step(self.name("r"), types, direction, (least, 3))
        prefix = self.rng.choice(SEARCHES)
        path = Path([Entity(first), Entity(last)], [step], self.name("p"), prefix)
        self.noted(prefix)
        self.cost *= 2
        return Clause("MATCH", [path], fixed=True)


def step_kinds(clause: Clause) -> dict[str, str]:
    """The steps with a name: edges, roles, either of them, or lists."""
    found = {}
    for step in clause.steps():
        if isinstance(step, Step):
            edge = bool(step.types) and set(step.types) <= set(EDGES) and not step.excludes
            found[step.name] = "list" if not step.single else "edge" if edge else "any"
    return found


def parts(clauses: Iterable[Clause]) -> list[set[str]]:
    """The names of the entities that the patterns of the clauses tie together, part by part."""
    found: list[set[str]] = []
    for path in (path for clause in clauses for path in clause.paths):
        names = {entity.name for entity in path.entities}
        touched = [part for part in found if part & names]
        found = [part for part in found if not part & names] + [names.union(*touched)]
    return found


def random_query(rng: random.Random, declared_edges: bool, rule: str = "any") -> Query:
    """A random query.

    With the rule ``local`` what becomes of a row depends only on what its entities are connected with; with
    ``monotone`` more in the graph never makes less rows.
    """
    builder = Builder(rng, declared_edges)
    known: dict[str, str] = {}
    sizes = [rng.choice([0, 1, 1, 2, 2, 3])] + ([rng.choice([0, 1, 1])] if rng.random() < 0.35 else [])
    first = builder.match(known, "MATCH", False, sizes, rule)
    clauses = [first]
    steps = step_kinds(first)
    required = dict(known)
    exact = rule != "monotone"
    while rng.random() < 0.5 and builder.cost < 150 and len(clauses) < 5:
        made = more_clauses(builder, known, required, clauses, rule)
        steps = {name: kind for name, kind in steps.items() if name in Branch(clauses).scope(len(clauses))}
        for clause in made:
            steps |= step_kinds(clause)
        clauses += made
    return finished(builder, clauses, required, known, steps, exact)


def more_clauses(
    builder: Builder, known: dict[str, str], required: dict[str, str], clauses: list[Clause], rule: str
) -> list[Clause]:
    """One clause that goes on with what is known, or two; ``required`` is what is known and cannot be null."""
    rng = builder.rng
    kind = rng.choice(["MATCH"] * 5 + ["OPTIONAL MATCH"] * 4 + ["search"] * 3 + ["count"] * 2 + ["UNWIND", "CALL"])
    connected = len(parts(clause for clause in clauses if clause.kind == "MATCH")) == 1
    if kind == "search":
        found = builder.search(required)
        return [found] if found else []
    if kind == "UNWIND":
        builder.noted(kind)
        name = builder.name("n")
        return [Clause(f"UNWIND [1, 2] AS {name}", adds=[name])]
    if kind == "CALL" and rule != "monotone":
        builder.noted(kind)
        return [counting_call(builder, required)]
    if kind == "count" and rule != "monotone" and connected:
        builder.noted("WITH count")
        return [counting_with(builder, known, required)]
    if kind == "OPTIONAL MATCH":
        builder.noted(kind)
        attached = rule == "local" or builder.chance(0.85)
        sizes = [rng.choice([1, 1, 2]) if attached else rng.choice([0, 1])]
        clause = builder.match(known, kind, attached, sizes, rule, required)
        after: list[Clause] = []
        if rule != "monotone" and builder.chance(0.25):
            test = builder.condition(known, step_kinds(clause), rule)
            after = [Clause("WITH *", conditions=[test])]
            builder.noted("WITH * WHERE")
        return [clause, *after]
    builder.noted("second MATCH")
    sizes = [rng.choice([0, 1, 1, 2])] + ([1] if builder.chance(0.15) else [])
    attached = builder.chance(0.85)
    before = set(known)
    clause = builder.match(known, "MATCH", attached, sizes, rule, required)
    required.update((name, own) for name, own in known.items() if name not in before)
    return [clause]


def counting_call(builder: Builder, required: dict[str, str]) -> Clause:
    """A subquery that counts for each row."""
    start = builder.rng.choice(list(required))
    inner = {start: required[start]}
    spent = builder.cost
    path = builder.path(inner, 1, start, "z")
    builder.cost = spent
    name = builder.name("n")
    return Clause(f"CALL ({start}) {{ MATCH {path.text()} RETURN count(*) AS {name} }}", adds=[name])


def counting_with(builder: Builder, known: dict[str, str], required: dict[str, str]) -> Clause:
    """A WITH that counts for one or two entities, and drops the rest."""
    rng = builder.rng
    kept = rng.sample(sorted(required), min(len(required), rng.choice([1, 1, 2])))
    name = builder.name("n")
    counted = rng.choice(["*", f"DISTINCT {rng.choice(sorted(known))}", f"{rng.choice(sorted(known))}.x"])
    where = f" WHERE {name} > {rng.choice([0, 1, 1, 2])}" if builder.chance(0.5) else ""
    for table in (known, required):
        for dropped in table.keys() - set(kept):
            del table[dropped]
    text = f"WITH {', '.join(kept)}, count({counted}) AS {name}{where}"
    return Clause(text, keeps=kept, adds=[name], aggregates=True)


def finished(
    builder: Builder,
    clauses: list[Clause],
    required: dict[str, str],
    known: dict[str, str],
    steps: dict[str, str],
    exact: bool,
) -> Query:
    """The query with its columns: a number ``k`` of each part first, then others."""
    rng = builder.rng
    scope = Branch(clauses).scope(len(clauses))
    tied = parts(clause for clause in clauses if clause.kind == "MATCH")
    keys = [rng.choice(sorted(part & required.keys())) for part in tied if part & required.keys()]
    columns = [f"{name}.k" for name in keys]
    others = [f"{name}.{item}" for name in known for item in ("k", "k", "x")]
    others += [f"kind({name})" for name in known] + [f"labels({name})" for name in required]
    others += [name for name in scope if name[0] == "n"] + [f"length({name})" for name in scope if name[0] == "p"]
    for name, kind in steps.items():
        if name in scope:
            others += {"list": [f"size({name})"], "edge": [f"{name}.k", f"{name}.x"], "any": [f"type({name})"]}[kind]
    form = rng.choice(["rows"] * 4 + ["count", "count", "distinct", "group", "distinct count"])
    if form != "distinct count":
        columns += rng.sample(others, min(len(others), rng.choice([0, 1, 2, 3])))
        if form == "rows" and rng.random() < 0.1:
            columns += [rng.choice([*required, *(name for name in known)]), f"{rng.choice(list(known))}.y"]
    builder.noted(f"return {form}")
    return Query([Branch(clauses)], columns, form, constructs=builder.constructs, keys=len(keys), exact=exact)
