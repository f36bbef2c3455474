"""Flights grouped by one to three of their roles, and flights that share a member.

NeuG has no null: what is empty in a file it reads as 0 or as an empty text, so it cannot answer where that counts.
"""

from __future__ import annotations

from peers.workloads.workload import Workload

GROUPINGS = (
    Workload(
        name="by-one-role",
        title="long flights by airline",
        graph="flights",
        texts={
            "cypher": (
                "MATCH (f:FLIGHT)-[:carrier]->(a:Airline) WHERE f.distance > 1000 "
                "RETURN a.name, count(*) AS n ORDER BY n DESC, a.name LIMIT 5"
            ),
            "sql": (
                "SELECT name, count(*) AS n FROM flights JOIN airlines USING (carrier) WHERE distance > 1000 "
                "GROUP BY name ORDER BY n DESC, name LIMIT 5"
            ),
        },
    ),
    Workload(
        name="by-two-roles",
        title="flights by origin and destination",
        graph="flights",
        texts={
            "cypher": (
                "MATCH (o:Airport)<-[:origin]-(f:FLIGHT)-[:dest]->(d:Airport) "
                "RETURN o.faa, d.faa, count(*) AS n ORDER BY n DESC, o.faa, d.faa LIMIT 5"
            ),
            "sql": (
                "SELECT origin, dest, count(*) AS n FROM flights GROUP BY origin, dest "
                "ORDER BY n DESC, origin, dest LIMIT 5"
            ),
        },
    ),
    Workload(
        name="by-three-roles",
        title="flights and their delay by carrier, origin and destination",
        graph="flights",
        texts={
            "cypher": (
                "MATCH (f:FLIGHT)-[:carrier]->(a:Airline), (f)-[:origin]->(o:Airport), (f)-[:dest]->(d:Airport) "
                "RETURN a.carrier, o.faa, d.faa, count(*) AS n, avg(f.arr_delay) "
                "ORDER BY n DESC, a.carrier, o.faa, d.faa LIMIT 10"
            ),
            "neug": "",
            "sql": (
                "SELECT carrier, origin, dest, count(*) AS n, avg(arr_delay) FROM flights GROUP BY ALL "
                "ORDER BY n DESC, carrier, origin, dest LIMIT 10"
            ),
        },
    ),
    Workload(
        name="by-property",
        title="delay by manufacturer of the plane",
        graph="flights",
        texts={
            "cypher": (
                "MATCH (f:FLIGHT)-[:plane]->(p:Aircraft) WHERE p.manufacturer IS NOT NULL "
                "RETURN p.manufacturer, avg(f.arr_delay), count(*) AS n ORDER BY n DESC, p.manufacturer LIMIT 5"
            ),
            "neug": "",
            "sql": (
                "SELECT manufacturer, avg(arr_delay), count(*) AS n FROM flights JOIN planes ON tailnum = plane "
                "WHERE manufacturer IS NOT NULL GROUP BY manufacturer ORDER BY n DESC, manufacturer LIMIT 5"
            ),
        },
    ),
    Workload(
        name="star-of-three",
        title="flights of one carrier between two airports in a month",
        graph="flights",
        texts={
            "cypher": (
                "MATCH (f:FLIGHT)-[:carrier]->(a:Airline), (f)-[:origin]->(o:Airport), (f)-[:dest]->(d:Airport) "
                "WHERE a.carrier = 'DL' AND o.faa = 'JFK' AND d.faa = 'LAX' AND f.month = 7 "
                "RETURN count(*), avg(f.arr_delay)"
            ),
            "sql": (
                "SELECT count(*), avg(arr_delay) FROM flights "
                "WHERE carrier = 'DL' AND origin = 'JFK' AND dest = 'LAX' AND month = 7"
            ),
        },
    ),
    Workload(
        name="same-plane",
        title="pairs of carriers that flew the same plane",
        graph="flights",
        texts={
            "cypher": (
                "MATCH (a:Airline)<-[:carrier]-(f:FLIGHT)-[:plane]->(p:Aircraft)<-[:plane]-(g:FLIGHT)"
                "-[:carrier]->(b:Airline) WHERE a.carrier < b.carrier "
                "RETURN a.carrier, b.carrier, count(DISTINCT p.tailnum)"
            ),
            "grism": (
                "MATCH (a:Airline)<-[:carrier]-(f:FLIGHT)-[:plane]->(p:Aircraft)<-[:plane]-(g:FLIGHT)"
                "-[:carrier]->(b:Airline) WHERE a.carrier < b.carrier RETURN a.carrier, b.carrier, count(DISTINCT p)"
            ),
            "sql": (
                "SELECT f.carrier, g.carrier, count(DISTINCT f.plane) FROM flights f JOIN flights g "
                "ON f.plane = g.plane AND f.carrier < g.carrier GROUP BY ALL"
            ),
        },
        by_hand={
            "duckdb": (
                "WITH flown AS (SELECT DISTINCT carrier, plane FROM flights) "
                "SELECT f.carrier, g.carrier, count(*) FROM flown f JOIN flown g "
                "ON f.plane = g.plane AND f.carrier < g.carrier GROUP BY ALL"
            ),
            "kuzu": (
                "MATCH (a:Airline)<-[:carrier]-(f:FLIGHT)-[:plane]->(p:Aircraft) WITH DISTINCT a.carrier AS one, p "
                "MATCH (p)<-[:plane]-(g:FLIGHT)-[:carrier]->(b:Airline) WITH DISTINCT one, p, b.carrier AS other "
                "WHERE one < other RETURN one, other, count(*)"
            ),
        },
    ),
)
