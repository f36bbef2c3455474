"""Hops over the social graph, with filters, without neighbours of a kind, and to the most popular."""

from __future__ import annotations

from peers.workloads.workload import Workload

FILTERS = (
    Workload(
        name="top-followed",
        title="the 10 most followed persons",
        graph="study",
        texts={
            "cypher": (
                "MATCH (p:person)<-[:follows]-(q:person) RETURN p.id, count(*) AS n ORDER BY n DESC, p.id LIMIT 10"
            ),
            "sql": "SELECT b, count(*) AS n FROM follows GROUP BY b ORDER BY n DESC, b LIMIT 10",
        },
    ),
    Workload(
        name="follows-2",
        title="paths of 2 follows, count",
        graph="study",
        texts={
            "cypher": "MATCH (a:person)-[:follows]->(b:person)-[:follows]->(c:person) RETURN count(*)",
            "sql": "SELECT count(*) FROM follows e JOIN follows f ON e.b = f.a",
        },
        floor=("hops", "walks-2", "follows.bin"),
    ),
    Workload(
        name="ends-2",
        title="2 follows with a filter at each end",
        graph="study",
        texts={
            "cypher": (
                "MATCH (a:person)-[:follows]->(b:person)-[:follows]->(c:person) WHERE a.age < 25 AND c.age > 80 "
                "RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM follows e JOIN follows f ON e.b = f.a JOIN person a ON a.id = e.a "
                "JOIN person c ON c.id = f.b WHERE a.age < 25 AND c.age > 80"
            ),
        },
    ),
    Workload(
        name="edge-filter",
        title="a follow with filters on it and both ends",
        graph="study",
        texts={
            "cypher": (
                "MATCH (a:person)-[e:follows]->(b:person) WHERE e.since >= 2015 AND a.age < 30 AND b.age > 60 "
                "RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM follows e JOIN person a ON a.id = e.a JOIN person b ON b.id = e.b "
                "WHERE e.since >= 2015 AND a.age < 30 AND b.age > 60"
            ),
        },
    ),
    Workload(
        name="later-edge",
        title="2 follows, the second one later, from the young",
        graph="study",
        texts={
            "cypher": (
                "MATCH (a:person)-[e:follows]->(b:person)-[f:follows]->(c:person) "
                "WHERE a.age < 20 AND e.since < f.since RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM follows e JOIN follows f ON e.b = f.a JOIN person a ON a.id = e.a "
                "WHERE a.age < 20 AND e.since < f.since"
            ),
        },
    ),
    Workload(
        name="ids-list",
        title="one hop from 2,000 ids of a list",
        graph="study",
        texts={
            "cypher": (
                "MATCH (a:person)-[:follows]->(b:person) WHERE a.id IN $ids "
                "RETURN b.id, count(*) AS n ORDER BY n DESC, b.id LIMIT 10"
            ),
            "sql": (
                "SELECT b, count(*) AS n FROM follows WHERE a IN (SELECT unnest($ids)) "
                "GROUP BY b ORDER BY n DESC, b LIMIT 10"
            ),
        },
    ),
    Workload(
        name="hubs-2",
        title="different followers of followers of 20 hubs",
        graph="study",
        texts={
            "cypher": (
                "MATCH (h:person)<-[:follows]-(b:person)<-[:follows]-(c:person) WHERE h.id < 20 "
                "RETURN h.id, count(DISTINCT c.id)"
            ),
            "grism": (
                "MATCH (h:person)<-[:follows]-(b:person)<-[:follows]-(c:person) WHERE h.id < 20 "
                "RETURN h.id, count(DISTINCT c)"
            ),
            "sql": (
                "SELECT e.b, count(DISTINCT f.a) FROM follows e JOIN follows f ON f.b = e.a WHERE e.b < 20 GROUP BY e.b"
            ),
        },
    ),
    Workload(
        name="not-back",
        title="follows that are not returned, count",
        graph="study",
        texts={
            "cypher": (
                "MATCH (a:person)-[:follows]->(b:person) WHERE NOT EXISTS { MATCH (b)-[:follows]->(a) } RETURN count(*)"
            ),
            "neug": "MATCH (a:person)-[:follows]->(b:person) WHERE NOT (b)-[:follows]->(a) RETURN count(*)",
            "sql": ("SELECT count(*) FROM follows e WHERE NOT EXISTS (FROM follows f WHERE f.a = e.b AND f.b = e.a)"),
        },
    ),
    Workload(
        name="no-interest",
        title="persons without any interest",
        graph="study",
        texts={
            "cypher": ("MATCH (p:person) WHERE NOT EXISTS { MATCH (p)-[:has_interest]->(:interest) } RETURN count(*)"),
            "neug": "MATCH (p:person) WHERE NOT (p)-[:has_interest]->(:interest) RETURN count(*)",
            "sql": "SELECT count(*) FROM person WHERE NOT EXISTS (FROM has_interest WHERE a = person.id)",
        },
    ),
    Workload(
        name="not-shared",
        title="persons who follow one with an interest that they have not",
        graph="study",
        texts={
            "cypher": (
                "MATCH (a:person)-[:follows]->(b:person)-[:has_interest]->(i:interest) WHERE i.id = 3 "
                "AND NOT EXISTS { MATCH (a)-[:has_interest]->(i) } RETURN count(DISTINCT a.id)"
            ),
            "neug": (
                "MATCH (a:person)-[:follows]->(b:person)-[:has_interest]->(i:interest) WHERE i.id = 3 "
                "AND NOT (a)-[:has_interest]->(i) RETURN count(DISTINCT a.id)"
            ),
            "sql": (
                "SELECT count(DISTINCT e.a) FROM follows e JOIN has_interest i ON i.a = e.b WHERE i.b = 3 "
                "AND NOT EXISTS (FROM has_interest own WHERE own.a = e.a AND own.b = 3)"
            ),
        },
    ),
    Workload(
        name="cities",
        title="the 5 cities in which most live who share an interest",
        graph="study",
        texts={
            "cypher": (
                "MATCH (i:interest)<-[:has_interest]-(p:person)-[:lives_in]->(c:city) WHERE i.id = 5 "
                "RETURN c.name, count(*) AS n ORDER BY n DESC, c.name LIMIT 5"
            ),
            "sql": (
                "SELECT city.name, count(*) AS n FROM has_interest i JOIN lives_in l ON l.a = i.a "
                "JOIN city ON city.id = l.b WHERE i.b = 5 GROUP BY city.name ORDER BY n DESC, city.name LIMIT 5"
            ),
        },
    ),
    Workload(
        name="city-pairs",
        title="the 10 pairs of cities between which most follow",
        graph="study",
        texts={
            "cypher": (
                "MATCH (c:city)<-[:lives_in]-(a:person)-[:follows]->(b:person)-[:lives_in]->(d:city) "
                "RETURN c.id, d.id, count(*) AS n ORDER BY n DESC, c.id, d.id LIMIT 10"
            ),
            "sql": (
                "SELECT l.b AS one, m.b AS other, count(*) AS n FROM follows e JOIN lives_in l ON l.a = e.a "
                "JOIN lives_in m ON m.a = e.b GROUP BY ALL ORDER BY n DESC, one, other LIMIT 10"
            ),
        },
    ),
)
