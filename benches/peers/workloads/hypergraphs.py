"""Questions about teams that share members."""

from __future__ import annotations

from peers.workloads.workload import Workload


def _sharing(least: int) -> Workload:
    """Pairs of teams with so many members in common."""
    cypher = (
        "MATCH (m:team)-[:member]->(x:item)<-[:member]-(n:team) WHERE m.id < n.id "
        f"WITH m, n, count(*) AS shared WHERE shared >= {least} RETURN count(*)"
    )
    return Workload(
        name=f"share-{least}",
        title=f"pairs of teams that share at least {least} member{'s' if least > 1 else ''}",
        graph="teams",
        texts={
            "cypher": cypher,
            "sql": (
                "SELECT count(*) FROM (SELECT m.id, n.id FROM member m JOIN member n "
                f"ON m.item = n.item AND m.id < n.id GROUP BY m.id, n.id HAVING count(*) >= {least})"
            ),
            "xgi": f"xgi.to_line_graph(h, s={least}).number_of_edges()",
        },
        floor=("line_graph", f"share-{least}", "member.bin"),
    )


HYPERGRAPHS = (
    _sharing(1),
    _sharing(2),
    _sharing(3),
    Workload(
        name="co-members",
        title="pairs of members of one team, count",
        graph="big-teams",
        texts={
            "grism": "MATCH (a:item)<-[:member]-(t:team)-[:member]->(b:item) RETURN count(*)",
            "cypher": "MATCH (a:item)<-[:member]-(t:team)-[:member]->(b:item) WHERE a.id <> b.id RETURN count(*)",
            "sql": "SELECT count(*) FROM member m JOIN member n ON m.id = n.id AND m.item <> n.item",
        },
        by_hand={"duckdb": "SELECT sum(n * (n - 1)) FROM (SELECT count(*) AS n FROM member GROUP BY id)"},
        floor=("line_graph", "co-members", "member.bin"),
    ),
    Workload(
        name="top-co-members",
        title="the 10 items most often in a team with one",
        graph="big-teams",
        texts={
            "cypher": (
                "MATCH (a:item {id: $item})<-[:member]-(t:team)-[:member]->(b:item) WHERE b.id <> a.id "
                "RETURN b.id, count(*) AS n ORDER BY n DESC, b.id LIMIT 10"
            ),
            "sql": (
                "SELECT n.item, count(*) AS times FROM member m JOIN member n ON m.id = n.id AND n.item <> m.item "
                "WHERE m.item = $item GROUP BY n.item ORDER BY times DESC, n.item LIMIT 10"
            ),
            "xgi": (
                "sorted(((b, n) for found in [__import__('collections').Counter("
                "b for t in h.nodes.memberships(item) for b in h.edges.members(t) if b != item)] "
                "for b, n in found.items()), key=lambda pair: (-pair[1], pair[0]))[:10]"
            ),
        },
    ),
    Workload(
        name="shared-teams",
        title="the 10 pairs of items with the most teams in common",
        graph="teams",
        texts={
            "cypher": (
                "MATCH (a:item)<-[:member]-(t:team)-[:member]->(b:item) WHERE a.id < b.id "
                "RETURN a.id, b.id, count(*) AS n ORDER BY n DESC, a.id, b.id LIMIT 10"
            ),
            "sql": (
                "SELECT m.item AS one, n.item AS other, count(*) AS times FROM member m JOIN member n "
                "ON m.id = n.id AND m.item < n.item GROUP BY ALL ORDER BY times DESC, one, other LIMIT 10"
            ),
        },
    ),
    Workload(
        name="components",
        title="components of the hypergraph and the items of the largest",
        graph="big-teams",
        texts={
            "grism": (
                "MATCH ANY SHORTEST (a:item) ((x:item)<-[:member]-(t:team)-[:member]->(y:item))* (b:item) "
                "WITH a, min(b.id) AS component WITH component, count(*) AS n RETURN count(*), max(n)"
            ),
            "kuzu": (
                "CALL weakly_connected_components('everything') WITH group_id, sum(CASE WHEN label(node) = 'item' "
                "THEN 1 ELSE 0 END) AS n RETURN count(*), max(n)"
            ),
            "sql": (
                "WITH RECURSIVE component(item, least) USING KEY (item) AS ("
                "SELECT id, id FROM item UNION "
                "SELECT n.item, min(c.least) FROM component c JOIN member m ON m.item = c.item "
                "JOIN member n ON n.id = m.id JOIN recurring.component r ON r.item = n.item "
                "WHERE c.least < r.least GROUP BY n.item) "
                "SELECT count(*), max(n) FROM (SELECT count(*) AS n FROM component GROUP BY least)"
            ),
            "igraph": (
                "[(len(found), max(found)) for parts in [g.connected_components()] "
                "for found in [[sum(v < items for v in part) for part in parts]]]"
            ),
            "xgi": "[(len(parts), max(map(len, parts))) for parts in [list(xgi.connected_components(h))]]",
        },
        floor=("line_graph", "components", "member.bin"),
    ),
    Workload(
        name="k-core",
        title="the greatest k of a core, of the graph of items and teams",
        graph="big-teams",
        texts={
            "kuzu": "CALL k_core_decomposition('everything') RETURN max(k_degree)",
            "igraph": "max(g.coreness())",
        },
    ),
)
