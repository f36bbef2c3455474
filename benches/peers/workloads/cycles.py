"""Counts of closed patterns over the links between pages."""

from __future__ import annotations

from peers.workloads.workload import Workload

CYCLES = (
    Workload(
        name="triangles",
        title="triangles a to b to c and a to c",
        graph="power",
        texts={
            "cypher": "MATCH (a:page)-[:links]->(b:page)-[:links]->(c:page), (a)-[:links]->(c) RETURN count(*)",
            "sql": ("SELECT count(*) FROM links e JOIN links f ON e.b = f.a JOIN links g ON g.a = e.a AND g.b = f.b"),
        },
        floor=("cycles", "triangles", "links.bin"),
    ),
    Workload(
        name="cycles-3",
        title="cycles of 3 edges",
        graph="power",
        texts={
            "cypher": "MATCH (a:page)-[:links]->(b:page)-[:links]->(c:page)-[:links]->(a) RETURN count(*)",
            "sql": ("SELECT count(*) FROM links e JOIN links f ON e.b = f.a JOIN links g ON f.b = g.a AND g.b = e.a"),
        },
        floor=("cycles", "cycles-3", "links.bin"),
    ),
    Workload(
        name="squares",
        title="cycles of 4 edges through 4 pages",
        graph="power",
        texts={
            "cypher": (
                "MATCH (a:page)-[:links]->(b:page)-[:links]->(c:page)-[:links]->(d:page)-[:links]->(a) "
                "WHERE a.id <> c.id AND b.id <> d.id RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM links e JOIN links f ON e.b = f.a JOIN links g ON f.b = g.a "
                "JOIN links h ON g.b = h.a AND h.b = e.a WHERE e.a <> g.a AND f.a <> h.a"
            ),
        },
        by_hand={
            # Walks of two there times walks of two back, less those through the same page.
            "igraph": (
                "[int(two.multiply(two.T).sum() - (mutual * (mutual - 1)).sum()) "
                "for links in [g.get_adjacency_sparse()] for walks in [links @ links] "
                "for two in [walks - scipy.sparse.diags(walks.diagonal())] "
                "for mutual in [np.asarray(links.multiply(links.T).sum(axis=1))]][0]"
            ),
        },
        floor=("cycles", "squares", "links.bin"),
    ),
    Workload(
        name="cliques-4",
        title="4 pages of which each links to all later ones",
        graph="power",
        texts={
            "cypher": (
                "MATCH (a:page)-[:links]->(b:page)-[:links]->(c:page)-[:links]->(d:page), "
                "(a)-[:links]->(c), (a)-[:links]->(d), (b)-[:links]->(d) RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM links ab JOIN links bc ON bc.a = ab.b "
                "JOIN links ac ON ac.a = ab.a AND ac.b = bc.b "
                "JOIN links cd ON cd.a = bc.b JOIN links ad ON ad.a = ab.a AND ad.b = cd.b "
                "JOIN links bd ON bd.a = ab.b AND bd.b = cd.b"
            ),
        },
        floor=("cycles", "cliques-4", "links.bin"),
    ),
)
