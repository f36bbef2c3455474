"""Bulk loads beside Kuzu and DuckDB.

`social` are people who know each other, and the flights; `study` are 100,000 persons, 2.4 million follows, cities and
interests; `wd50k` are the statements of Wikidata in ../shared/data/wd50k, a hyperedge type for each of 487 relations.

Each engine loads in a process of its own, with its defaults; times are those of the loads, memory is the peak of the
process. Of several `--runs` the least times count.

    python benches/bulk_load.py --nodes 1000000 --edges 10000000
    python benches/bulk_load.py --data study
    python benches/bulk_load.py --data wd50k
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from grism_ray.many import HyperedgeSource, Sources

ENGINES = ("grism", "kuzu", "duckdb")
FLIGHT_NODES = {"Airline": ("airlines", "carrier"), "Airport": ("airports", "faa"), "Plane": ("planes", "tailnum")}
DATA = Path(__file__).parent.parent / "examples" / "data"


def generate(directory: Path, nodes: int, edges: int) -> None:
    """Writes people.csv and knows.csv."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv as pc

    random = np.random.default_rng(7)
    people = pa.table({"id": np.arange(nodes), "name": pa.array([f"person {i}" for i in range(nodes)])})
    pc.write_csv(people, directory / "people.csv", pc.WriteOptions(quoting_style="none"))
    ends = {name: random.integers(0, nodes, edges) for name in ("a", "b")}
    pc.write_csv(pa.table({**ends, "since": random.integers(1990, 2026, edges)}), directory / "knows.csv")
    number_flights(directory)


def number_flights(directory: Path) -> None:
    """Writes the flights as Kuzu needs them: with a key, and with a row for every airport and plane that one names."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    flights = pq.read_table(DATA / "flights.parquet")
    named = {"airlines": ("carrier",), "airports": ("origin", "dest"), "planes": ("tailnum",)}
    for file, key in FLIGHT_NODES.values():
        table = pq.read_table(DATA / f"{file}.parquet")
        keys = pa.concat_arrays([flights[name].combine_chunks() for name in named[file]]).unique().drop_null()
        missing = keys.filter(pc.invert(pc.is_in(keys, table[key].combine_chunks())))
        bare = pa.table({key: missing.cast(table.schema.field(key).type)})
        pq.write_table(pa.concat_tables([table, bare], promote_options="default"), directory / f"{file}.parquet")
    flights = flights.append_column("id", pa.array(range(flights.num_rows), pa.int64()))
    pq.write_table(flights, directory / "flights.parquet")


def grism(directory: Path) -> dict[str, float]:
    """Loads with Grism."""
    import grism_ray as gr

    times = {}
    graph = gr.open(directory / "g.grism")
    begun = time.monotonic()
    graph.load_nodes("Person", directory / "people.csv", key="id")
    times["nodes"] = time.monotonic() - begun
    begun = time.monotonic()
    graph.load_hyperedges("KNOWS", directory / "knows.csv", {"source": ("Person", "a"), "target": ("Person", "b")})
    times["edges"] = time.monotonic() - begun
    begun = time.monotonic()
    flights = gr.open(directory / "f.grism")
    flights.execute("CREATE HYPEREDGE TYPE FLIGHT (carrier Airline, origin Airport, dest Airport, plane Plane?)")
    with flights.transaction() as transaction:
        for label, (file, key) in FLIGHT_NODES.items():
            transaction.load_nodes(label, DATA / f"{file}.parquet", key=key)
        roles = {"carrier": "carrier", "origin": "origin", "dest": "dest", "plane": "tailnum"}
        transaction.load_hyperedges("FLIGHT", DATA / "flights.parquet", roles, missing="create")
    times["flights"] = time.monotonic() - begun
    return times


def kuzu(directory: Path) -> dict[str, float]:
    """Loads with Kuzu; a flight becomes a node with four relationships, since it has no roles."""
    import kuzu as engine

    times = {}
    run = engine.Connection(engine.Database(str(directory / "k.kuzu"))).execute
    run("CREATE NODE TABLE Person(id INT64, name STRING, PRIMARY KEY(id))")
    run("CREATE REL TABLE KNOWS(FROM Person TO Person, since INT64)")
    begun = time.monotonic()
    run(f"COPY Person FROM '{directory}/people.csv' (HEADER=true)")
    times["nodes"] = time.monotonic() - begun
    begun = time.monotonic()
    run(f"COPY KNOWS FROM '{directory}/knows.csv' (HEADER=true)")
    times["edges"] = time.monotonic() - begun
    run = engine.Connection(engine.Database(str(directory / "f.kuzu"))).execute
    begun = time.monotonic()
    for label, (file, key) in {**FLIGHT_NODES, "Flight": ("flights", "id")}.items():
        ends = ("carrier", "origin", "dest", "tailnum") if label == "Flight" else ()
        columns = kuzu_columns(directory / f"{file}.parquet", ends)
        types = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        run(f"CREATE NODE TABLE {label}({types}, PRIMARY KEY({key}))")
        run(f"COPY {label} FROM (LOAD FROM '{directory}/{file}.parquet' RETURN {', '.join(columns)})")
    for name, column, label in (
        ("FLOWN_BY", "carrier", "Airline"),
        ("LEAVES", "origin", "Airport"),
        ("REACHES", "dest", "Airport"),
        ("FLOWN_WITH", "tailnum", "Plane"),
    ):
        run(f"CREATE REL TABLE {name}(FROM Flight TO {label})")
        rows = f"LOAD FROM '{directory}/flights.parquet' WHERE {column} IS NOT NULL RETURN id, {column}"
        run(f"COPY {name} FROM ({rows})")
    times["flights"] = time.monotonic() - begun
    return times


def kuzu_columns(file: Path, without: tuple[str, ...]) -> dict[str, str]:
    """The columns of a Parquet file with Kuzu's types."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def kind(ty: pa.DataType) -> str:
        if pa.types.is_integer(ty):
            return "INT64"
        if pa.types.is_floating(ty):
            return "DOUBLE"
        return "TIMESTAMP" if pa.types.is_temporal(ty) else "STRING"

    schema = pq.read_schema(file)
    return {field.name: kind(field.type) for field in schema if field.name not in without}


