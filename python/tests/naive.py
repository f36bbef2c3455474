"""A naive model of hypergraph patterns: the graph as Python sets, every assignment tried.

It shares nothing with the engine, so that an answer both give is likely right.
"""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

NODE, HYPER, OVER = "N", "H", "G"
ROLES = {HYPER: ("p", "q", "r"), OVER: ("of", "by")}
DECLARATIONS = "CREATE HYPEREDGE TYPE H (p N, q N*, r?); CREATE HYPEREDGE TYPE G (of H, by N)"


@dataclass
class Model:
    """Nodes, binary edges and hyperedges, each known by a number ``k`` that is unique in the graph."""

    properties: dict[int, dict[str, Any]] = field(default_factory=dict)
    kinds: dict[int, str] = field(default_factory=dict)
    labels: dict[int, set[str]] = field(default_factory=dict)
    edges: list[tuple[int, str, int, int]] = field(default_factory=list)
    incidences: list[tuple[int, str, int, int]] = field(default_factory=list)
    """Hyperedge, role, position, member."""

    def of_kind(self, kind: str) -> list[int]:
        """The entities of one kind."""
        return [k for k, own in self.kinds.items() if own == kind]

    def members(self, hyperedge: int, role: str | None = None) -> list[int]:
        """The members of a hyperedge in one role, or in all."""
        return [m for h, own, _, m in self.incidences if h == hyperedge and role in (None, own)]


def random_model(rng: random.Random) -> Model:
    """A small graph with self-loops, parallel edges, empty roles and members that stand twice."""
    model = Model()

    def entity(kind: str, labels: set[str]) -> int:
        k = len(model.kinds)
        model.kinds[k] = kind
        model.labels[k] = labels
        model.properties[k] = {"k": k} | ({"x": rng.randrange(4)} if rng.random() < 0.8 else {})
        return k

    nodes = [entity(NODE, {"N"} | ({"B"} if rng.random() < 0.4 else set())) for _ in range(rng.randint(1, 7))]
    for _ in range(rng.randint(0, 10)):
        k = entity("E", set())
        model.edges.append((k, rng.choice("RS"), rng.choice(nodes), rng.choice(nodes)))
    hypers = []
    for _ in range(rng.randint(0, 5)):
        k = entity(HYPER, {"H"})
        model.incidences.append((k, "p", 0, rng.choice(nodes)))
        for position in range(rng.choice([0, 1, 2, 2, 3])):
            model.incidences.append((k, "q", position, rng.choice(nodes)))
        if rng.random() < 0.6:
            model.incidences.append((k, "r", 0, rng.choice(nodes + hypers)))
        hypers.append(k)
    for _ in range(rng.randint(0, 3) if hypers else 0):
        k = entity(OVER, {"G"})
        model.incidences.append((k, "of", 0, rng.choice(hypers)))
        model.incidences.append((k, "by", 0, rng.choice(nodes)))
    return model


def create_statement(model: Model) -> str:
    """One CREATE that makes the graph."""

    def properties(k: int) -> str:
        return "{" + ", ".join(f"{name}: {value}" for name, value in model.properties[k].items()) + "}"

    parts = []
    for k, kind in model.kinds.items():
        if kind != "E":
            labels = "".join(f":{label}" for label in sorted(model.labels[k]))
            parts.append(f"(e{k}{labels} {properties(k)})")
    parts += [f"(e{a})-[:{name} {properties(k)}]->(e{b})" for k, name, a, b in model.edges]
    parts += [f"(e{h})-[:{role}]->(e{m})" for h, role, _, m in model.incidences]
    return "CREATE " + ", ".join(parts)


@dataclass
class Step:
    """A step of a pattern: an edge, a path of edges, a role, or hops from member to member through hyperedges."""

    kind: str
    left: str
    right: str
    names: tuple[str, ...] = ()
    direction: str = "->"
    least: int = 1
    most: int = 1
    variable: str | None = None


