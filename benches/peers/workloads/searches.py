"""Breadth-first searches over the links between pages."""

from __future__ import annotations

from peers.workloads.workload import Workload

SEARCHES = (
    Workload(
        name="levels",
        title="pages by distance from one page",
        graph="power",
        texts={
            "grism": (
                "MATCH p = shortestPath((a:page {id: $start})-[:links*]->(b:page)) WHERE a.id <> b.id "
                "RETURN length(p), count(*)"
            ),
            "kuzu": (
                "MATCH p = (a:page {id: $start})-[:links* SHORTEST 1..30]->(b:page) WHERE a.id <> b.id "
                "RETURN length(p), count(*)"
            ),
            "ladybug": (
                "MATCH p = (a:page {id: $start})-[:links* SHORTEST 1..30]->(b:page) WHERE a.id <> b.id "
                "RETURN length(p), count(*)"
            ),
            "sql": (
                "WITH RECURSIVE reached(id, level) USING KEY (id) AS (SELECT $start::BIGINT, 0 UNION "
                "SELECT DISTINCT links.b, reached.level + 1 FROM reached JOIN links ON links.a = reached.id "
                "WHERE NOT EXISTS (FROM recurring.reached AS known WHERE known.id = links.b)) "
                "SELECT level, count(*) FROM reached WHERE level > 0 GROUP BY level"
            ),
            "igraph": (
                "[(d, n) for d, n in enumerate(np.bincount([int(d) for d in g.distances(start)[0] if d < g.vcount()])) "
                "if d > 0]"
            ),
        },
    ),
    Workload(
        name="reach-3",
        title="pages within 3 hops of one page",
        graph="power",
        texts={
            "cypher": (
                "MATCH (a:page {id: $start})-[:links*1..3]->(b:page) WHERE a.id <> b.id RETURN count(DISTINCT b.id)"
            ),
            "sql": (
                "WITH RECURSIVE reached(id, level) USING KEY (id) AS (SELECT $start::BIGINT, 0 UNION "
                "SELECT DISTINCT links.b, reached.level + 1 FROM reached JOIN links ON links.a = reached.id "
                "WHERE reached.level < 3 "
                "AND NOT EXISTS (FROM recurring.reached AS known WHERE known.id = links.b)) "
                "SELECT count(*) FROM reached WHERE level > 0"
            ),
            "igraph": 'g.neighborhood_size(start, order=3, mode="out") - 1',
        },
    ),
    Workload(
        name="distances",
        title="distances of 1,000 pairs of pages",
        graph="power",
        texts={
            "grism": (
                "UNWIND $pairs AS pair MATCH (a:page {id: pair[0]}), (b:page {id: pair[1]}) "
                "MATCH p = shortestPath((a)-[:links*]->(b)) RETURN count(*), sum(length(p))"
            ),
            "kuzu": (
                "UNWIND $pairs AS pair MATCH (a:page {id: pair[1]}), (b:page {id: pair[2]}) "
                "MATCH p = (a)-[:links* SHORTEST 1..30]->(b) RETURN count(*), sum(length(p))"
            ),
            "ladybug": (
                "UNWIND $pairs AS pair MATCH (a:page {id: pair[1]}), (b:page {id: pair[2]}) "
                "MATCH p = (a)-[:links* SHORTEST 1..30]->(b) RETURN count(*), sum(length(p))"
            ),
            "sql": (
                "WITH RECURSIVE pairs AS (SELECT pair[1] AS a, pair[2] AS b FROM (SELECT unnest($pairs) AS pair)), "
                "reached(start, id, level) USING KEY (start, id) AS (SELECT DISTINCT a, a, 0 FROM pairs UNION "
                "SELECT DISTINCT start, links.b, level + 1 FROM reached JOIN links ON links.a = reached.id "
                "WHERE NOT EXISTS (FROM recurring.reached AS known "
                "WHERE known.start = reached.start AND known.id = links.b)) "
                "SELECT count(*), sum(level) FROM pairs JOIN reached ON pairs.a = start AND pairs.b = id"
            ),
            "igraph": (
                "[(len(found), int(sum(found))) "
                "for sources, targets in [[sorted(set(ends)) for ends in zip(*pairs)]] "
                "for rows in [g.distances(sources, targets)] "
                "for row, place in [[{v: at for at, v in enumerate(ends)} for ends in (sources, targets)]] "
                "for every in [[rows[row[a]][place[b]] for a, b in pairs]] "
                "for found in [[d for d in every if d < g.vcount()]]]"
            ),
        },
    ),
)
