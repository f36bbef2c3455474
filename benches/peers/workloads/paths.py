"""Counts of paths over the links between pages.

Grism's MATCH takes no relationship twice, as openCypher wants; Kuzu, Ladybug and NeuG may take it again.
"""

from __future__ import annotations

from peers.workloads.workload import Workload

_DEGREES = (
    "WITH outgoing AS (SELECT a AS id, count(*) AS n FROM links GROUP BY a), "
    "incoming AS (SELECT b AS id, count(*) AS n FROM links GROUP BY b), "
    "second AS (SELECT a AS id, sum(n) AS n FROM links JOIN outgoing ON b = id GROUP BY a), "
    "before AS (SELECT b AS id, sum(n) AS n FROM links JOIN incoming ON a = id GROUP BY b), "
    "mutual AS (SELECT e.a, e.b FROM links e JOIN links f ON e.a = f.b AND e.b = f.a) "
)
_WALKS_3 = "(SELECT sum(incoming.n * second.n) FROM incoming JOIN second USING (id))"
_WALKS_4 = "(SELECT sum(before.n * second.n) FROM before JOIN second USING (id))"

PATHS = (
    Workload(
        name="walks-2",
        title="paths of 2 hops, count",
        graph="power",
        texts={
            "cypher": "MATCH (a:page)-[:links]->(b:page)-[:links]->(c:page) RETURN count(*)",
            "sql": "SELECT count(*) FROM links e JOIN links f ON e.b = f.a",
        },
        by_hand={
            "duckdb": _DEGREES + "SELECT sum(incoming.n * outgoing.n) FROM incoming JOIN outgoing USING (id)",
        },
        floor=("hops", "walks-2", "links.bin"),
    ),
    Workload(
        name="walks-3",
        title="walks of 3 hops, count",
        graph="power",
        texts={
            "cypher": "MATCH (a:page)-[:links]->(b:page)-[:links]->(c:page)-[:links]->(d:page) RETURN count(*)",
            "grism": (
                "MATCH (a:page)-[:links]->(b:page) MATCH (b)-[:links]->(c:page) MATCH (c)-[:links]->(d:page) "
                "RETURN count(*)"
            ),
            "sql": "SELECT count(*) FROM links e JOIN links f ON e.b = f.a JOIN links g ON f.b = g.a",
        },
        by_hand={"duckdb": f"{_DEGREES} SELECT {_WALKS_3}"},
        floor=("hops", "walks-3", "links.bin"),
    ),
    Workload(
        name="trails-3",
        title="paths of 3 hops that take no edge twice, count",
        graph="power",
        texts={
            "grism": "MATCH (a:page)-[:links]->(b:page)-[:links]->(c:page)-[:links]->(d:page) RETURN count(*)",
            "cypher": (
                "MATCH (a:page)-[e:links]->(b:page)-[f:links]->(c:page)-[g:links]->(d:page) "
                "WHERE id(e) <> id(g) RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM links e JOIN links f ON e.b = f.a JOIN links g ON f.b = g.a "
                "WHERE e.rowid <> g.rowid"
            ),
        },
        by_hand={"duckdb": f"{_DEGREES} SELECT {_WALKS_3} - (SELECT count(*) FROM mutual)"},
        floor=("hops", "trails-3", "links.bin"),
    ),
    Workload(
        name="walks-4",
        title="walks of 4 hops, count",
        graph="power",
        texts={
            "cypher": (
                "MATCH (a:page)-[:links]->(b:page)-[:links]->(c:page)-[:links]->(d:page)-[:links]->(e:page) "
                "RETURN count(*)"
            ),
            "grism": (
                "MATCH (a:page)-[:links]->(b:page) MATCH (b)-[:links]->(c:page) MATCH (c)-[:links]->(d:page) "
                "MATCH (d)-[:links]->(e:page) RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM links e JOIN links f ON e.b = f.a JOIN links g ON f.b = g.a "
                "JOIN links h ON g.b = h.a"
            ),
        },
        by_hand={"duckdb": f"{_DEGREES} SELECT {_WALKS_4}"},
        floor=("hops", "walks-4", "links.bin"),
    ),
    Workload(
        name="trails-4",
        title="paths of 4 hops that take no edge twice, count",
        graph="power",
        texts={
            "grism": (
                "MATCH (a:page)-[:links]->(b:page)-[:links]->(c:page)-[:links]->(d:page)-[:links]->(e:page) "
                "RETURN count(*)"
            ),
            "cypher": (
                "MATCH (a:page)-[e:links]->(b:page)-[f:links]->(c:page)-[g:links]->(d:page)-[h:links]->(i:page) "
                "WHERE id(e) <> id(g) AND id(e) <> id(h) AND id(f) <> id(h) RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM links e JOIN links f ON e.b = f.a JOIN links g ON f.b = g.a "
                "JOIN links h ON g.b = h.a WHERE e.rowid <> g.rowid AND e.rowid <> h.rowid AND f.rowid <> h.rowid"
            ),
        },
        by_hand={
            # The walks, less those whose first and third, second and fourth, first and fourth edge are one.
            "duckdb": (
                f"{_DEGREES} SELECT {_WALKS_4} "
                "- (SELECT sum(n) FROM mutual JOIN outgoing ON b = id) "
                "- (SELECT sum(n) FROM mutual JOIN incoming ON a = id) "
                "- (SELECT count(*) FROM links e JOIN links f ON e.b = f.a JOIN links g ON f.b = g.a AND g.b = e.a) "
                "+ (SELECT count(*) FROM mutual)"
            ),
        },
        floor=("hops", "trails-4", "links.bin"),
    ),
)