@dataclass
class Pattern:
    """The steps of one MATCH; ``variables`` maps each variable to its label."""

    variables: dict[str, str]
    steps: list[Step]

    def text(self, bound: set[str]) -> str:
        """The pattern in Cypher; variables that are bound already go without their label."""

        def entity(name: str) -> str:
            return f"({name})" if name in bound else f"({name}:{self.variables[name]})"

        parts = []
        for step in self.steps:
            if step.kind == "hops":
                hop = f"(()<-[:{step.names[0]}]-(:H)-[:{step.names[1]}]->()){{{step.least},{step.most}}}"
                parts.append(f"{entity(step.left)} {hop} {entity(step.right)}")
                continue
            names = ":" + "|".join(step.names) if step.names else ""
            stars = "" if step.kind != "path" else f"*{step.least}..{step.most}"
            inner = f"-[{step.variable or ''}{names}{stars}]-"
            arrow = {"->": f"{inner}>", "<-": f"<{inner}", "--": inner}[step.direction]
            parts.append(f"{entity(step.left)}{arrow}{entity(step.right)}")
        mentioned = {name for step in self.steps for name in (step.left, step.right)}
        parts += [entity(name) for name in self.variables if name not in mentioned and name not in bound]
        return ", ".join(parts)


def random_pattern(rng: random.Random, taken: dict[str, str], prefix: str, steps: int) -> Pattern:
    """A pattern that grows from a variable of ``taken``, or from a new one."""
    variables = dict(taken)
    pattern = Pattern(variables, [])

    def pick(kind: str, label: str | None = None, fresh: float = 0.7) -> str:
        known = [name for name, own in variables.items() if kind_of(own) == kind]
        if known and rng.random() > fresh:
            return rng.choice(known)
        name = f"{prefix}{len(variables)}"
        variables[name] = label or (kind if kind != NODE or rng.random() < 0.7 else "B")
        return name

    start = rng.choice(list(variables)) if variables else pick(rng.choice([NODE, HYPER, HYPER, OVER]))
    frontier = [start]
    for index in range(steps):
        name = rng.choice(frontier)
        kind = kind_of(variables[name])
        if kind == NODE:
            form = rng.choice(["edge", "edge", "path", "role", "role", "by", "hops"])
            if form == "edge":
                other = pick(NODE)
                names = rng.choice([("R",), ("S",), ("R", "S"), ()])
                step = Step("edge", name, other, names, rng.choice(["->", "<-", "--"]))
            elif form == "path":
                other = pick(NODE)
                least = rng.choice([0, 1, 1, 2])
                bounds = (least, rng.randint(max(least, 1), 3))
                step = Step("path", name, other, ("R",), rng.choice(["->", "<-", "--"]), *bounds)
            elif form == "hops":
                other = pick(NODE)
                names = (rng.choice("pq"), rng.choice("pq"))
                least = rng.choice([0, 1, 1, 2])
                step = Step("hops", name, other, names, "->", least, rng.randint(max(least, 1), 2))
            elif form == "role":
                other = pick(HYPER)
                step = Step("role", other, name, (rng.choice(["p", "q", "r"]),))
            else:
                other = pick(OVER)
                step = Step("role", other, name, ("by",))
        elif kind == HYPER:
            form = rng.choice(["p", "q", "q", "any", "of", "r"])
            if form == "of":
                other = pick(OVER)
                step = Step("role", other, name, ("of",))
            elif form == "any":
                other = pick(NODE)
                step = Step("role", name, other, (), variable=f"{prefix}t{index}")
            else:
                other = pick(NODE)
                step = Step("role", name, other, (form,))
        else:
            role = rng.choice(["of", "by"])
            other = pick(HYPER if role == "of" else NODE)
            step = Step("role", name, other, (role,))
        pattern.steps.append(step)
        frontier.append(other)
    return pattern


def kind_of(label: str) -> str:
    return NODE if label == "B" else label


