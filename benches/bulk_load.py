"""Bulk loads beside Kuzu and DuckDB: people who know each other, and the flights.

Each engine loads in a process of its own, from CSV files, with its defaults; times are those of the loads, memory is
the peak of the process.

    python benches/bulk_load.py --nodes 1000000 --edges 10000000
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def main() -> None:
    """Runs every engine, each in a process of its own, and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--edges", type=int, default=10_000_000)
    parser.add_argument("--engine", choices=ENGINES, help="run this one here, in --directory")
    parser.add_argument("--directory", type=Path)
    arguments = parser.parse_args()
    if arguments.engine:
        times = {"grism": grism, "kuzu": kuzu, "duckdb": duckdb}[arguments.engine](arguments.directory)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"times": times, "peak": peak}))
        return
    with tempfile.TemporaryDirectory() as directory:
        generate(Path(directory), arguments.nodes, arguments.edges)
        print(f"{arguments.nodes:,} nodes with a key, {arguments.edges:,} binary edges; 336,776 flights")
        for engine in ENGINES:
            command = [sys.executable, __file__, "--engine", engine, "--directory", directory]
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            if run.returncode != 0:
                print(f"{engine:>8}: {run.stderr.strip().splitlines()[-1]}")
                continue
            found = json.loads(run.stdout.splitlines()[-1])
            parts = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in found["times"].items())
            print(f"{engine:>8}: {parts}; peak {found['peak']:.0f} MB")


if __name__ == "__main__":
    main()
