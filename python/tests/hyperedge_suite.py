"""The hyperedge suite: statements over n-ary patterns, with the answers of a naive model that holds the graph as lists.

    python python/tests/hyperedge_suite.py

writes tests/queries/hyperedges.slt and tests/queries/hyperedges_flights.slt, which the corpus runs on every runtime.
The answers come from here and never from the engine.
"""

from __future__ import annotations

import collections
import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).parent.parent.parent


@dataclass(eq=False)
class Entity:
    """A node or a hyperedge; of a hyperedge, the members of each role in their order."""

    label: str
    properties: dict[str, Any]
    roles: dict[str, list[Entity]] = field(default_factory=dict)

    def get(self, key: str) -> Any:
        """A property, or ``None``."""
        return self.properties.get(key)

    def members(self, role: str | None = None) -> list[Entity]:
        """The members in one role, or in all."""
        return [m for own, members in self.roles.items() if role in (None, own) for m in members]


@dataclass(frozen=True, eq=True)
class Incidence:
    """One (hyperedge, role, position, member) fact."""

    hyperedge: Entity
    role: str
    position: int
    member: Entity


class Claims:
    """The graph `claims` of the corpus, from the constants it is made of."""

    def __init__(self) -> None:
        names = ["Ann", "Bob", "Cid", "Dan", "Eve", "Fay", "Gus", "Hal", "Ida", "Jim", "Ann", "Kim"]
        ages = [31, 42, None, 25, 42, 19, None, 65, 31, 42, 8, 50]
        self.people = [Entity("Person", {"id": i, "name": names[i], "age": ages[i]}) for i in range(12)]
        self.cities = {
            name: Entity("City", {"name": name, "size": size}) for name, size in (("Ulm", 126), ("Bonn", 330))
        }
        meetings = [
            ("Q1", 0, [1, 2, 3], "Ulm"),
            ("Q2", 0, [], None),
            (None, 4, [4], "Bonn"),
            ("Q3", 5, [5, 5], None),
            ("Q3", 1, [1, 2, 4, 6, 7], "Ulm"),
            ("Q4", 0, [0], None),
        ]
        self.meetings = []
        for topic, by, who, where in meetings:
            roles = {"organizer": [self.people[by]], "attendee": [self.people[i] for i in who]}
            roles["city"] = [] if where is None else [self.cities[where]]
            self.meetings.append(Entity("MEETING", {"topic": topic}, roles))
        made = [
            (0, 3, self.cities["Ulm"], "too long"),
            (0, 3, None, "too loud"),
            (4, 0, self.people[1], None),
            (2, 9, self.meetings[5], "fine"),
        ]
        self.claims = []
        for meeting, person, topic, text in made:
            roles = {"about": [self.meetings[meeting]], "by": [self.people[person]]}
            roles["topic"] = [] if topic is None else [topic]
            self.claims.append(Entity("CLAIM", {"text": text}, roles))

    def incidences(self, label: str | None = None, role: str | None = None) -> list[Incidence]:
        """All incidences, of one type and one role where given."""
        return [
            Incidence(h, own, position, m)
            for h in self.meetings + self.claims
            if label in (None, h.label)
            for own, members in h.roles.items()
            if role in (None, own)
            for position, m in enumerate(members)
        ]


@dataclass
class Case:
    """A statement and what computes its answer."""

    section: str
    text: str
    rows: Callable[[Any], Iterable[tuple[Any, ...]]]


def pairs(g: Claims, role: str = "attendee", other: str = "attendee") -> list[tuple[Incidence, Incidence]]:
    """Two different incidences of one meeting."""
    return [
        (a, b)
        for a in g.incidences("MEETING", role)
        for b in g.incidences("MEETING", other)
        if a.hyperedge is b.hyperedge and a != b
    ]


def chains(
    g: Claims, start: Entity, length: int, role: str = "attendee", other: str = "attendee"
) -> list[list[Incidence]]:
    """Chains of hops from member to member through meetings, no incidence twice."""
    paths: list[tuple[Entity, list[Incidence]]] = [(start, [])]
    for _ in range(length):
        paths = [
            (b.member, [*used, a, b])
            for end, used in paths
            for a, b in pairs(g, role, other)
            if a.member is end and a not in used and b not in used
        ]
    return [used for _, used in paths]


def count(items: Iterable[Any]) -> list[tuple[int]]:
    return [(len(list(items)),)]