def matches(model: Model, pattern: Pattern, bound: dict[str, Any], unique: bool = True) -> list[dict[str, Any]]:
    """Every assignment of the pattern's variables, each as often as there are ways to bind its steps."""
    found: list[dict[str, Any]] = []

    def allowed(name: str, k: int, row: dict[str, Any]) -> bool:
        if name in row:
            return row[name] == k
        label = pattern.variables[name]
        return label in model.labels[k]

    def extend(index: int, row: dict[str, Any], edges: tuple[int, ...], incidences: tuple[Any, ...]) -> None:
        if index == len(pattern.steps):
            loose = [name for name in pattern.variables if name not in row]
            if not loose:
                found.append(row)
                return
            for k, labels in model.labels.items():
                if pattern.variables[loose[0]] in labels:
                    extend(index, row | {loose[0]: k}, edges, incidences)
            return
        step = pattern.steps[index]
        if step.kind == "role":
            for incidence in model.incidences:
                h, role, _, m = incidence
                if step.names and role not in step.names:
                    continue
                if unique and incidence in incidences:
                    continue
                if step.left == step.right or not allowed(step.left, h, row):
                    continue
                if allowed(step.right, m, row | {step.left: h}):
                    more = {step.left: h, step.right: m}
                    if step.variable:
                        more[step.variable] = role
                    extend(index + 1, row | more, edges, (*incidences, incidence))
            return
        for start in model.of_kind(NODE):
            if not allowed(step.left, start, row):
                continue
            if step.kind == "hops":
                for end, through in hops(model, step, start, incidences, unique):
                    if allowed(step.right, end, row | {step.left: start}):
                        more = {step.left: start, step.right: end}
                        extend(index + 1, row | more, edges, incidences + through)
                continue
            for end, used in walks(model, step, start, edges, unique):
                if allowed(step.right, end, row | {step.left: start}):
                    more = {step.left: start, step.right: end}
                    extend(index + 1, row | more, edges + used, incidences)

    extend(0, dict(bound), (), ())
    return found


def walks(
    model: Model, step: Step, start: int, taken: tuple[int, ...], unique: bool
) -> list[tuple[int, tuple[int, ...]]]:
    """The ends of the paths that a step stands for, each with the edges it takes."""
    found = []
    paths: list[tuple[int, tuple[int, ...]]] = [(start, ())]
    for length in range(step.most + 1):
        if length >= step.least or step.kind == "edge":
            found += [path for path in paths if step.kind == "path" or length == 1]
        following = []
        for node, used in paths:
            for k, name, a, b in model.edges:
                if (step.names and name not in step.names) or k in used or (unique and k in taken):
                    continue
                ends = set()
                if step.direction in ("->", "--") and a == node:
                    ends.add(b)
                if step.direction in ("<-", "--") and b == node:
                    ends.add(a)
                following += [(end, (*used, k)) for end in ends]
        paths = following
    return found


def hops(
    model: Model, step: Step, start: int, taken: tuple[Any, ...], unique: bool
) -> list[tuple[int, tuple[Any, ...]]]:
    """The ends of chains of hyperedges, each with the incidences it takes."""
    found = []
    paths: list[tuple[int, tuple[Any, ...]]] = [(start, ())]
    for length in range(step.most + 1):
        if length >= step.least:
            found += paths
        following = []
        for node, used in paths:
            free = [own for own in model.incidences if own not in used and not (unique and own in taken)]
            ins = [own for own in free if own[1] == step.names[0] and own[3] == node]
            outs = [own for own in free if own[1] == step.names[1]]
            following += [(b[3], (*used, a, b)) for a in ins for b in outs if a != b and a[0] == b[0]]
        paths = following
    return found


SEARCHES = {
    "shortestPath": (1, False),
    "allShortestPaths": (1, True),
    "SHORTEST 2": (2, False),
    "SHORTEST 2 GROUPS": (2, True),
}


