"""Writing through the session, in bulk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pyarrow as pa

import grism_ray as gr
import shared

if TYPE_CHECKING:
    from pathlib import Path

ROWS, BATCH = 100_000, 10_000


def test_batches_of_merge_make_the_graph_that_a_load_makes(tmp_path: Path) -> None:
    rows = [{"k": k, "x": k % 7, "s": f"v{k}"} for k in range(ROWS)]
    merged = gr.open(tmp_path / "merged.grism")
    started = time.perf_counter()
    for start in range(0, ROWS, BATCH):
        merged.execute(
            "UNWIND $rows AS r MERGE (p:P {k: r.k}) ON CREATE SET p.x = r.x, p.s = r.s",
            {"rows": rows[start : start + BATCH]},
        )
    rate = ROWS / (time.perf_counter() - started)
    shared.NOTES.append(f"UNWIND … MERGE on Lance, batches of {BATCH:,}: {rate:,.0f} rows a second")
    loaded = gr.open(tmp_path / "loaded.grism")
    loaded.load_nodes("P", pa.Table.from_pylist(rows), key="k")
    everything = "MATCH (p:P) RETURN p.k AS k, p.x AS x, p.s AS s, labels(p) AS l ORDER BY k"
    assert merged.query(everything).to_arrow().equals(loaded.query(everything).to_arrow())
    # Again, half of it: nothing is created twice.
    again = merged.execute("UNWIND $rows AS r MERGE (p:P {k: r.k}) ON MATCH SET p.x = 0", {"rows": rows[:BATCH]})
    assert again.written["nodes_created"] == 0
    counted = "MATCH (p:P) RETURN count(*) AS n, count(DISTINCT p.k) AS k, sum(CASE p.x WHEN 0 THEN 1 ELSE 0 END) AS z"
    zeros = BATCH + sum(1 for row in rows[BATCH:] if row["x"] == 0)
    assert merged.query(counted).to_pylist() == [{"n": ROWS, "k": ROWS, "z": zeros}]
