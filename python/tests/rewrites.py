"""Changes of a query that leave its answer as it is.

Each takes a copy of a query, changes it and tells whether it could. What stays the same is the bag of rows.
"""

from __future__ import annotations

import contextlib
import copy
import re
from typing import TYPE_CHECKING, Any, TypeVar

from random_patterns import (
    EDGES,
    ENDS,
    NAME,
    ROLES,
    Branch,
    Clause,
    Compared,
    Condition,
    Either,
    Entity,
    Group,
    Labelled,
    Not,
    Path,
    Query,
    Step,
    Subquery,
    match_text,
    names_in,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    Rewrite = Callable[[random.Random, Query], bool]

Found = TypeVar("Found")

REWRITES: dict[str, Rewrite] = {}
"""All changes, by what they do."""
SHARES: dict[str, float] = {}
"""How often each is tried, beside the others."""
TURNED = {"->": "<-", "<-": "->", "--": "--"}
OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
FLIPPED = {"=": "=", "<>": "<>", "<": ">", ">=": "<=", ">": "<", "<=": ">="}


def rewrite(description: str, share: float = 1.0) -> Callable[[Rewrite], Rewrite]:
    """Enters a change into the table."""

    def enter(function: Rewrite) -> Rewrite:
        REWRITES[description] = function
        SHARES[description] = share
        return function

    return enter


def random_rewrite(rng: random.Random, query: Query) -> tuple[str, Query]:
    """A changed copy of the query, and what was done to it."""
    names = list(REWRITES)
    while True:
        [name] = rng.choices(names, list(SHARES.values()))
        changed = copy.deepcopy(query)
        with contextlib.suppress(NotHereError):
            if REWRITES[name](rng, changed):
                return name, changed


class NotHereError(Exception):
    """A query has nothing that a change could change."""


def one_of(rng: random.Random, found: list[Found]) -> Found:
    """One of what was found."""
    if not found:
        raise NotHereError
    return rng.choice(found)


def a_clause(rng: random.Random, query: Query, *, required: bool = False) -> tuple[Branch, int]:
    """A random clause whose pattern may be changed: its branch and its place."""
    found = [
        (branch, place)
        for branch in query.branches
        for place, clause in enumerate(branch.clauses)
        if (clause.matches() if required else clause.has_pattern())
    ]
    return one_of(rng, found)


def a_pattern(rng: random.Random, query: Query) -> Clause:
    """A random clause whose pattern may be changed."""
    branch, place = a_clause(rng, query)
    return branch.clauses[place]


def a_path(rng: random.Random, query: Query, *, plain: bool = False) -> tuple[Clause, int]:
    """A random path with a step: its clause and its place."""
    clause = a_pattern(rng, query)
    places = [place for place, path in enumerate(clause.paths) if path.steps and (path.plain or not plain)]
    return clause, one_of(rng, places)


def uses(query: Query, name: str) -> int:
    """How often a name is written."""
    texts = [*(branch.text() for branch in query.branches), *query.columns]
    return sum(NAME.findall(text).count(name) for text in texts)


def reads_property(query: Query, name: str) -> bool:
    """Whether a property of a variable is read."""
    texts = [*(branch.text() for branch in query.branches), *query.columns]
    return any(re.search(rf"\b{name}\.", text) for text in texts)


def named_once(clause: Clause) -> list[Any]:
    """The entities of a clause and its steps over one relationship."""
    named = [part for path in clause.paths for part in path.named()]
    return [part for part in named if isinstance(part, Entity) or part.single]


def condition_lists(query: Query) -> list[list[Condition]]:
    """The conditions of every clause, and those of subqueries."""
    lists = []
    for branch in query.branches:
        for clause in branch.clauses:
            lists.append(clause.conditions)
            lists += [own.conditions for own in clause.conditions if isinstance(own, Subquery)]
    return lists


def a_condition(rng: random.Random, query: Query, kind: type[Condition] = Condition) -> tuple[list[Condition], int]:
    """A random condition that holds of each row: its list and its place there."""
    found = [
        (conditions, place)
        for conditions in condition_lists(query)
        for place, own in enumerate(conditions)
        if isinstance(own, kind)
    ]
    return one_of(rng, found)


def independent(first: list[Path], second: list[Path]) -> bool:
    """Whether no relationship can be taken in both, so that they may stand in one MATCH or in two."""
    steps = [[step for path in paths for step in path.steps] for paths in (first, second)]
    if any(path.prefix for path in first + second):
        return False
    return not any(one.domain() & other.domain() for one in steps[0] for other in steps[1])


def apart(first: list[Path], second: list[Path]) -> list[Condition] | None:
    """What must be asked where the paths come into two clauses, if that can be said."""
    found: list[Condition] = []
    if any(path.prefix for path in first + second):
        return None
    for one in (step for path in first for step in path.steps):
        for other in (step for path in second for step in path.steps):
            if not one.domain() & other.domain():
                continue
            if not (one.single and other.single) or {*one.types, *other.types} & set(ENDS):
                return None
            found.append(Compared(one.name, "<>", other.name))
    return found


# The shape of a pattern


@rewrite("paths in another order", 2.0)
def reorder_paths(rng: random.Random, query: Query) -> bool:
    clause = a_pattern(rng, query)
    if len(clause.paths) < 2:
        return False
    clause.paths = clause.paths[1:] + clause.paths[:1] if rng.random() < 0.5 else clause.paths[::-1]
    return True


@rewrite("a path reversed")
def reverse_path(rng: random.Random, query: Query) -> bool:
    clause, place = a_path(rng, query)
    reverse(clause.paths[place])
    return True


def reverse(path: Path) -> None:
    """Writes the path from its end."""
    path.entities.reverse()
    path.steps.reverse()
    for step in path.steps:
        if isinstance(step, Group):
            step.entities.reverse()
            step.steps.reverse()
        for own in step.steps if isinstance(step, Group) else [step]:
            own.direction = TURNED[own.direction]


@rewrite("every path reversed", 0.3)
def reverse_paths(rng: random.Random, query: Query) -> bool:
    for branch in query.branches:
        for clause in branch.clauses:
            for path in clause.paths if clause.has_pattern() else []:
                reverse(path)
    return True


@rewrite("a path split with a comma")
def split_path(rng: random.Random, query: Query) -> bool:
    clause, place = a_path(rng, query, plain=True)
    path = clause.paths[place]
    cut = rng.randrange(len(path.entities))
    first = Path(path.entities[: cut + 1], path.steps[:cut])
    second = Path([Entity(path.entities[cut].name), *path.entities[cut + 1 :]], path.steps[cut:])
    clause.paths[place : place + 1] = [first, second] if rng.random() < 0.5 else [second, first]
    return True


@rewrite("two paths joined", 2.0)
def join_paths(rng: random.Random, query: Query) -> bool:
    clause = a_pattern(rng, query)
    for first in clause.paths:
        for second in clause.paths:
            joins = first is not second and first.entities[-1].name == second.entities[0].name
            if joins and first.plain and second.plain and second.entities[0].bare:
                first.entities += second.entities[1:]
                first.steps += second.steps
                clause.paths = [path for path in clause.paths if path is not second]
                return True
    return False


@rewrite("a MATCH split into two", 2.0)
def split_clause(rng: random.Random, query: Query) -> bool:
    branch, place = a_clause(rng, query, required=True)
    clause = branch.clauses[place]
    if len(clause.paths) < 2 or edge_entities(branch):
        return False
    cut = rng.randrange(1, len(clause.paths))
    first, second = clause.paths[:cut], clause.paths[cut:]
    differ = apart(first, second)
    if differ is None:
        return False
    branch.clauses[place : place + 1] = [Clause("MATCH", first), Clause("MATCH", second, clause.conditions + differ)]
    early_conditions(rng, branch, place)
    return True


def early_conditions(rng: random.Random, branch: Branch, place: int) -> None:
    """Moves some conditions of the next clause to this one, where what they read is known."""
    first, second = branch.clauses[place : place + 2]
    known = set(branch.scope(place + 1))
    for condition in list(second.conditions):
        if condition.names() <= known and rng.random() < 0.6:
            second.conditions = [own for own in second.conditions if own is not condition]
            first.conditions.append(condition)


@rewrite("two MATCH joined", 3.0)
def join_clauses(rng: random.Random, query: Query) -> bool:
    for branch in query.branches:
        for place, (first, second) in enumerate(zip(branch.clauses, branch.clauses[1:], strict=False)):
            if first.matches() and second.matches() and independent(first.paths, second.paths):
                joined = Clause("MATCH", first.paths + second.paths, first.conditions + second.conditions)
                branch.clauses[place : place + 2] = [joined]
                return True
    return False


@rewrite("two MATCH in another order", 3.0)
def swap_clauses(rng: random.Random, query: Query) -> bool:
    places = [
        (branch, place)
        for branch in query.branches
        for place, (first, second) in enumerate(zip(branch.clauses, branch.clauses[1:], strict=False))
        if first.matches() and second.matches() and not edge_entities(branch)
    ]
    branch, place = one_of(rng, places)
    first, second = branch.clauses[place : place + 2]
    branch.clauses[place : place + 2] = [second, first]
    first.conditions = first.conditions + second.conditions
    second.conditions = []
    early_conditions(rng, branch, place)
    return True


@rewrite("a variable for each place, and an equality", 1.5)
def part_variable(rng: random.Random, query: Query) -> bool:
    branch, place = a_clause(rng, query)
    clause = branch.clauses[place]
    edges = edge_entities(branch)
    options = []
    for entity in clause.entities():
        elsewhere = {own.name for own in clause.entities() if own is not entity}.union(branch.scope(place))
        if entity.bare and entity.name in elsewhere and entity.name not in edges:
            options.append(entity)
    entity = one_of(rng, options)
    sides = [entity.name, query.fresh("v")]
    entity.name = sides[1]
    rng.shuffle(sides)
    clause.conditions.append(Compared(sides[0], "=", sides[1]))
    return True


def edge_entities(branch: Branch) -> set[str]:
    """The names of binary edges that are entities: these need their type where they are found."""
    return {entity.name for clause in branch.clauses for entity in clause.entities() if entity.label == "R"}


# Labels, properties and types


@rewrite("a label moved to WHERE", 0.6)
def label_to_where(rng: random.Random, query: Query) -> bool:
    clause = a_pattern(rng, query)
    entities = [entity for entity in clause.entities() if entity.label not in (None, "R")]
    entity = one_of(rng, entities)
    clause.conditions.append(label_test(rng, entity))
    return True


def label_test(rng: random.Random, entity: Entity) -> Labelled:
    """Takes the label from an entity, as a condition."""
    assert entity.label is not None
    test = Labelled(entity.name, entity.label, rng.choice(["expression", "parts", "labels"]))
    entity.label = None
    return test


@rewrite("a label moved to the pattern", 2.0)
def label_to_pattern(rng: random.Random, query: Query) -> bool:
    clause = a_pattern(rng, query)
    labelled = [own for own in clause.conditions if isinstance(own, Labelled)]
    condition = one_of(rng, labelled)
    entities = [own for own in clause.entities() if own.name == condition.name and own.label is None]
    if not entities:
        return False
    entities[0].label = condition.label
    clause.conditions = [own for own in clause.conditions if own is not condition]
    return True


@rewrite("a label expression turned round")
def other_label(rng: random.Random, query: Query) -> bool:
    clause = a_pattern(rng, query)
    entities = [entity for entity in clause.entities() if entity.label not in (None, "R")]
    entity = one_of(rng, entities)
    label = entity.label
    if isinstance(label, tuple) and label[0] in ("&", "|") and rng.random() < 0.5:
        other = {"&": "|", "|": "&"}[label[0]]
        entity.label = ("!", (other, *(("!", part) for part in label[1:])))
    elif isinstance(label, tuple) and label[0] in ("&", "|"):
        entity.label = (label[0], *label[:0:-1])
    else:
        entity.label = rng.choice([("!", ("!", label)), ("&", label, "%"), ("&", label, label), ("|", label, label)])
    return True


@rewrite("properties moved to WHERE", 2.0)
def property_to_where(rng: random.Random, query: Query) -> bool:
    clause = a_pattern(rng, query)
    parts = [part for part in named_once(clause) if part.properties]
    part = one_of(rng, parts)
    clause.conditions += [Compared(f"{part.name}.{name}", "=", value) for name, value in part.properties.items()]
    part.properties = {}
    return True


@rewrite("a condition moved into the pattern")
def condition_to_pattern(rng: random.Random, query: Query) -> bool:
    branch, place = a_clause(rng, query)
    clause = branch.clauses[place]
    before = set(branch.scope(place))
    options = [(condition, part) for condition in clause.conditions for part in named_once(clause)]
    rng.shuffle(options)
    for condition, part in options:
        if move_inside(condition, part, before):
            clause.conditions = [own for own in clause.conditions if own is not condition]
            return True
    return False


def move_inside(condition: Condition, part: Any, before: set[str]) -> bool:
    """Writes the condition on one part of a pattern into it; ``before`` is what earlier clauses bind."""
    if isinstance(condition, Subquery | Either | Not) or part.condition:
        return False
    if isinstance(condition, Compared) and condition.operator == "=" and not part.properties:
        key = condition.left.removeprefix(f"{part.name}.")
        if key in ("x", "y", "k") and names_in(condition.right) <= before:
            part.properties = {key: condition.right}
            return True
    if condition.names() != {part.name}:
        return False
    part.condition = condition.text()
    return True


@rewrite("an inline WHERE moved out", 2.0)
def condition_to_where(rng: random.Random, query: Query) -> bool:
    clause = a_pattern(rng, query)
    parts = [part for part in named_once(clause) if part.condition]
    part = one_of(rng, parts)
    clause.conditions.append(Condition(part.condition))
    part.condition = ""
    return True


@rewrite("types moved to WHERE")
def types_to_where(rng: random.Random, query: Query) -> bool:
    clause = a_pattern(rng, query)
    # Of an edge as an entity, the role is known where the pattern names it only.
    steps = [step for step in clause.steps() if step.single and isinstance(step, Step) and step.types]
    steps = [step for step in steps if not set(step.types) & set(ENDS)]
    # Asking for a property of an incidence is an error.
    steps = [step for step in steps if not step.properties and not reads_property(query, step.name)]
    step = one_of(rng, steps)
    tests = [f"type({step.name}) = '{name}'" for name in step.types]
    listed = f"type({step.name}) IN {list(step.types)}"
    text = rng.choice([listed, " OR ".join(tests)])
    condition = Either([Condition(test) for test in tests]) if " OR " in text else Condition(text)
    clause.conditions.append(Not(condition) if step.excludes else condition)
    step.types, step.excludes = (), False
    return True


@rewrite("types excluded instead of named")
def types_excluded(rng: random.Random, query: Query) -> bool:
    clause = a_pattern(rng, query)
    steps = [step for step in clause.steps() if isinstance(step, Step) and step.types]
    # The other way round, types would be named that a hyperedge has no role of.
    steps = [step for step in steps if not step.excludes and not set(step.types) & set(ENDS)]
    step = one_of(rng, steps)
    step.types = tuple(name for name in EDGES + ROLES if name not in step.types)
    step.excludes = True
    return True


# Lengths


@rewrite("a length in braces")
def other_bounds(rng: random.Random, query: Query) -> bool:
    clause = a_pattern(rng, query)
    steps = [step for step in clause.steps() if isinstance(step, Step) and step.bounds]
    step = one_of(rng, steps)
    step.braces = not step.braces
    return True


@rewrite("a step as a repeated path", 2.0)
def step_to_group(rng: random.Random, query: Query) -> bool:
    clause, place = a_path(rng, query)
    path = clause.paths[place]
    for index, step in enumerate(path.steps):
        if isinstance(step, Step) and step.bounds and uses(query, step.name) == 1:
            number = int(query.fresh("g")[1:])
            ends = [Entity(f"g{number}"), Entity(f"g{number + 1}")]
            inner = Step(f"g{number + 2}", step.types, step.direction, None, step.properties, "", step.excludes)
            path.steps[index] = Group(ends, [inner], step.bounds)
            return True
    return False


@rewrite("a step of fixed length written out", 3.0)
def step_written_out(rng: random.Random, query: Query) -> bool:
    clause, place = a_path(rng, query)
    path = clause.paths[place]
    for index, step in enumerate(path.steps):
        fixed = isinstance(step, Step) and step.bounds and step.bounds[0] == step.bounds[1] > 0
        if fixed and uses(query, step.name) == 1:
            number = int(query.fresh("v")[1:])
            count = step.bounds[0]
            steps = [
                Step(f"r{number + own}", step.types, step.direction, None, dict(step.properties), "", step.excludes)
                for own in range(count)
            ]
            path.steps[index : index + 1] = steps
            path.entities[index + 1 : index + 1] = [Entity(f"v{number + count + own}") for own in range(count - 1)]
            return True
    return False


# Conditions


@rewrite("a condition decorated")
def decorate(rng: random.Random, query: Query) -> bool:
    conditions, place = a_condition(rng, query)
    condition = conditions[place]
    true = Condition("true")
    # A pattern alone is a predicate and no value.
    value = Either([condition, Condition("false")])
    conditions[place] = rng.choice(
        [
            Not(Not(condition)),
            Either([true, condition], " AND "),
            value,
            Either([condition, condition]),
            Either([condition, copy.deepcopy(condition)], " AND "),
            Either([condition, Condition("false")], " XOR "),
            Either([Not(condition), Condition("true")], " XOR "),
            Not(Either([Not(condition), Not(true)])),
            Wrapped("coalesce({}, false)", value),
            Wrapped("CASE WHEN {} THEN true ELSE false END", condition),
            Wrapped("({}) = true", value),
            Wrapped("({}) IN [true]", value),
            Wrapped("({}) IS NOT NULL AND ({})", value),
            Not(Not(condition)) if looks_up(condition) else Wrapped("any(x IN [1] WHERE {})", condition),
        ]
    )
    return True


def looks_up(condition: Condition) -> bool:
    """Whether the condition has a pattern in it."""
    text = condition.text()
    return any(piece in text for piece in ("MATCH", "]-", "-[", "--"))


class Wrapped(Condition):
    """A condition within an expression."""

    def __init__(self, template: str, part: Condition) -> None:
        self.template = template
        self.part = part

    def text(self) -> str:
        """In Cypher."""
        return "(" + self.template.replace("{}", self.part.text()) + ")"

    def names(self) -> set[str]:
        """The names of the part."""
        return self.part.names()


@rewrite("a condition that always holds", 0.6)
def tautology(rng: random.Random, query: Query) -> bool:
    branch, place = a_clause(rng, query)
    clause = branch.clauses[place]
    known = [name for name in branch.scope(place + 1) if name[0] == "v"]
    name = one_of(rng, known)
    # In an optional clause a name from outside may be null, and these hold of null as well.
    item = rng.choice(["x", "k", "y"])
    texts = [
        "true",
        f"{name}.{item} = {name}.{item} OR {name}.{item} IS NULL",
        f"NOT ({name}.{item} <> {name}.{item}) OR {name}.{item} IS NULL",
        f"{name} = {name} OR {name} IS NULL",
        f"{name}.x < 2 OR {name}.x >= 2 OR {name}.x IS NULL",
        f"{name}.x IS NULL OR {name}.x IS NOT NULL",
        f"{name}:N OR NOT {name}:N OR {name} IS NULL",
        f"COUNT {{ MATCH ({name})--() }} >= 0",
        f"EXISTS {{ MATCH ({name})--() }} OR NOT EXISTS {{ MATCH ({name})--() }}",
    ]
    condition = Condition(f"({rng.choice(texts)})")
    clause.conditions.insert(rng.randrange(len(clause.conditions) + 1), condition)
    return True


@rewrite("a part of the pattern asked for again")
def redundant_exists(rng: random.Random, query: Query) -> bool:
    clause, place = a_path(rng, query, plain=True)
    path = clause.paths[place]
    index = rng.randrange(len(path.steps))
    step = path.steps[index]
    # A hyperedge within braces is known by its name.
    if isinstance(step, Group) or (step.bounds and step.bounds[1] > 2):
        return False
    again = copy.deepcopy(step)
    again.name = query.fresh("t")
    again.condition = ""
    ends = [Entity(path.entities[index].name), Entity(path.entities[index + 1].name)]
    own = frozenset({again.name})
    condition = Subquery([Path(ends, [again])], [], ">", 0, own)
    condition.form = rng.choice(condition.forms())
    clause.conditions.append(condition)
    return True


@rewrite("a comparison written otherwise")
def other_comparison(rng: random.Random, query: Query) -> bool:
    conditions, place = a_condition(rng, query, Compared)
    own = conditions[place]
    assert isinstance(own, Compared)
    entities = "." not in own.left
    options: list[Condition] = [
        Compared(own.right, FLIPPED[own.operator], own.left),
        Not(Compared(own.left, OPPOSITE[own.operator], own.right)),
    ]
    if own.operator == "=":
        options.append(Condition(f"{own.left} IN [{own.right}]"))
    if own.operator == ">=" and not entities:
        larger, same = Compared(own.left, ">", own.right), Compared(own.left, "=", own.right)
        options.append(Either([larger, same]))
    if own.operator in ("=", "<>") and entities and own.left[0] == "v" == own.right[0]:
        options.append(Compared(f"{own.left}.k", own.operator, f"{own.right}.k"))
        options.append(Compared(f"id({own.left})", own.operator, f"id({own.right})"))
    conditions[place] = rng.choice(options)
    return True


@rewrite("a label test written otherwise")
def other_label_test(rng: random.Random, query: Query) -> bool:
    conditions, place = a_condition(rng, query, Labelled)
    own = copy.copy(conditions[place])
    assert isinstance(own, Labelled)
    own.form = rng.choice([form for form in ("expression", "parts", "labels") if form != own.form])
    conditions[place] = own
    return True


@rewrite("a subquery written otherwise", 2.0)
def other_subquery(rng: random.Random, query: Query) -> bool:
    conditions, place = a_condition(rng, query, Subquery)
    own = conditions[place]
    assert isinstance(own, Subquery)
    forms = [form for form in own.forms() if form != own.form]
    if own.operator == ">" and rng.random() < 0.2:
        text = f"COUNT {{ {match_text('MATCH', own.paths, own.conditions)} }} >= {own.number + 1}"
        conditions[place] = Outer(text, own.names())
        return True
    if not forms:
        return False
    own.form = rng.choice(forms)
    return True


class Outer(Condition):
    """A text that reads some names, and has others of its own."""

    def __init__(self, text: str, read: set[str]) -> None:
        super().__init__(text)
        self.read = read

    def names(self) -> set[str]:
        """The names it reads."""
        return self.read


@rewrite("a pattern of a subquery reversed")
def reverse_subquery(rng: random.Random, query: Query) -> bool:
    conditions, place = a_condition(rng, query, Subquery)
    own = conditions[place]
    assert isinstance(own, Subquery)
    reverse(rng.choice(own.paths))
    own.paths.reverse()
    return True


@rewrite("a label of a subquery moved to its WHERE")
def subquery_label(rng: random.Random, query: Query) -> bool:
    conditions, place = a_condition(rng, query, Subquery)
    own = conditions[place]
    assert isinstance(own, Subquery)
    entities = [entity for path in own.paths for entity in path.entities if entity.label not in (None, "R")]
    entity = one_of(rng, entities)
    own.conditions.append(label_test(rng, entity))
    own.form = "exists" if "exists" in own.forms() else "count"
    return True


@rewrite("conditions in another order")
def reorder_conditions(rng: random.Random, query: Query) -> bool:
    lists = [conditions for conditions in condition_lists(query) if len(conditions) > 1]
    if not lists:
        return False
    rng.choice(lists).reverse()
    return True


# Clauses


@rewrite("WITH between clauses", 0.6)
def insert_with(rng: random.Random, query: Query) -> bool:
    branch = rng.choice(query.branches)
    place = rng.randrange(1, len(branch.clauses) + 1)
    scope = branch.scope(place)
    if not scope:
        return False
    kind = rng.choice(["WITH *", f"WITH {', '.join(scope)}", f"WITH {', '.join(reversed(scope))}"])
    keeps = None if kind == "WITH *" else scope
    adds = []
    if rng.random() < 0.3:
        adds = [query.fresh("n")]
        kind += f", {rng.choice(['1', scope[0], 'null'])} AS {adds[0]}"
    branch.clauses.insert(place, Clause(kind, keeps=keeps, adds=adds))
    return True


@rewrite("a condition moved to a WITH")
def condition_to_with(rng: random.Random, query: Query) -> bool:
    branch, place = a_clause(rng, query, required=True)
    clause = branch.clauses[place]
    if not clause.conditions:
        return False
    moved = [own for own in clause.conditions if rng.random() < 0.7] or clause.conditions[:1]
    clause.conditions = [own for own in clause.conditions if not any(own is other for other in moved)]
    later = place + 1
    while later < len(branch.clauses) and branch.clauses[later].keeps is None and rng.random() < 0.5:
        later += 1
    branch.clauses.insert(later, Clause("WITH *", conditions=moved))
    return True


@rewrite("a MATCH within a subquery", 0.6)
def within_call(rng: random.Random, query: Query) -> bool:
    branch, place = a_clause(rng, query)
    clause = branch.clauses[place]
    known = branch.scope(place)
    if clause.returns is not None or (not known and clause.kind != "MATCH"):
        return False
    clause.imports = "*" if known else ""
    clause.returns = sorted(clause.binds() - set(known)) or [f"1 AS one{query.fresh('v')[1:]}"]
    return True


@rewrite("an optional MATCH whose row must be there", 0.6)
def through_optional(rng: random.Random, query: Query) -> bool:
    branch, place = a_clause(rng, query, required=True)
    clause = branch.clauses[place]
    new = sorted(entity.name for entity in clause.entities() if entity.name not in branch.scope(place))
    if not new:
        return False
    clause.kind = "OPTIONAL MATCH"
    branch.clauses.insert(place + 1, Clause("WITH *", conditions=[Condition(f"{rng.choice(new)} IS NOT NULL")]))
    return True


@rewrite("a MATCH of what is known", 0.5)
def redundant_match(rng: random.Random, query: Query) -> bool:
    branch, place = a_clause(rng, query, required=True)
    entities = [own for own in branch.clauses[place].entities() if own.label != "R"]
    edges = {own.name for clause in branch.clauses for own in clause.entities() if own.label == "R"}
    entities = [own for own in entities if own.name not in edges]
    entity = one_of(rng, entities)
    again = Entity(entity.name, rng.choice([None, entity.label]))
    kind = "OPTIONAL MATCH" if again.label is None and rng.random() < 0.3 else "MATCH"
    if rng.random() < 0.4:
        branch.clauses[place].paths.insert(rng.randrange(len(branch.clauses[place].paths) + 1), Path([again]))
    else:
        branch.clauses.insert(place + 1, Clause(kind, [Path([again])]))
    return True


@rewrite("a MATCH as a condition of a distinct answer", 3.0)
def match_to_exists(rng: random.Random, query: Query) -> bool:
    branch = rng.choice(query.branches)
    clause = branch.clauses[-1]
    if query.form not in ("distinct", "distinct count") or not clause.matches() or len(branch.clauses) < 2:
        return False
    known = branch.scope(len(branch.clauses) - 1)
    own = clause.binds() - set(known)
    if own & set().union(*(names_in(column) for column in query.columns)) or edge_entities(branch):
        return False
    condition = Subquery(clause.paths, clause.conditions, ">", 0, frozenset(own), rng.choice(["exists", "count"]))
    branch.clauses[-1] = Clause("WITH *", conditions=[condition])
    return True


# Unions


def unitable(query: Query) -> bool:
    """Whether the query may have more branches, whose rows together are its rows."""
    return query.form != "distinct count" and len(query.branches) <= 3


@rewrite("a union over a condition and its contrary")
def partition(rng: random.Random, query: Query) -> bool:
    branch, place = a_clause(rng, query, required=True)
    if not unitable(query):
        return False
    if any(clause.aggregates for clause in branch.clauses[place + 1 :]):
        return False
    names = [own.name for own in branch.clauses[place].entities()]
    name, other = rng.choice(names), rng.choice(names)
    pattern = f"({name})<--()"
    tests = [
        f"{name}.x > 1",
        f"{name}.x = {other}.x",
        f"{name}.y < 2",
        f"{name}.y = {other}.y",
        f"{name}:N",
        f"{name} = {other}",
        f"kind({name}) = 'node'",
        f"EXISTS {{ MATCH ({name})-->() }}",
        f"COUNT {{ MATCH ({name})--({other}) }} > 1",
        pattern,
    ]
    test = rng.choice(tests)
    copies = []
    # A pattern is a predicate and no value, and never null.
    neither = [] if test == pattern else [f"({test}) IS NULL"]
    for text in [test, f"NOT ({test})", *neither]:
        part = copy.deepcopy(branch)
        part.clauses[place].conditions.append(Condition(text))
        copies.append(part)
    replace(query, branch, copies)
    return True


def replace(query: Query, branch: Branch, copies: list[Branch]) -> None:
    """Puts others in the place of a branch."""
    place = next(index for index, own in enumerate(query.branches) if own is branch)
    query.branches[place : place + 1] = copies


@rewrite("a union over types, directions or lengths", 2.0)
def union_of_steps(rng: random.Random, query: Query) -> bool:
    branch, place = a_clause(rng, query, required=True)
    if not unitable(query):
        return False
    if any(clause.aggregates for clause in branch.clauses[place + 1 :]):
        return False
    steps = [
        (path_place, step_place)
        for path_place, path in enumerate(branch.clauses[place].paths)
        for step_place, step in enumerate(path.steps)
        if isinstance(step, Step)
    ]
    at, index = one_of(rng, steps)
    copies = alternatives(rng, branch, place, at, index)
    if not copies:
        return False
    replace(query, branch, copies)
    return True


def alternatives(rng: random.Random, branch: Branch, place: int, at: int, index: int) -> list[Branch]:
    """The branch once for each type, direction or length of a step."""
    original = branch.clauses[place].paths[at]
    step = original.steps[index]
    copies: list[Branch] = []

    def copied() -> tuple[Clause, Step]:
        copies.append(copy.deepcopy(branch))
        clause = copies[-1].clauses[place]
        return clause, clause.paths[at].steps[index]

    if step.bounds and step.bounds[0] < step.bounds[1]:
        cut = rng.randrange(step.bounds[0], step.bounds[1])
        for bounds in ((step.bounds[0], cut), (cut + 1, step.bounds[1])):
            part = copied()[1]
            part.bounds, part.braces = bounds, False
    elif step.single and step.direction == "--" and not set(step.types) & set(ROLES):
        copied()[1].direction = "->"
        clause, turned = copied()
        turned.direction = "<-"
        ends = [original.entities[index].name, original.entities[index + 1].name]
        # A loop is found once.
        clause.conditions.append(Compared(ends[0], "<>", ends[1]))
    elif step.single and len(step.types) > 1 and not step.excludes:
        copied()[1].types = step.types[:1]
        copied()[1].types = step.types[1:]
    elif step.single and not step.types:
        copied()[1].types = EDGES
        last = copied()[1]
        last.types, last.excludes = EDGES, True
    return copies


# The end, and the names


@rewrite("a WITH before the RETURN", 0.3)
def end_in_two(rng: random.Random, query: Query) -> bool:
    query.in_two_clauses = not query.in_two_clauses
    return True


@rewrite("an order", 0.2)
def order(rng: random.Random, query: Query) -> bool:
    query.ordered = not query.ordered
    return True


@rewrite("numbers as parameters", 0.5)
def parameters(rng: random.Random, query: Query) -> bool:
    query.parameters = not query.parameters
    return True


@rewrite("the same branch twice for a distinct answer")
def doubled(rng: random.Random, query: Query) -> bool:
    if query.form not in ("distinct", "distinct count") or len(query.branches) > 2:
        return False
    query.branches.append(copy.deepcopy(query.branches[0]))
    return True


@rewrite("other names", 0.3)
def rename(rng: random.Random, query: Query) -> bool:
    names = sorted(names_in(" ".join(branch.text() for branch in query.branches)))
    others = [f"{rng.choice('abmnx')}{number}" for number in range(900, 900 + len(names))]
    rng.shuffle(others)
    query.renamed = dict(zip(names, others, strict=True))
    return True


@rewrite("names for what has none", 0.3)
def name_all(rng: random.Random, query: Query) -> bool:
    names = names_in(" ".join(branch.text() for branch in query.branches))
    own = {name for name in names if rng.random() < 0.7}
    # A pattern as an expression brings no names along.
    query.written = own - {name for name in names if name[0] in "zt"}
    return True


def planted(query: Query) -> Query:
    """A copy that is wrong: it has a condition less, or else a label."""
    query = copy.deepcopy(query)
    clauses = [clause for branch in query.branches for clause in branch.clauses]
    for clause in clauses:
        if clause.conditions:
            clause.conditions.pop()
            return query
    for entity in (entity for clause in clauses for entity in clause.entities()):
        if entity.label is not None:
            entity.label = None
            return query
    return query