def random_search(rng: random.Random, model: Model, unique: bool) -> Query:
    """The shortest paths between all pairs of nodes, or the nodes that can be reached."""
    direction = rng.choice(["->", "<-", "--"])
    least = rng.choice([0, 1, 1, 1, 2])
    most = rng.choice([3, 4])
    names = (rng.choice("pq"), rng.choice("pq"))
    through = rng.random() < 0.4
    if through:
        most = 2
    step = Step("hops" if through else "path", "a", "b", names if through else ("R",), direction, least, most)
    lengths: dict[tuple[int, int], list[int]] = collections.defaultdict(list)
    for a in model.of_kind(NODE):
        for length in range(least, most + 1):
            exact = Step(step.kind, "a", "b", step.names, direction, length, length)
            ends = hops(model, exact, a, (), unique) if through else walks(model, exact, a, (), unique)
            for b, _ in ends:
                lengths[a, b].append(2 * length if through else length)
    if rng.random() < 0.3:
        pattern = Pattern({"a": "N", "b": "N"}, [step])
        answer = collections.Counter(dict.fromkeys(lengths, 1))
        text = f"MATCH {pattern.text(set())} RETURN DISTINCT a.k AS a, b.k AS b"
        return Query(text, answer, ["reach", "hops" if through else "path"])
    search = rng.choice(["SHORTEST 2", "SHORTEST 2 GROUPS"] if through else list(SEARCHES))
    count, groups = SEARCHES[search]
    answer = collections.Counter()
    for (a, b), own in lengths.items():
        own.sort()
        kept = [length for length in own if length in sorted(set(own))[:count]] if groups else own[:count]
        answer.update((a, b, length) for length in kept)
    pattern = Pattern({"a": "N", "b": "N"}, [step])
    path = pattern.text({"a", "b"})
    found = f"{search}({path})" if "hort" in search else f"{search} {path}"
    text = f"MATCH (a:N), (b:N) MATCH p = {found} RETURN a.k AS a, b.k AS b, length(p) AS n"
    return Query(text, answer, [search, "hops" if through else "path"])


@dataclass
class Query:
    """A query as text, its naive answer, and the constructs it is made of."""

    text: str
    answer: collections.Counter[tuple[Any, ...]]
    constructs: list[str]


def random_query(rng: random.Random, model: Model, unique: bool = True) -> Query:
    """A random query over the model, with the answer that trying everything gives."""
    if rng.random() < 0.1:
        return random_search(rng, model, unique)
    pattern = random_pattern(rng, {}, "v", rng.choice([0, 1, 1, 2, 2, 3]))
    constructs = [step.kind if step.names or step.kind != "role" else "any role" for step in pattern.steps]
    rows = matches(model, pattern, {}, unique)
    text = f"MATCH {pattern.text(set())}"
    names = list(pattern.variables)
    if rng.random() < 0.25:
        second = random_pattern(rng, pattern.variables, "u", rng.choice([1, 2]))
        constructs.append("second match")
        text += f" MATCH {second.text(set(names))}"
        rows = [row | more for row in rows for more in matches(model, second, row, unique)]
        names = list(second.variables)
        pattern = Pattern(second.variables, pattern.steps + second.steps)
    conditions = []
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        condition, holds, construct = random_condition(rng, model, pattern.variables)
        conditions.append(condition)
        constructs.append(construct)
        rows = [row for row in rows if holds(row)]
    if conditions:
        text += " WHERE " + " AND ".join(conditions)
    if rng.random() < 0.25:
        second = random_pattern(rng, pattern.variables, "w", rng.choice([1, 2]))
        constructs.append("optional")
        text += f" OPTIONAL MATCH {second.text(set(names))}"
        joined = []
        for row in rows:
            more = matches(model, second, {name: row[name] for name in names}, unique)
            new = [name for name in second.variables if name not in names]
            steps = [step.variable for step in second.steps if step.variable]
            joined += [row | own for own in more] or [row | dict.fromkeys(new + steps)]
        rows = joined
        names = list(second.variables)
        pattern = Pattern(second.variables, pattern.steps + second.steps)
    roles = [step.variable for step in pattern.steps if step.variable]
    return finish(rng, model, text, rows, names, roles, constructs)


