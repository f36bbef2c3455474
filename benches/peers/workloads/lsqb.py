"""The nine queries of LSQB, over its published persons and generated messages."""

from __future__ import annotations

from peers.workloads.workload import Workload

_KNOWN = "WITH known AS (SELECT a, b FROM knows UNION ALL SELECT b, a FROM knows) "

LSQB = (
    Workload(
        name="lsqb-1",
        title="LSQB 1: a chain of 8 edges, from a country to a class of tags",
        graph="lsqb",
        texts={
            "cypher": (
                "MATCH (:Country)<-[:isPartOf]-(:City)<-[:isLocatedIn]-(:Person)<-[:hasMember]-(:Forum)"
                "-[:containerOf]->(:Post)<-[:replyOf]-(:Comment)-[:hasTag]->(:Tag)-[:hasType]->(:TagClass) "
                "RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM isPartOf JOIN isLocatedIn ON isLocatedIn.b = isPartOf.a "
                "JOIN hasMember ON hasMember.b = isLocatedIn.a JOIN containerOf ON containerOf.a = hasMember.a "
                "JOIN replyOf ON replyOf.b = containerOf.b JOIN hasTag ON hasTag.a = replyOf.a "
                "JOIN hasType ON hasType.a = hasTag.b"
            ),
        },
    ),
    Workload(
        name="lsqb-2",
        title="LSQB 2: comments on posts of those one knows",
        graph="lsqb",
        texts={
            "cypher": (
                "MATCH (a:Person)-[:knows]-(b:Person), (a)<-[:hasCreator]-(c:Comment)-[:replyOf]->(p:Post)"
                "-[:hasCreator]->(b) RETURN count(*)"
            ),
            "sql": (
                f"{_KNOWN}SELECT count(*) FROM known JOIN hasCreator c ON c.b = known.a "
                "JOIN replyOfPost r ON r.a = c.a JOIN hasCreator p ON p.a = r.b AND p.b = known.b"
            ),
        },
    ),
    Workload(
        name="lsqb-3",
        title="LSQB 3: triangles of persons in one country",
        graph="lsqb",
        texts={
            "cypher": (
                "MATCH (co:Country) "
                "MATCH (a:Person)-[:isLocatedIn]->(:City)-[:isPartOf]->(co) "
                "MATCH (b:Person)-[:isLocatedIn]->(:City)-[:isPartOf]->(co) "
                "MATCH (c:Person)-[:isLocatedIn]->(:City)-[:isPartOf]->(co) "
                "MATCH (a)-[:knows]-(b)-[:knows]-(c)-[:knows]-(a) RETURN count(*)"
            ),
            "sql": (
                f"{_KNOWN}, home AS (SELECT isLocatedIn.a AS person, isPartOf.b AS country "
                "FROM isLocatedIn JOIN isPartOf ON isPartOf.a = isLocatedIn.b) "
                "SELECT count(*) FROM known e JOIN known f ON f.a = e.b JOIN known g ON g.a = f.b AND g.b = e.a "
                "JOIN home a ON a.person = e.a JOIN home b ON b.person = f.a AND b.country = a.country "
                "JOIN home c ON c.person = g.a AND c.country = a.country"
            ),
        },
        known=30_456,
    ),
    Workload(
        name="lsqb-4",
        title="LSQB 4: a star around messages",
        graph="lsqb",
        texts={
            "cypher": (
                "MATCH (:Tag)<-[:hasTag]-(m:Post:Comment)-[:hasCreator]->(:Person), (m)<-[:likes]-(:Person), "
                "(m)<-[:replyOf]-(:Comment) RETURN count(*)"
            ),
            "grism": (
                "MATCH (:Tag)<-[:hasTag]-(m:Post|Comment)-[:hasCreator]->(:Person), (m)<-[:likes]-(:Person), "
                "(m)<-[:replyOf]-(:Comment) RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM hasTag t JOIN hasCreator c ON c.a = t.a JOIN likes l ON l.b = t.a "
                "JOIN replyOf r ON r.b = t.a"
            ),
        },
    ),
    Workload(
        name="lsqb-5",
        title="LSQB 5: different tags of a message and of its answer",
        graph="lsqb",
        texts={
            "cypher": (
                "MATCH (s:Tag)<-[:hasTag]-(m:Post:Comment)<-[:replyOf]-(c:Comment)-[:hasTag]->(t:Tag) "
                "WHERE s.id <> t.id RETURN count(*)"
            ),
            "grism": (
                "MATCH (s:Tag)<-[:hasTag]-(m:Post|Comment)<-[:replyOf]-(c:Comment)-[:hasTag]->(t:Tag) "
                "WHERE s <> t RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM hasTag s JOIN replyOf r ON r.b = s.a JOIN hasTag t ON t.a = r.a WHERE s.b <> t.b"
            ),
        },
    ),
    Workload(
        name="lsqb-6",
        title="LSQB 6: interests of friends of friends",
        graph="lsqb",
        texts={
            "cypher": (
                "MATCH (a:Person)-[:knows]-(b:Person)-[:knows]-(c:Person)-[:hasInterest]->(t:Tag) "
                "WHERE a.id <> c.id RETURN count(*)"
            ),
            "grism": (
                "MATCH (a:Person)-[:knows]-(b:Person)-[:knows]-(c:Person)-[:hasInterest]->(t:Tag) "
                "WHERE a <> c RETURN count(*)"
            ),
            "sql": (
                f"{_KNOWN}SELECT count(*) FROM known e JOIN known f ON f.a = e.b JOIN hasInterest t ON t.a = f.b "
                "WHERE e.a <> f.b"
            ),
        },
        known=55_607_896,
    ),
    Workload(
        name="lsqb-7",
        title="LSQB 7: a star around messages, likes and answers optional",
        graph="lsqb",
        texts={
            "cypher": (
                "MATCH (:Tag)<-[:hasTag]-(m:Post:Comment)-[:hasCreator]->(:Person) "
                "OPTIONAL MATCH (m)<-[:likes]-(l:Person) OPTIONAL MATCH (m)<-[:replyOf]-(c:Comment) RETURN count(*)"
            ),
            "grism": (
                "MATCH (:Tag)<-[:hasTag]-(m:Post|Comment)-[:hasCreator]->(:Person) "
                "OPTIONAL MATCH (m)<-[:likes]-(l:Person) OPTIONAL MATCH (m)<-[:replyOf]-(c:Comment) RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM hasTag t JOIN hasCreator c ON c.a = t.a LEFT JOIN likes l ON l.b = t.a "
                "LEFT JOIN replyOf r ON r.b = t.a"
            ),
        },
    ),
    Workload(
        name="lsqb-8",
        title="LSQB 8: different tags of a message and of its answer, which has not the former",
        graph="lsqb",
        texts={
            "cypher": (
                "MATCH (s:Tag)<-[:hasTag]-(m:Post:Comment)<-[:replyOf]-(c:Comment)-[:hasTag]->(t:Tag) "
                "WHERE NOT EXISTS { MATCH (c)-[:hasTag]->(s) } AND s.id <> t.id RETURN count(*)"
            ),
            "grism": (
                "MATCH (s:Tag)<-[:hasTag]-(m:Post|Comment)<-[:replyOf]-(c:Comment)-[:hasTag]->(t:Tag) "
                "WHERE NOT (c)-[:hasTag]->(s) AND s <> t RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM hasTag s JOIN replyOf r ON r.b = s.a JOIN hasTag t ON t.a = r.a "
                "WHERE s.b <> t.b AND NOT EXISTS (FROM hasTag own WHERE own.a = r.a AND own.b = s.b)"
            ),
        },
    ),
    Workload(
        name="lsqb-9",
        title="LSQB 9: interests of friends of friends who are no friends",
        graph="lsqb",
        texts={
            "cypher": (
                "MATCH (a:Person)-[:knows]-(b:Person)-[:knows]-(c:Person)-[:hasInterest]->(t:Tag) "
                "WHERE NOT EXISTS { MATCH (a)-[:knows]-(c) } AND a.id <> c.id RETURN count(*)"
            ),
            "grism": (
                "MATCH (a:Person)-[:knows]-(b:Person)-[:knows]-(c:Person)-[:hasInterest]->(t:Tag) "
                "WHERE NOT (a)-[:knows]-(c) AND a <> c RETURN count(*)"
            ),
            "neug": (
                "MATCH (a:Person)-[:knows]-(b:Person)-[:knows]-(c:Person)-[:hasInterest]->(t:Tag) "
                "WHERE NOT (a)-[:knows]-(c) AND a.id <> c.id RETURN count(*)"
            ),
            "sql": (
                f"{_KNOWN}SELECT count(*) FROM known e JOIN known f ON f.a = e.b JOIN hasInterest t ON t.a = f.b "
                "WHERE e.a <> f.b AND NOT EXISTS (FROM known k WHERE k.a = e.a AND k.b = f.b)"
            ),
        },
    ),
)