def duckdb(directory: Path) -> dict[str, float]:
    """Imports into DuckDB: tables only, without a key or adjacency."""
    import duckdb as engine

    times = {}
    run = engine.connect(str(directory / "d.duckdb")).execute
    begun = time.monotonic()
    run(f"CREATE TABLE person AS FROM '{directory}/people.csv'")
    times["nodes"] = time.monotonic() - begun
    begun = time.monotonic()
    run(f"CREATE TABLE knows AS FROM '{directory}/knows.csv'")
    run("CHECKPOINT")
    times["edges"] = time.monotonic() - begun
    begun = time.monotonic()
    for file in ("airlines", "airports", "planes", "flights"):
        run(f"CREATE TABLE {file} AS FROM '{DATA}/{file}.parquet'")
    run("CHECKPOINT")
    times["flights"] = time.monotonic() - begun
    return times


STUDY = {"person": 100_000, "city": 7_000, "interest": 2_000}
FOLLOWS, INTERESTS = 2_400_000, 270_000


def generate_study(directory: Path, factor: float = 1.0, seed: int = 7) -> dict[str, np.ndarray]:
    """Writes the tables of the study as CSV and as Parquet; ``factor`` is the part of the full size.

    Gives the columns of the follows.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    random = np.random.default_rng(seed)
    people, cities, interests = (round(factor * count) for count in STUDY.values())
    follows, interested = round(factor * FOLLOWS), round(factor * INTERESTS)

    def popular(count: int, size: int) -> np.ndarray:
        """Numbers below ``count``, the small ones more often."""
        return (count * random.random(size) ** 3).astype(np.int64)

    ends = {"a": random.integers(0, people, follows), "b": popular(people, follows)}
    # Nobody follows themself.
    ends["b"] = np.where(ends["a"] == ends["b"], (ends["b"] + 1) % people, ends["b"])
    tables = {
        "person": {"id": np.arange(people), "name": [f"person {i}" for i in range(people)]}
        | {"age": random.integers(18, 90, people)},
        "city": {"id": np.arange(cities), "name": [f"city {i}" for i in range(cities)]},
        "interest": {"id": np.arange(interests), "name": [f"interest {i}" for i in range(interests)]},
        "follows": {**ends, "since": random.integers(1990, 2026, follows)},
        "lives_in": {"a": np.arange(people), "b": popular(cities, people)},
        "has_interest": {"a": random.integers(0, people, interested), "b": popular(interests, interested)},
    }
    for name, columns in tables.items():
        table = pa.table(columns)
        pc.write_csv(table, directory / f"{name}.csv", pc.WriteOptions(quoting_style="none"))
        pq.write_table(table, directory / f"{name}.parquet")
    return ends


EDGES = {"follows": "person", "lives_in": "city", "has_interest": "interest"}


def timed(load: Callable[[], object]) -> float:
    """Seconds that a load takes."""
    begun = time.monotonic()
    load()
    return time.monotonic() - begun


def grism_study(directory: Path) -> dict[str, float]:
    """Loads the study in one call."""
    import grism_ray as gr

    times = {}
    for form in ("csv", "parquet"):
        sources: Sources = {
            "nodes": {label: {"files": directory / f"{label}.{form}", "key": "id"} for label in STUDY},
            "hyperedges": {
                name: {
                    "files": directory / f"{name}.{form}",
                    "roles": {"source": ("person", "a"), "target": (label, "b")},
                }
                for name, label in EDGES.items()
            },
        }
        times[f"{form}, memory"] = timed(partial(gr.open().load, sources))
        path = directory / f"{form}.grism"
        times[f"{form}, disk"] = timed(partial(load_into, path, sources))
    return times


def load_into(path: Path, sources: Sources) -> None:
    """Loads into a graph on disk."""
    import grism_ray as gr

    gr.open(path).load(sources)


def kuzu_study(directory: Path) -> dict[str, float]:
    """Loads the study with Kuzu's COPY."""
    import kuzu as engine

    times = {}
    for form in ("csv", "parquet"):
        run = engine.Connection(engine.Database(str(directory / f"{form}.kuzu"))).execute
        for label in STUDY:
            age = ", age INT64" if label == "person" else ""
            run(f"CREATE NODE TABLE {label}(id INT64, name STRING{age}, PRIMARY KEY(id))")
        for name, label in EDGES.items():
            since = ", since INT64" if name == "follows" else ""
            run(f"CREATE REL TABLE {name}(FROM person TO {label}{since})")
        header = " (HEADER=true)" if form == "csv" else ""

        def load(run: Callable[[str], object] = run, form: str = form, header: str = header) -> None:
            for name in (*STUDY, *EDGES):
                run(f"COPY {name} FROM '{directory}/{name}.{form}'{header}")

        times[f"{form}, disk"] = timed(load)
    return times