def random_condition(rng: random.Random, model: Model, variables: dict[str, str]) -> tuple[str, Any, str]:
    name = rng.choice(list(variables))
    kind = kind_of(variables[name])
    value = rng.randrange(4)
    forms = ["compare", "same", "differ", "less", "correlated", "counted"]
    forms += {NODE: ["no edge", "exists role"], HYPER: ["members", "arity", "contains", "exists r"], OVER: []}[kind]
    form = rng.choice(forms)

    def x(row: dict[str, Any], own: str = name) -> int | None:
        return model.properties[row[own]].get("x")

    if form == "compare":
        return f"{name}.x >= {value}", lambda row: x(row) is not None and x(row) >= value, "compare"
    other = rng.choice(list(variables))
    if form == "same":
        return (
            f"{name}.x = {other}.x",
            lambda row: x(row) is not None and x(row) == x(row, other),
            "compare",
        )
    if form == "less":

        def less(row: dict[str, Any]) -> bool:
            own, others = x(row), x(row, other)
            return own is not None and others is not None and own < others

        return f"{name}.x < {other}.x", less, "compare"
    if form in ("correlated", "counted"):
        found = f"{{ MATCH (z:N) WHERE z.x = {name}.x AND z <> {other} }}"

        def alike(row: dict[str, Any]) -> int:
            own = x(row)
            nodes = model.of_kind(NODE) if own is not None else []
            return sum(model.properties[k].get("x") == own and k != row[other] for k in nodes)

        if form == "correlated":
            return f"NOT EXISTS {found}", lambda row: not alike(row), "correlated exists"
        return f"COUNT {found} = 1", lambda row: alike(row) == 1, "correlated count"
    if form == "differ":
        return f"{name} <> {other}", lambda row: row[name] != row[other], "identity"
    if form == "no edge":
        return (
            f"NOT ({name})-[:R]->()",
            lambda row: not any(own == "R" and a == row[name] for _, own, a, _ in model.edges),
            "not pattern",
        )
    if form == "exists role":
        return (
            f"EXISTS {{ MATCH (:H)-[:q]->({name}) }}",
            lambda row: any(role == "q" and m == row[name] for _, role, _, m in model.incidences),
            "exists",
        )
    if form == "members":
        return f"size(members({name}, 'q')) >= 2", lambda row: len(model.members(row[name], "q")) >= 2, "members"
    if form == "arity":
        return f"arity({name}) > 2", lambda row: len(model.members(row[name])) > 2, "arity"
    if form == "contains":
        return (
            f"any(m IN members({name}) WHERE m.x = {value})",
            lambda row: any(model.properties[m].get("x") == value for m in model.members(row[name])),
            "any member",
        )
    return f"({name})-[:r]->()", lambda row: bool(model.members(row[name], "r")), "pattern predicate"


def finish(
    rng: random.Random,
    model: Model,
    text: str,
    rows: list[dict[str, Any]],
    names: list[str],
    roles: list[str],
    constructs: list[str],
) -> Query:
    def key(row: dict[str, Any], name: str) -> int | None:
        return None if row[name] is None else model.properties[row[name]]["k"]

    count = collections.Counter
    form = rng.choice(["rows", "rows", "count", "group", "distinct", "roles" if roles else "rows"])
    constructs.append(f"return {form}")
    if form == "rows":
        columns = [f"{name}.k AS {name}" for name in names] + [f"type({role}) AS {role}" for role in roles]
        answer = count((*(key(row, name) for name in names), *(row[role] for role in roles)) for row in rows)
        return Query(f"{text} RETURN {', '.join(columns)}", answer, constructs)
    if form == "count":
        return Query(f"{text} RETURN count(*) AS n", count([(len(rows),)]), constructs)
    if form == "roles":
        groups = count(row[roles[0]] for row in rows)
        return Query(f"{text} RETURN type({roles[0]}) AS role, count(*) AS n", count(groups.items()), constructs)
    by, other = rng.choice(names), rng.choice(names)
    if form == "distinct":
        answer = count({(key(row, by), key(row, other)): 1 for row in rows}.keys())
        return Query(f"{text} RETURN DISTINCT {by}.k AS a, {other}.k AS b", answer, constructs)
    sets: dict[Any, list[Any]] = collections.defaultdict(list)
    for row in rows:
        sets[key(row, by)].append(key(row, other))
    answer = count((by, len(own), len({k for k in own if k is not None})) for by, own in sets.items())
    return Query(f"{text} RETURN {by}.k AS a, count(*) AS n, count(DISTINCT {other}.k) AS d", answer, constructs)