def claims_cases() -> list[Case]:
    """The statements over the graph `claims`."""
    cases: list[Case] = []

    def case(section: str, text: str, rows: Callable[[Claims], Iterable[tuple[Any, ...]]]) -> None:
        cases.append(Case(section, text, rows))

    section = "Several roles bound"
    case(
        section,
        "MATCH (m:MEETING)-[:organizer]->(o), (m)-[:attendee]->(a), (m)-[:city]->(c) "
        "RETURN m.topic, o.id, a.id, c.name ORDER BY m.topic, o.id, a.id, c.name",
        lambda g: [
            (m.get("topic"), o.get("id"), a.get("id"), c.get("name"))
            for m in g.meetings
            for o in m.members("organizer")
            for a in m.members("attendee")
            for c in m.members("city")
        ],
    )
    for first, second in itertools.combinations(["organizer", "attendee", "city"], 2):
        case(
            section,
            f"MATCH (m:MEETING)-[:{first}]->(x), (m)-[:{second}]->(y) RETURN count(*)",
            lambda g, a=first, b=second: count(1 for m in g.meetings for _ in m.members(a) for _ in m.members(b)),
        )
        case(
            section,
            f"MATCH (x)<-[:{first}]-(m:MEETING)-[:{second}]->(y) RETURN DISTINCT x.name, y.name "
            "ORDER BY x.name, y.name",
            lambda g, a=first, b=second: {
                (x.get("name"), y.get("name")) for m in g.meetings for x in m.members(a) for y in m.members(b)
            },
        )
    for name in ("Ulm", "Bonn"):
        case(
            section,
            f"MATCH (:City {{name: '{name}'}})<-[:city]-(m)-[:attendee]->(p), (m)-[:organizer]->(o) "
            "RETURN o.id, p.id ORDER BY o.id, p.id",
            lambda g, n=name: [
                (m.members("organizer")[0].get("id"), p.get("id"))
                for m in g.meetings
                if g.cities[n] in m.members("city")
                for p in m.members("attendee")
            ],
        )
    case(
        section,
        "MATCH (p:Person)<-[:organizer]-(m:MEETING), (m)-[:attendee]->(p) RETURN p.id, m.topic ORDER BY p.id, m.topic",
        lambda g: [
            (a.member.get("id"), a.hyperedge.get("topic"))
            for a, _ in pairs(g, "organizer", "attendee")
            if _.member is a.member
        ],
    )
    case(
        section,
        "MATCH (c:CLAIM)-[:by]->(p), (c)-[:about]->(m)-[:organizer]->(o) RETURN p.id, m.topic, o.id "
        "ORDER BY p.id, m.topic, o.id",
        lambda g: [
            (c.members("by")[0].get("id"), m.get("topic"), m.members("organizer")[0].get("id"))
            for c in g.claims
            for m in c.members("about")
        ],
    )
    case(
        section,
        "MATCH (m:MEETING)-[:organizer]->(o:Person {name: 'Ann'}), (m)-[:attendee]->(a:Person) WHERE a.age < o.age "
        "RETURN a.id ORDER BY a.id",
        lambda g: [
            (a.get("id"),)
            for m in g.meetings
            for o in m.members("organizer")
            for a in m.members("attendee")
            if o.get("name") == "Ann" and a.get("age") is not None and a.get("age") < o.get("age")
        ],
    )

    section = "One role several times"
    for least in (None, 0, 3):
        where = "" if least is None else f" WHERE a.id > {least}"
        case(
            section,
            f"MATCH (a)<-[:attendee]-(m:MEETING)-[:attendee]->(b){where} RETURN a.id, b.id ORDER BY a.id, b.id",
            lambda g, n=least: [
                (a.member.get("id"), b.member.get("id")) for a, b in pairs(g) if n is None or a.member.get("id") > n
            ],
        )
    for number in (2, 3, 4):
        steps = ", ".join(f"(m)-[:attendee]->(a{i})" for i in range(number))
        case(
            section,
            f"MATCH (m:MEETING), {steps} RETURN m.topic, count(*) ORDER BY m.topic, count(*)",
            lambda g, n=number: [
                (topic, total)
                for topic, total in grouped(
                    (m.get("topic"), 1)
                    for m in g.meetings
                    for _ in itertools.permutations(range(len(m.members("attendee"))), n)
                ).items()
            ],
        )
    for i in (1, 2, 4, 5):
        case(
            section,
            f"MATCH (a:Person {{id: {i}}})<-[:attendee]-(m)-[:attendee]->(b) RETURN b.id, count(m) AS n ORDER BY b.id",
            lambda g, i=i: grouped((b.member.get("id"), 1) for a, b in pairs(g) if a.member is g.people[i]).items(),
        )
    case(
        section,
        "MATCH (a)<-[:attendee]-(m:MEETING)-[:attendee]->(a) RETURN a.id, count(*) ORDER BY a.id",
        lambda g: grouped((a.member.get("id"), 1) for a, b in pairs(g) if a.member is b.member).items(),
    )
    case(
        section,
        "MATCH (m:MEETING)-[r:attendee]->(a), (m)-[s:attendee]->(b) WHERE a.id < b.id RETURN count(*)",
        lambda g: count(1 for a, b in pairs(g) if a.member.get("id") < b.member.get("id")),
    )

    section = "Absent roles"
    for role in ("organizer", "attendee", "city"):
        case(
            section,
            f"MATCH (m:MEETING) WHERE NOT (m)-[:{role}]->() RETURN m.topic ORDER BY m.topic",
            lambda g, r=role: [(m.get("topic"),) for m in g.meetings if not m.members(r)],
        )
        case(
            section,
            f"MATCH (m:MEETING) OPTIONAL MATCH (m)-[:{role}]->(x) RETURN m.topic, x.name ORDER BY m.topic, x.name",
            lambda g, r=role: [
                (m.get("topic"), x and x.get("name")) for m in g.meetings for x in m.members(r) or [None]
            ],
        )
    for role in ("about", "by", "topic"):
        case(
            section,
            f"MATCH (c:CLAIM) WHERE EXISTS {{ MATCH (c)-[:{role}]->() }} RETURN c.text ORDER BY c.text",
            lambda g, r=role: [(c.get("text"),) for c in g.claims if c.members(r)],
        )
    case(
        section,
        "MATCH (p:Person) WHERE NOT (p)<-[:attendee]-() RETURN p.id ORDER BY p.id",
        lambda g: [(p.get("id"),) for p in g.people if not any(p in m.members("attendee") for m in g.meetings)],
    )
    case(
        section,
        "MATCH (p:Person) WHERE NOT EXISTS { MATCH (p)<-[:attendee]-(m)-[:city]->() } AND (p)<-[:attendee]-() "
        "RETURN p.id ORDER BY p.id",
        lambda g: [
            (p.get("id"),)
            for p in g.people
            if any(p in m.members("attendee") for m in g.meetings)
            and not any(p in m.members("attendee") and m.members("city") for m in g.meetings)
        ],
    )

    section = "Any role"
    case(
        section,
        "MATCH (m:MEETING)-[r]->(x) RETURN type(r), count(*) ORDER BY type(r)",
        lambda g: grouped((i.role, 1) for i in g.incidences("MEETING")).items(),
    )
    case(
        section,
        "MATCH (c:CLAIM)-[r]->(x) RETURN type(r), labels(x)[0], count(*) ORDER BY type(r), labels(x)[0]",
        lambda g: [
            (*key, n) for key, n in grouped(((i.role, i.member.label), 1) for i in g.incidences("CLAIM")).items()
        ],
    )
    for i in (0, 1, 4, 5):
        case(
            section,
            f"MATCH (p:Person {{id: {i}}})<-[r]-(m:MEETING) RETURN type(r), m.topic ORDER BY type(r), m.topic",
            lambda g, i=i: [
                (n.role, n.hyperedge.get("topic")) for n in g.incidences("MEETING") if n.member is g.people[i]
            ],
        )
    case(
        section,
        "MATCH (m:MEETING)-[r]->(x), (m)-[s]->(y) RETURN count(*)",
        lambda g: count(
            1 for a in g.incidences("MEETING") for b in g.incidences("MEETING") if a.hyperedge is b.hyperedge and a != b
        ),
    )
    case(
        section,
        "MATCH (m:MEETING)-[r]->(x)<-[s]-(n:MEETING) WHERE type(r) <> type(s) "
        "RETURN m.topic, type(r), n.topic ORDER BY m.topic, type(r), n.topic",
        lambda g: [
            (a.hyperedge.get("topic"), a.role, b.hyperedge.get("topic"))
            for a in g.incidences("MEETING")
            for b in g.incidences("MEETING")
            if a.member is b.member and a.role != b.role
        ],
    )
    case(
        section,
        "MATCH (m:MEETING)-[r:organizer|city]->(x) RETURN type(r), x.name ORDER BY type(r), x.name",
        lambda g: [(i.role, i.member.get("name")) for i in g.incidences("MEETING") if i.role != "attendee"],
    )
    case(
        section,
        "MATCH (m:MEETING)-[r]->(x:City) RETURN type(r), count(DISTINCT x) ORDER BY type(r)",
        lambda g: [("city", len({i.member for i in g.incidences("MEETING", "city")}))],
    )

    section = "Hyperedges as members"
    case(
        section,
        "MATCH (c:CLAIM)-[:about]->(m:MEETING)-[:attendee]->(p) RETURN c.text, p.id ORDER BY c.text, p.id",
        lambda g: [
            (c.get("text"), p.get("id")) for c in g.claims for m in c.members("about") for p in m.members("attendee")
        ],
    )
    case(
        section,
        "MATCH (m:MEETING) OPTIONAL MATCH (m)<-[:about]-(c) RETURN m.topic, count(c) ORDER BY m.topic, count(c)",
        lambda g: grouped((m.get("topic"), sum(m in c.members("about") for c in g.claims)) for m in g.meetings).items(),
    )
    case(
        section,
        "MATCH (c:CLAIM)-[:topic]->(x) RETURN labels(x)[0], c.text ORDER BY labels(x)[0], c.text",
        lambda g: [(x.label, c.get("text")) for c in g.claims for x in c.members("topic")],
    )
    case(
        section,
        "MATCH (m:MEETING)<-[r]-(c:CLAIM) RETURN m.topic, type(r), c.text ORDER BY m.topic, type(r), c.text",
        lambda g: [
            (i.member.get("topic"), i.role, i.hyperedge.get("text"))
            for i in g.incidences("CLAIM")
            if i.member.label == "MEETING"
        ],
    )
    case(
        section,
        "MATCH (a:CLAIM)-[:about]->(m)<-[:about]-(b:CLAIM) RETURN a.text, b.text ORDER BY a.text, b.text",
        lambda g: [
            (a.get("text"), b.get("text"))
            for a in g.claims
            for b in g.claims
            if a is not b and a.members("about") == b.members("about")
        ],
    )
    case(
        section,
        "MATCH (c:CLAIM)-[:by]->(p)<-[:attendee]-(m)<-[:about]-(c) RETURN c.text, p.id ORDER BY c.text, p.id",
        lambda g: [
            (c.get("text"), p.get("id"))
            for c in g.claims
            for p in c.members("by")
            for m in c.members("about")
            if p in m.members("attendee")
        ],
    )
    case(
        section,
        "MATCH (c:CLAIM)-[:about]->(m:MEETING) WHERE NOT (c)-[:by]->()<-[:attendee]-(m) RETURN c.text ORDER BY c.text",
        lambda g: [
            (c.get("text"),)
            for c in g.claims
            for m in c.members("about")
            if c.members("by")[0] not in m.members("attendee")
        ],
    )
    case(
        section,
        "MATCH (m:MEETING) WHERE (m)<-[:about]-(:CLAIM) OR (m)<-[:topic]-(:CLAIM) RETURN m.topic ORDER BY m.topic",
        lambda g: [
            (m.get("topic"),) for m in g.meetings if any(m in c.members("about") + c.members("topic") for c in g.claims)
        ],
    )
    for label in ("City", "Person", "MEETING"):
        case(
            section,
            f"MATCH (c:CLAIM)-[:topic]->(x:{label}) RETURN c.text, count(*) ORDER BY c.text",
            lambda g, label=label: grouped(
                (c.get("text"), 1) for c in g.claims for x in c.members("topic") if x.label == label
            ).items(),
        )

    section = "Hops of variable length, from role to role"
    for least, most in ((1, 1), (1, 2), (2, 2), (0, 1), (1, 3)):
        bounds = f"{{{least}}}" if least == most else f"{{{least},{most}}}"
        case(
            section,
            f"MATCH (a:Person {{id: 3}}) (()<-[:attendee]-(:MEETING)-[:attendee]->()){bounds} (b) "
            "RETURN b.id, count(*) ORDER BY b.id",
            lambda g, least=least, most=most: grouped(
                ((used[-1].member if used else g.people[3]).get("id"), 1)
                for length in range(least, most + 1)
                for used in chains(g, g.people[3], length)
            ).items(),
        )
    for i in (1, 2, 4):
        case(
            section,
            f"MATCH (a:Person {{id: {i}}}) ((x)<-[:attendee]-(m:MEETING)-[:attendee]->(y)){{2}} (b) "
            "RETURN y[0].id, b.id, m[0].topic, m[1].topic ORDER BY y[0].id, b.id, m[0].topic, m[1].topic",
            lambda g, i=i: [
                (u[1].member.get("id"), u[3].member.get("id"), u[0].hyperedge.get("topic"), u[2].hyperedge.get("topic"))
                for u in chains(g, g.people[i], 2)
            ],
        )
    case(
        section,
        "MATCH (a:Person {id: 0}) (()<-[:organizer]-(m)-[:attendee]->()){1,2} (b) RETURN DISTINCT b.id ORDER BY b.id",
        lambda g: {
            (used[-1].member.get("id"),)
            for length in (1, 2)
            for used in chains(g, g.people[0], length, "organizer", "attendee")
        },
    )
    case(
        section,
        "MATCH (a:Person) ((x)<-[:attendee]-(m:MEETING)-[:attendee]->(y) WHERE x.id < y.id){2,3} (b) "
        "RETURN a.id, b.id, size(m) ORDER BY a.id, b.id, size(m)",
        lambda g: [
            (p.get("id"), used[-1].member.get("id"), length)
            for p in g.people
            for length in (2, 3)
            for used in chains(g, p, length)
            if all(a.member.get("id") < b.member.get("id") for a, b in zip(used[::2], used[1::2], strict=True))
        ],
    )
    case(
        section,
        "MATCH p = (a:Person {id: 7}) (()<-[:attendee]-(:MEETING)-[:attendee]->()){1,2} (b:Person {id: 3}) "
        "RETURN length(p), size(nodes(p)) ORDER BY length(p)",
        lambda g: [
            (len(used), len(used) + 1)
            for length in (1, 2)
            for used in chains(g, g.people[7], length)
            if used[-1].member is g.people[3]
        ],
    )
    case(
        section,
        "MATCH (c:CLAIM)-[:about*1..2]->(x) RETURN labels(x)[0], count(*) ORDER BY labels(x)[0]",
        lambda g: grouped((x.label, 1) for c in g.claims for x in c.members("about")).items(),
    )
    case(
        section,
        "MATCH (c:CLAIM)-[r:about|topic*2]->(x) RETURN c.text, [i IN r | type(i)][0], x.name ORDER BY c.text",
        lambda g: [
            (c.get("text"), first, x.get("name"))
            for c in g.claims
            for first in ("about", "topic")
            for m in c.members(first)
            for second in ("about", "topic")
            for x in m.members(second)
        ],
    )
    case(
        section,
        "MATCH (x)<-[:about|attendee*2]-(c:CLAIM) RETURN x.id, c.text ORDER BY x.id, c.text",
        lambda g: [
            (x.get("id"), c.get("text")) for c in g.claims for m in c.members("about") for x in m.members("attendee")
        ],
    )

    section = "The shortest path through hyperedges"

    def shortest(g: Claims, a: int, b: int, most: int = 4) -> list[list[Incidence]]:
        for length in range(1, most + 1):
            found = [used for used in chains(g, g.people[a], length) if used[-1].member is g.people[b]]
            if found:
                return found
        return []

    for a, b in ((3, 7), (1, 2), (3, 4), (6, 3), (5, 5), (0, 1), (7, 7)):
        ends = f"(a:Person {{id: {a}}}), (b:Person {{id: {b}}})"
        case(
            section,
            f"MATCH {ends} MATCH p = SHORTEST 1 (a) (()<-[:attendee]-(:MEETING)-[:attendee]->())+ (b) RETURN length(p)",
            lambda g, a=a, b=b: [(len(used),) for used in shortest(g, a, b)[:1]],
        )
    for a, b in ((1, 2), (3, 4), (2, 1), (5, 5)):
        case(
            section,
            f"MATCH (a:Person {{id: {a}}}), (b:Person {{id: {b}}}) "
            "MATCH ALL SHORTEST (a) ((x)<-[:attendee]-(m:MEETING)-[:attendee]->(y))+ (b) "
            "RETURN [h IN m | h.topic][0], size(m) ORDER BY [h IN m | h.topic][0]",
            lambda g, a=a, b=b: [(used[0].hyperedge.get("topic"), len(used) // 2) for used in shortest(g, a, b)],
        )

    section = "Hyperedges that share s members"
    for s in (1, 2, 3):
        case(
            section,
            "MATCH (m:MEETING)-[:attendee]->(p)<-[:attendee]-(n:MEETING) WHERE id(m) < id(n) "
            f"WITH m, n, count(DISTINCT p) AS shared WHERE shared >= {s} RETURN m.topic, n.topic, shared "
            "ORDER BY m.topic, n.topic, shared",
            lambda g, s=s: [
                (m.get("topic"), n.get("topic"), len(set(m.members("attendee")) & set(n.members("attendee"))))
                for m, n in itertools.combinations(g.meetings, 2)
                if len(set(m.members("attendee")) & set(n.members("attendee"))) >= s
            ],
        )
        case(
            section,
            "MATCH (m:MEETING)-->(p)<--(n:MEETING) WHERE id(m) < id(n) "
            f"WITH m, n, collect(DISTINCT p) AS shared WHERE size(shared) >= {s} RETURN m.topic, n.topic, size(shared) "
            "ORDER BY m.topic, n.topic, size(shared)",
            lambda g, s=s: [
                (m.get("topic"), n.get("topic"), len(set(m.members()) & set(n.members())))
                for m, n in itertools.combinations(g.meetings, 2)
                if len(set(m.members()) & set(n.members())) >= s
            ],
        )
    case(
        section,
        "MATCH (m:MEETING), (n:MEETING) WHERE id(m) < id(n) AND none(x IN members(m) WHERE x IN members(n)) "
        "RETURN m.topic, n.topic ORDER BY m.topic, n.topic",
        lambda g: [
            (m.get("topic"), n.get("topic"))
            for m, n in itertools.combinations(g.meetings, 2)
            if not set(m.members()) & set(n.members())
        ],
    )

    section = "How often two are members of one hyperedge"
    for least in (1, 2):
        case(
            section,
            "MATCH (a:Person)<-[:attendee]-(m)-[:attendee]->(b:Person) WHERE a.id < b.id "
            f"WITH a, b, count(DISTINCT m) AS together WHERE together >= {least} RETURN a.id, b.id, together "
            "ORDER BY a.id, b.id",
            lambda g, n=least: [
                (a.get("id"), b.get("id"), total)
                for a, b in itertools.combinations(g.people, 2)
                if (total := sum(a in m.members("attendee") and b in m.members("attendee") for m in g.meetings)) >= n
            ],
        )
    case(
        section,
        "MATCH (a:Person)<-[]-(m:MEETING)-[]->(b:Person) WHERE a.id < b.id RETURN a.id, b.id, count(*) "
        "ORDER BY a.id, b.id",
        lambda g: [
            (*key, n)
            for key, n in grouped(
                ((a.member.get("id"), b.member.get("id")), 1)
                for a in g.incidences("MEETING")
                for b in g.incidences("MEETING")
                if a.hyperedge is b.hyperedge
                and a.member.label == b.member.label == "Person"
                and a.member.get("id") < b.member.get("id")
            ).items()
        ],
    )
    for i in (0, 1, 5):
        case(
            section,
            f"MATCH (a:Person {{id: {i}}}) RETURN COUNT {{ MATCH (a)<-[:attendee]-(m)-[:attendee]->() }}",
            lambda g, i=i: count(1 for a, _ in pairs(g) if a.member is g.people[i]),
        )
    case(
        section,
        "MATCH (o:Person)<-[:organizer]-(m)-[:attendee]->(a:Person) RETURN o.id, a.id, count(m) ORDER BY o.id, a.id",
        lambda g: [
            (*key, n)
            for key, n in grouped(
                ((o.get("id"), a.get("id")), 1)
                for m in g.meetings
                for o in m.members("organizer")
                for a in m.members("attendee")
            ).items()
        ],
    )

    section = "Members as a list"
    for role in ("organizer", "attendee", "city"):
        case(
            section,
            f"MATCH (m:MEETING) RETURN m.topic, size(members(m, '{role}')) AS n ORDER BY m.topic, n",
            lambda g, r=role: [(m.get("topic"), len(m.members(r))) for m in g.meetings],
        )
        case(
            section,
            f"MATCH (m:MEETING) UNWIND members(m, '{role}') AS x RETURN x.name ORDER BY x.name",
            lambda g, r=role: [(x.get("name"),) for m in g.meetings for x in m.members(r)],
        )
    case(
        section,
        "MATCH (h:MEETING|CLAIM) RETURN type(h), arity(h), count(*) ORDER BY type(h), arity(h)",
        lambda g: [
            (*key, n) for key, n in grouped(((h.label, len(h.members())), 1) for h in g.meetings + g.claims).items()
        ],
    )
    case(
        section,
        "MATCH (m:MEETING) RETURN m.topic, roles(m) ORDER BY m.topic, arity(m)",
        lambda g: [
            (m.get("topic"), [role for role, members in m.roles.items() if members])
            for m in sorted(g.meetings, key=lambda m: order((m.get("topic"), len(m.members()))))
        ],
    )
    case(
        section,
        "MATCH (m:MEETING) "
        "RETURN m.topic, head(members(m, 'attendee')).id AS first, last(members(m, 'attendee')).id AS last "
        "ORDER BY m.topic, first, last",
        lambda g: [
            (
                m.get("topic"),
                *((who[0].get("id"), who[-1].get("id")) if (who := m.members("attendee")) else (None, None)),
            )
            for m in g.meetings
        ],
    )
    case(
        section,
        "MATCH (c:CLAIM) UNWIND members(c) AS x RETURN labels(x)[0], count(*) ORDER BY labels(x)[0]",
        lambda g: grouped((x.label, 1) for c in g.claims for x in c.members()).items(),
    )
    case(
        section,
        "MATCH (m:MEETING) WITH m, [x IN members(m, 'attendee') | x.id] AS ids RETURN m.topic, ids[0], ids[-1] "
        "ORDER BY m.topic, ids[0]",
        lambda g: [
            (
                m.get("topic"),
                *((who[0].get("id"), who[-1].get("id")) if (who := m.members("attendee")) else (None, None)),
            )
            for m in g.meetings
        ],
    )
    case(
        section,
        "MATCH (m:MEETING) RETURN sum(arity(m)), avg(size(members(m, 'attendee')))",
        lambda g: [
            (
                sum(len(m.members()) for m in g.meetings),
                sum(len(m.members("attendee")) for m in g.meetings) / len(g.meetings),
            )
        ],
    )

    section = "Hyperedges that contain a given set"
    for ids in ([1, 2], [1, 2, 3], [2, 4], [5], [0, 1]):
        case(
            section,
            f"MATCH (m:MEETING) WHERE all(i IN {ids} WHERE any(x IN members(m) WHERE x.id = i)) RETURN m.topic "
            "ORDER BY m.topic",
            lambda g, ids=ids: [
                (m.get("topic"),) for m in g.meetings if {g.people[i] for i in ids} <= set(m.members())
            ],
        )
        case(
            section,
            f"UNWIND {ids} AS i MATCH (p:Person {{id: i}})<-[:attendee]-(m) WITH m, count(DISTINCT p) AS n "
            f"WHERE n = {len(ids)} RETURN m.topic ORDER BY m.topic",
            lambda g, ids=ids: [
                (m.get("topic"),) for m in g.meetings if {g.people[i] for i in ids} <= set(m.members("attendee"))
            ],
        )

    section = "Aggregation by role"
    case(
        section,
        "MATCH (m:MEETING)-[r]->(p:Person) RETURN type(r), count(*), count(DISTINCT p), min(p.age), max(p.age) "
        "ORDER BY type(r)",
        lambda g: [
            (
                role,
                len(own),
                len({i.member for i in own}),
                min(ages := [i.member.get("age") for i in own if i.member.get("age") is not None]),
                max(ages),
            )
            for role in ("attendee", "organizer")
            for own in [g.incidences("MEETING", role)]
        ],
    )
    case(
        section,
        "MATCH (p:Person)<-[r]-(m:MEETING) RETURN p.id, type(r), count(m) ORDER BY p.id, type(r)",
        lambda g: [
            (*key, n)
            for key, n in grouped(
                ((i.member.get("id"), i.role), 1) for i in g.incidences("MEETING") if i.member.label == "Person"
            ).items()
        ],
    )
    case(
        section,
        "MATCH (h)-[r:organizer|by]->(p:Person) RETURN p.id, count(h) ORDER BY p.id",
        lambda g: grouped((i.member.get("id"), 1) for i in g.incidences() if i.role in ("organizer", "by")).items(),
    )
    case(
        section,
        "MATCH (m:MEETING)-[r]->() RETURN m.topic, count(DISTINCT type(r)) AS roles, count(r) AS bound "
        "ORDER BY m.topic, roles, bound",
        lambda g: [
            (topic, len({i.role for i in own}), len(own))
            for topic, own in listed((i.hyperedge.get("topic"), i) for i in g.incidences("MEETING")).items()
        ],
    )
    case(
        section,
        "MATCH (c:City)<-[:city]-(m)-[:attendee]->(p) RETURN c.name, count(DISTINCT m), count(p), sum(p.age) "
        "ORDER BY c.name",
        lambda g: [
            (
                name,
                sum(1 for m in own if m.members("attendee")),
                sum(len(m.members("attendee")) for m in own),
                sum(p.get("age") or 0 for m in own for p in m.members("attendee")),
            )
            for name in ("Bonn", "Ulm")
            for own in [[m for m in g.meetings if g.cities[name] in m.members("city")]]
        ],
    )
    case(
        section,
        "MATCH (o)<-[:organizer]-(m:MEETING) RETURN o.id, count(m), max(arity(m)) ORDER BY o.id",
        lambda g: [
            (key, len(own), max(len(m.members()) for m in own))
            for key, own in listed((m.members("organizer")[0].get("id"), m) for m in g.meetings).items()
        ],
    )

    section = "Uniqueness of incidences"
    case(
        section,
        "MATCH (m:MEETING)-[:attendee]->(a) MATCH (m)-[:attendee]->(b) RETURN count(*)",
        lambda g: count(1 for m in g.meetings for _ in m.members("attendee") for _ in m.members("attendee")),
    )
    case(
        section,
        "MATCH (m:MEETING)-[:attendee]->(a), (m)-[:attendee]->(b) RETURN count(*)",
        lambda g: count(pairs(g)),
    )
    case(
        section,
        "MATCH (a)<-[:attendee]-(m:MEETING)-[:attendee]->(b)<-[:attendee]-(n:MEETING)-[:attendee]->(c) RETURN count(*)",
        lambda g: count(1 for a, b in pairs(g) for c, d in pairs(g) if c.member is b.member and len({a, b, c, d}) == 4),
    )
    case(
        section,
        "MATCH (a)<-[:attendee]-(m:MEETING)-[:attendee]->(b) MATCH (b)<-[:attendee]-(n:MEETING)-[:attendee]->(c) "
        "RETURN count(*)",
        lambda g: count(1 for a, b in pairs(g) for c, d in pairs(g) if c.member is b.member),
    )
    case(
        section,
        "MATCH (p:Person)<-[:attendee]-(m), (p)<-[:attendee]-(n) RETURN count(*)",
        lambda g: count(
            1
            for a in g.incidences("MEETING", "attendee")
            for b in g.incidences("MEETING", "attendee")
            if a.member is b.member and a != b
        ),
    )
    case(
        section,
        "MATCH (p:Person)<-[:organizer]-(m), (p)<-[:organizer]-(n) RETURN p.id, count(*) ORDER BY p.id",
        lambda g: grouped(
            (a.member.get("id"), 1)
            for a in g.incidences("MEETING", "organizer")
            for b in g.incidences("MEETING", "organizer")
            if a.member is b.member and a != b
        ).items(),
    )
    case(
        section,
        "MATCH (p:Person)<-[:organizer]-(m), (p)<-[:attendee]-(n) RETURN p.id, count(*) ORDER BY p.id",
        lambda g: grouped(
            (a.member.get("id"), 1)
            for a in g.incidences("MEETING", "organizer")
            for b in g.incidences("MEETING", "attendee")
            if a.member is b.member
        ).items(),
    )
    case(
        section,
        "MATCH (x)<-[r]-(c:CLAIM)-[s]->(y) WHERE id(x) < id(y) RETURN c.text, count(*) ORDER BY c.text",
        lambda g: grouped((c.get("text"), 1) for c in g.claims for _ in itertools.combinations(c.members(), 2)).items(),
    )
    section = "Hyperedges beside binary edges"
    knows = [(0, other) for other in range(1, 10)]
    knows += [(1, 2), (1, 2), (2, 3), (3, 1), (5, 5), (10, 11), (11, 10)]
    for role in ("organizer", "attendee"):
        case(
            section,
            f"MATCH (m:MEETING)-[:{role}]->(p)-[:KNOWS]->(q) RETURN p.id, q.id, count(*) ORDER BY p.id, q.id",
            lambda g, r=role: [
                (*key, n)
                for key, n in grouped(
                    ((a, b), 1) for m in g.meetings for p in m.members(r) for a, b in knows if a == p.get("id")
                ).items()
            ],
        )
        case(
            section,
            f"MATCH (p:Person)-[:KNOWS]->(q)<-[:{role}]-(m) WHERE NOT (m)-[:attendee]->(p) "
            "RETURN p.id, q.id, m.topic ORDER BY p.id, q.id, m.topic",
            lambda g, r=role: [
                (a, b, m.get("topic"))
                for a, b in knows
                for m in g.meetings
                for q in m.members(r)
                if q.get("id") == b and g.people[a] not in m.members("attendee")
            ],
        )
    case(
        section,
        "MATCH (o)<-[:organizer]-(m:MEETING)-[:attendee]->(a), (o)-[:KNOWS]->(a) RETURN o.id, a.id, m.topic "
        "ORDER BY o.id, a.id, m.topic",
        lambda g: [
            (o.get("id"), a.get("id"), m.get("topic"))
            for m in g.meetings
            for o in m.members("organizer")
            for a in m.members("attendee")
            for edge in knows
            if edge == (o.get("id"), a.get("id"))
        ],
    )
    for i in (0, 1):
        case(
            section,
            f"MATCH (a:Person {{id: {i}}})-[:KNOWS*1..2]->(b)<-[:attendee]-(m:MEETING) "
            "RETURN DISTINCT b.id, m.topic ORDER BY b.id, m.topic",
            lambda g, i=i: {
                (b, m.get("topic"))
                for b in {b for a, b in knows if a == i} | {c for a, b in knows if a == i for d, c in knows if d == b}
                for m in g.meetings
                if g.people[b] in m.members("attendee")
            },
        )

    section = "Hyperedges in subqueries, lists and unions"
    for least in (1, 2, 3):
        case(
            section,
            f"MATCH (p:Person) WHERE COUNT {{ MATCH (p)<-[:attendee]-(m) }} >= {least} RETURN p.id ORDER BY p.id",
            lambda g, n=least: [
                (p.get("id"),) for p in g.people if sum(i.member is p for i in g.incidences("MEETING", "attendee")) >= n
            ],
        )
    case(
        section,
        "MATCH (m:MEETING) RETURN m.topic, size([(m)-[:attendee]->(a) WHERE a.age > 30 | a.id]) AS n "
        "ORDER BY m.topic, n",
        lambda g: [(m.get("topic"), sum((a.get("age") or 0) > 30 for a in m.members("attendee"))) for m in g.meetings],
    )
    case(
        section,
        "MATCH (m:MEETING) WHERE all(a IN members(m, 'attendee') WHERE a.id > 0) RETURN m.topic ORDER BY m.topic",
        lambda g: [(m.get("topic"),) for m in g.meetings if all(a.get("id") > 0 for a in m.members("attendee"))],
    )
    case(
        section,
        "MATCH (m:MEETING)-[:organizer|attendee]->(p) RETURN DISTINCT p.id AS id ORDER BY id",
        lambda g: {(i.member.get("id"),) for role in ("organizer", "attendee") for i in g.incidences("MEETING", role)},
    )
    case(
        section,
        "MATCH (m:MEETING) WITH m "
        "ORDER BY arity(m) DESC, m.topic LIMIT 2 MATCH (m)-[:attendee]->(a) RETURN a.id ORDER BY a.id",
        lambda g: [
            (a.get("id"),)
            for m in sorted(g.meetings, key=lambda m: (-len(m.members()), order((m.get("topic"),))))[:2]
            for a in m.members("attendee")
        ],
    )
    case(
        section,
        "MATCH p = (c:CLAIM)-[:about]->(m:MEETING)-[:organizer]->(o) "
        "RETURN length(p), [r IN relationships(p) | type(r)][1], "
        "size(nodes(p)), o.id ORDER BY o.id",
        lambda g: [
            (2, "organizer", 3, o.get("id"))
            for c in g.claims
            for m in c.members("about")
            for o in m.members("organizer")
        ],
    )
    case(
        section,
        "MATCH (m:MEETING)-[r:attendee]->(a {id: 5}) RETURN startNode(r) = m, endNode(r) = a, count(*)",
        lambda g: [(True, True, sum(i.member is g.people[5] for i in g.incidences("MEETING", "attendee")))],
    )
    return cases


class Flights:
    """The flights of New York, as rows of their files."""

    def __init__(self) -> None:
        def rows(table: str) -> list[dict[str, Any]]:
            return pq.read_table(ROOT / "examples/data" / f"{table}.parquet").to_pylist()

        self.flights = rows("flights")
        self.planes = {row["tailnum"]: row for row in rows("planes")}
        self.airports = {row["faa"]: row for row in rows("airports")}
        self.airlines = {row["carrier"]: row for row in rows("airlines")}


def flights_cases() -> list[Case]:
    """The statements over the flights: carrier, origin, destination and plane of each."""
    cases: list[Case] = []

    def case(section: str, text: str, rows: Callable[[Flights], Iterable[tuple[Any, ...]]]) -> None:
        cases.append(Case(section, text, rows))

    section = "Several roles of a flight"
    for carrier, origin in (("UA", "EWR"), ("AA", "LGA"), ("HA", "JFK"), ("B6", "EWR")):
        case(
            section,
            f"MATCH (:Airline {{carrier: '{carrier}'}})<-[:carrier]-(f:FLIGHT)-[:origin]->"
            f"(:Airport {{faa: '{origin}'}}) RETURN count(*)",
            lambda g, c=carrier, o=origin: count(1 for f in g.flights if f["carrier"] == c and f["origin"] == o),
        )
    for dest in ("HNL", "ANC", "LEX"):
        case(
            section,
            f"MATCH (c:Airline)<-[:carrier]-(f:FLIGHT)-[:dest]->(:Airport {{faa: '{dest}'}}), (f)-[:origin]->(o) "
            "RETURN c.carrier, o.faa, count(*) ORDER BY c.carrier, o.faa",
            lambda g, d=dest: [
                (*key, n)
                for key, n in grouped(((f["carrier"], f["origin"]), 1) for f in g.flights if f["dest"] == d).items()
            ],
        )
    section = "Absent roles of a flight"
    case(
        section,
        "MATCH (f:FLIGHT)-[:carrier]->(c) WHERE NOT (f)-[:plane]->() RETURN c.carrier, count(*) ORDER BY c.carrier",
        lambda g: grouped((f["carrier"], 1) for f in g.flights if f["tailnum"] is None).items(),
    )
    section = "Aggregation by the roles of a flight"
    case(
        section,
        "MATCH (f:FLIGHT)-[:origin]->(o), (f)-[:carrier]->(c) RETURN o.faa, count(DISTINCT c), max(f.distance) "
        "ORDER BY o.faa",
        lambda g: [
            (origin, len({f["carrier"] for f in own}), max(f["distance"] for f in own))
            for origin, own in listed((f["origin"], f) for f in g.flights).items()
        ],
    )
    case(
        section,
        "MATCH (f:FLIGHT)-[r]->() RETURN type(r), count(*) ORDER BY type(r)",
        lambda g: [
            ("carrier", len(g.flights)),
            ("dest", len(g.flights)),
            ("origin", len(g.flights)),
            ("plane", sum(f["tailnum"] is not None for f in g.flights)),
        ],
    )
    section = "Flights that share members"
    case(
        section,
        "MATCH (o)<-[:origin]-(f:FLIGHT)-[:plane]->(p:Plane) WHERE p.tailnum = 'N14228' "
        "RETURN o.faa, count(*) ORDER BY o.faa",
        lambda g: grouped((f["origin"], 1) for f in g.flights if f["tailnum"] == "N14228").items(),
    )
    case(
        section,
        "MATCH (p:Plane {tailnum: 'N14228'})<-[:plane]-(f:FLIGHT)-[:dest]->(d)<-[:dest]-(g:FLIGHT)-[:plane]->(q:Plane "
        "{tailnum: 'N39463'}) RETURN count(*)",
        lambda g: count(
            1
            for a in g.flights
            if a["tailnum"] == "N14228"
            for b in g.flights
            if b["tailnum"] == "N39463" and a["dest"] == b["dest"]
        ),
    )
    case(
        section,
        "MATCH (a:Airline)<-[:carrier]-(f:FLIGHT)-[:plane]->(p:Plane)<-[:plane]-(g:FLIGHT)-[:carrier]->(b:Airline) "
        "WHERE a.carrier < b.carrier RETURN a.carrier, b.carrier, count(DISTINCT p) ORDER BY a.carrier, b.carrier",
        lambda g: [
            (*key, n)
            for key, n in grouped(
                ((a, b), 1)
                for carriers in listed(
                    (f["tailnum"], f["carrier"]) for f in g.flights if f["tailnum"] is not None
                ).values()
                for a, b in itertools.combinations(sorted(set(carriers)), 2)
            ).items()
        ],
    )
    case(
        section,
        "MATCH (f:FLIGHT)-[:origin]->(o)<-[:origin]-(g:FLIGHT) RETURN count(*)",
        lambda g: [(sum(n * (n - 1) for n in grouped((f["origin"], 1) for f in g.flights).values()),)],
    )
    return cases


def grouped(items: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    """Sums by key."""
    sums: dict[Any, int] = collections.defaultdict(int)
    for key, value in items:
        sums[key] += value
    return sums


def listed(items: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    """Lists by key."""
    lists: dict[Any, list[Any]] = collections.defaultdict(list)
    for key, value in items:
        lists[key].append(value)
    return lists


def order(row: tuple[Any, ...]) -> list[tuple[bool, Any]]:
    """The order of ORDER BY over all columns: nulls come last."""
    return [(value is None, 0 if value is None else value) for value in row]


def shown(value: Any) -> str:
    """A cell as the corpus shows it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(f"'{item}'" for item in value) + "]"
    return repr(float(f"{value:.9e}")) if isinstance(value, float) else str(value)


def corpus(graph: str, title: str, cases: list[Case], model: Any) -> str:
    """The statements and their answers as a file of the corpus."""
    parts = [
        f"# {title}\n# graph: {graph}\n# Written by python/tests/hyperedge_suite.py, which computes the answers.\n"
    ]
    section = None
    for case in cases:
        if case.section != section:
            section = case.section
            parts.append(f"# {section}\n")
        rows = list(case.rows(model))
        if not any(isinstance(value, list) for row in rows for value in row):
            rows.sort(key=order)
        answer = "".join(" ".join(shown(value) for value in row) + "\n" for row in rows)
        parts.append(f"query \n{case.text}\n----\n{answer}")
    return "\n".join(parts)


def files() -> dict[Path, str]:
    """What the suite writes."""
    folder = ROOT / "tests/queries"
    return {
        folder / "hyperedges.slt": corpus(
            "claims", "N-ary patterns on a small graph, checked against a naive model.", claims_cases(), Claims()
        ),
        folder / "hyperedges_flights.slt": corpus(
            "flights", "N-ary patterns on the flights, checked against a naive model.", flights_cases(), Flights()
        ),
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text)