def duckdb_study(directory: Path) -> dict[str, float]:
    """Imports the study into DuckDB: tables only."""
    import duckdb as engine

    times = {}
    for form in ("csv", "parquet"):
        run = engine.connect(str(directory / f"{form}.duckdb")).execute

        def load(run: Callable[[str], object] = run, form: str = form) -> None:
            for name in (*STUDY, *EDGES):
                run(f"CREATE TABLE {name} AS FROM '{directory}/{name}.{form}'")
            run("CHECKPOINT")

        times[f"{form}, disk"] = timed(load)
    return times


def generate_wd50k(directory: Path) -> None:
    """Writes the statements: a file for each relation, and for the others one of statements and one of incidences."""
    import collections
    import csv

    source = Path(os.environ.get("GRISM_SHARED", Path(__file__).parents[2] / "shared")) / "data" / "wd50k" / "train.txt"
    relations: dict[str, list[list[str]]] = collections.defaultdict(list)
    entities: dict[str, None] = {}
    with source.open(newline="") as lines:
        for statement in csv.reader(lines):
            entities.update(dict.fromkeys([statement[0], *statement[2::2]]))
            relations[statement[1]].append(statement)
    with (directory / "entity.csv").open("w") as out:
        out.write("id\n" + "".join(f"{entity}\n" for entity in entities))
    number = 0
    with (directory / "statement.csv").open("w") as statements, (directory / "incidence.csv").open("w") as incidences:
        statements.write("id,relation\n")
        incidences.write("statement,entity,role\n")
        for relation, found in sorted(relations.items()):
            roles = sorted({role for line in found for role in line[3::2]})
            with (directory / f"{relation}.rel.csv").open("w") as out:
                out.write(",".join(["subject", "object", *roles]) + "\n")
                for line in found:
                    pairs = list(zip(line[3::2], line[4::2], strict=True))
                    cells = [";".join(value for own, value in pairs if own == role) for role in roles]
                    out.write(",".join([line[0], line[2], *cells]) + "\n")
                    statements.write(f"{number},{relation}\n")
                    for role, value in [("subject", line[0]), ("object", line[2]), *pairs]:
                        incidences.write(f"{number},{value},{role}\n")
                    number += 1


def wd50k_sources(directory: Path) -> tuple[dict[str, str], dict[str, HyperedgeSource]]:
    """A declaration for each relation, with a role for each qualifier, and the file of its statements."""
    types: dict[str, str] = {}
    hyperedges: dict[str, HyperedgeSource] = {}
    for file in sorted(directory.glob("*.rel.csv")):
        name = file.name.removesuffix(".rel.csv")
        with file.open() as lines:
            roles = next(lines).strip().split(",")[2:]
        types[name] = ", ".join(["subject Entity", "object Entity", *(f"{role} Entity*" for role in roles)])
        hyperedges[name] = {"files": file, "split": ";"} if roles else {"files": file}
    return types, hyperedges


