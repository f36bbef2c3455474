"""Questions about statements with qualifiers: one type a relation, one role a qualifier."""

from __future__ import annotations

from peers.workloads.workload import Workload

STATEMENTS = (
    Workload(
        name="two-qualifiers",
        title="nominations with a work and a subject bound",
        graph="wd50k",
        texts={
            "grism": "MATCH (s:P1411)-[:P1686]->(), (s)-[:P805]->() RETURN count(*)",
            "cypher": (
                "MATCH (s:statement)-[q:binds]->(:Entity), (s)-[r:binds]->(:Entity) "
                "WHERE s.relation = 'P1411' AND q.role = 'P1686' AND r.role = 'P805' RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM statement s JOIN incidence q ON q.statement = s.id AND q.role = 'P1686' "
                "JOIN incidence r ON r.statement = s.id AND r.role = 'P805' WHERE s.relation = 'P1411'"
            ),
        },
        known=1_696,
    ),
    Workload(
        name="through-qualifier",
        title="nominated for a work that casts the nominee",
        graph="wd50k",
        texts={
            "grism": (
                "MATCH (x)<-[:subject]-(:P1411)-[:P1686]->(w)<-[:subject]-(:P161)-[:object]->(x) RETURN count(*)"
            ),
            "cypher": (
                "MATCH (x:Entity)<-[s:binds]-(n:statement)-[q:binds]->(w:Entity)<-[t:binds]-(c:statement)"
                "-[o:binds]->(x) WHERE n.relation = 'P1411' AND c.relation = 'P161' AND s.role = 'subject' "
                "AND q.role = 'P1686' AND t.role = 'subject' AND o.role = 'object' RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM statement n JOIN incidence s ON s.statement = n.id AND s.role = 'subject' "
                "JOIN incidence q ON q.statement = n.id AND q.role = 'P1686' "
                "JOIN incidence t ON t.entity = q.entity AND t.role = 'subject' "
                "JOIN statement c ON c.id = t.statement AND c.relation = 'P161' "
                "JOIN incidence o ON o.statement = c.id AND o.role = 'object' AND o.entity = s.entity "
                "WHERE n.relation = 'P1411'"
            ),
        },
        known=71,
    ),
    Workload(
        name="any-relation",
        title="entities that share a statement with one, any relation and any role",
        graph="wd50k",
        texts={
            "grism": (
                "MATCH (e:Entity {id: 'Q103916'})<-[r]-(s)-[q]->(o:Entity) WHERE o <> e RETURN count(DISTINCT o)"
            ),
            "cypher": (
                "MATCH (e:Entity {id: 'Q103916'})<-[r:binds]-(s:statement)-[q:binds]->(o:Entity) "
                "WHERE o.id <> e.id RETURN count(DISTINCT o.id)"
            ),
            "sql": (
                "SELECT count(DISTINCT o.entity) FROM incidence e JOIN incidence o USING (statement) "
                "WHERE e.entity = 'Q103916' AND o.entity <> e.entity"
            ),
        },
        known=524,
    ),
    Workload(
        name="subject-and-qualifier",
        title="subjects of a statement that qualify one",
        graph="wd50k",
        texts={
            "grism": (
                "MATCH (s)-[:subject]->() MATCH (s)-[r]->(e) WHERE NOT type(r) IN ['subject', 'object'] "
                "WITH DISTINCT e MATCH (e)<-[:subject]-(t) RETURN count(DISTINCT e)"
            ),
            "cypher": (
                "MATCH (s:statement)-[r:binds]->(e:Entity)<-[q:binds]-(t:statement) WHERE r.role <> 'subject' "
                "AND r.role <> 'object' AND q.role = 'subject' RETURN count(DISTINCT e.id)"
            ),
            "sql": (
                "SELECT count(DISTINCT entity) FROM incidence r JOIN incidence q USING (entity) "
                "WHERE r.role NOT IN ('subject', 'object') AND q.role = 'subject'"
            ),
        },
        known=2_831,
    ),
    Workload(
        name="no-role",
        title="casts without a character",
        graph="wd50k",
        texts={
            "grism": "MATCH (s:P161) WHERE NOT (s)-[:P453]->() RETURN count(*)",
            "cypher": (
                "MATCH (s:statement) WHERE s.relation = 'P161' "
                "AND NOT EXISTS { MATCH (s)-[r:binds]->(:Entity) WHERE r.role = 'P453' } RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM statement WHERE relation = 'P161' "
                "AND NOT EXISTS (FROM incidence WHERE statement = statement.id AND role = 'P453')"
            ),
        },
        known=11_063,
    ),
    Workload(
        name="many-valued",
        title="awards with two winners or more",
        graph="wd50k",
        texts={
            "grism": "MATCH (s:P166)-[:P1346]->(w) WITH s, count(w) AS n WHERE n >= 2 RETURN count(*)",
            "cypher": (
                "MATCH (s:statement)-[r:binds]->(w:Entity) WHERE s.relation = 'P166' AND r.role = 'P1346' "
                "WITH s, count(w) AS n WHERE n >= 2 RETURN count(*)"
            ),
            "sql": (
                "SELECT count(*) FROM (SELECT s.id FROM statement s JOIN incidence r ON r.statement = s.id "
                "WHERE s.relation = 'P166' AND r.role = 'P1346' GROUP BY s.id HAVING count(*) >= 2)"
            ),
        },
        known=326,
    ),
    Workload(
        name="relations",
        title="the 10 relations with most qualifiers",
        graph="wd50k",
        texts={
            "grism": (
                "MATCH (s)-[r]->(e:Entity) WHERE NOT type(r) IN ['subject', 'object'] "
                "RETURN type(s), count(*) AS n ORDER BY n DESC, type(s) LIMIT 10"
            ),
            "cypher": (
                "MATCH (s:statement)-[r:binds]->(e:Entity) WHERE r.role <> 'subject' AND r.role <> 'object' "
                "RETURN s.relation, count(*) AS n ORDER BY n DESC, s.relation LIMIT 10"
            ),
            "sql": (
                "SELECT relation, count(*) AS n FROM incidence r JOIN statement s ON s.id = r.statement "
                "WHERE role NOT IN ('subject', 'object') GROUP BY relation ORDER BY n DESC, relation LIMIT 10"
            ),
        },
    ),
)