def grism_wd50k(directory: Path) -> dict[str, float]:
    """Loads all statements in one call."""
    import grism_ray as gr

    types, hyperedges = wd50k_sources(directory)
    sources: Sources = {
        "types": types,
        "nodes": {"Entity": {"files": directory / "entity.csv", "key": "id"}},
        "hyperedges": hyperedges,
    }
    times = {"memory": timed(lambda: gr.open().load(sources))}
    path = directory / "g.grism"
    times["disk"] = timed(lambda: gr.open(path).load(sources))
    times["files on disk"] = sum(len(files) for _, _, files in os.walk(path))
    return times


def kuzu_wd50k(directory: Path) -> dict[str, float]:
    """Loads statements as nodes with relationships to their members, since Kuzu's have no roles."""
    import kuzu as engine

    run = engine.Connection(engine.Database(str(directory / "g.kuzu"))).execute
    run("CREATE NODE TABLE Entity(id STRING, PRIMARY KEY(id))")
    run("CREATE NODE TABLE Statement(id INT64, relation STRING, PRIMARY KEY(id))")
    run("CREATE REL TABLE BINDS(FROM Statement TO Entity, role STRING)")

    def load() -> None:
        for name, file in (("Entity", "entity"), ("Statement", "statement"), ("BINDS", "incidence")):
            run(f"COPY {name} FROM '{directory}/{file}.csv' (HEADER=true)")

    return {"disk": timed(load)}


def duckdb_wd50k(directory: Path) -> dict[str, float]:
    """Imports the statements into DuckDB: tables only."""
    import duckdb as engine

    run = engine.connect(str(directory / "g.duckdb")).execute

    def load() -> None:
        for name in ("entity", "statement", "incidence"):
            run(f"CREATE TABLE {name} AS FROM '{directory}/{name}.csv'")
        run("CHECKPOINT")

    return {"disk": timed(load)}


LOADS: dict[str, dict[str, Callable[[Path], dict[str, float]]]] = {
    "social": {"grism": grism, "kuzu": kuzu, "duckdb": duckdb},
    "study": {"grism": grism_study, "kuzu": kuzu_study, "duckdb": duckdb_study},
    "wd50k": {"grism": grism_wd50k, "kuzu": kuzu_wd50k, "duckdb": duckdb_wd50k},
}
GRAPHS = ("*.grism", "*.kuzu*", "*.duckdb*")


def main() -> None:
    """Runs every engine, each in a process of its own, and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=LOADS, default="social")
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--edges", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=1, help="of each engine; the least times count")
    parser.add_argument("--engine", choices=ENGINES, help="run this one here, in --directory")
    parser.add_argument("--directory", type=Path)
    arguments = parser.parse_args()
    if arguments.engine:
        times = LOADS[arguments.data][arguments.engine](arguments.directory)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"times": times, "peak": peak}))
        return
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        if arguments.data == "social":
            generate(directory, arguments.nodes, arguments.edges)
            print(f"{arguments.nodes:,} nodes with a key, {arguments.edges:,} binary edges; 336,776 flights")
        elif arguments.data == "study":
            generate_study(directory)
            print(f"100,000 persons, {FOLLOWS + STUDY['person'] + INTERESTS:,} binary edges of three types")
        else:
            generate_wd50k(directory)
            print("166,435 statements of 487 relations")
        for engine in ENGINES:
            runs = [measured(arguments.data, engine, directory) for _ in range(arguments.runs)]
            failed = [run for run in runs if isinstance(run, str)]
            if failed:
                print(f"{engine:>8}: {failed[0]}")
                continue
            finished: list[dict[str, float]] = [run["times"] for run in runs if not isinstance(run, str)]
            least = {part: min(run[part] for run in finished) for part in finished[0]}
            parts = ", ".join(
                f"{part} {value:.2f} s" if isinstance(value, float) else f"{value:,} {part}"
                for part, value in least.items()
            )
            peak = max(run["peak"] for run in runs if not isinstance(run, str))
            print(f"{engine:>8}: {parts}; peak {peak:.0f} MB")


def measured(data: str, engine: str, directory: Path) -> dict[str, Any] | str:
    """One run of an engine in a process of its own, or what went wrong."""
    for graph in (graph for pattern in GRAPHS for graph in directory.glob(pattern)):
        shutil.rmtree(graph) if graph.is_dir() else graph.unlink()
    command = [sys.executable, __file__, "--data", data, "--engine", engine, "--directory", str(directory)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        return run.stderr.strip().splitlines()[-1]
    return dict(json.loads(run.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
