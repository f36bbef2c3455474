"""Random graphs and random patterns: the naive model against the local and the staged engine.

    python benches/fuzz.py --pairs 20000 --seed 1

Prints counts for each construct, the share of answers that are not empty, the seed and the time. With ``--plant`` the
model forgets that incidences and edges are taken once, as a bug in the engine would, and a difference must show.
"""

from __future__ import annotations

import argparse
import collections
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "python" / "tests"))

import grism_ray as gr
import naive


def run(pairs: int, seed: int, *, plant: bool = False, queries: int = 25) -> int | None:
    """Checks the pairs; the number of the first one that differs, or ``None``."""
    rng = random.Random(seed)
    constructs: collections.Counter[str] = collections.Counter()
    done = filled = 0
    started = time.monotonic()
    while done < pairs:
        model = naive.random_model(rng)
        graph = gr.open()
        graph.execute(naive.DECLARATIONS)
        graph.execute(naive.create_statement(model))
        for _ in range(min(queries, pairs - done)):
            query = naive.random_query(rng, model, unique=not plant)
            # Answers that hold something say more; a share of empty ones stays.
            for _ in range(2):
                if not any(row != (0,) for row in query.answer) and rng.random() < 0.75:
                    query = naive.random_query(rng, model, unique=not plant)
            done += 1
            constructs.update(set(query.constructs))
            filled += any(row != (0,) for row in query.answer)
            for engine, settings in (("local", {}), ("staged", {"partitions": 3})):
                try:
                    rows = graph.query(query.text, engine=engine, **settings).to_pylist()
                except gr.GrismError as error:
                    print(f"pair {done} of seed {seed} fails ({engine}): {error}\n{query.text}")
                    print(naive.create_statement(model))
                    return done
                answer = collections.Counter(tuple(row.values()) for row in rows)
                if answer != query.answer:
                    print(f"pair {done} of seed {seed} differs ({engine}):\n{query.text}")
                    print(f"engine, not model: {answer - query.answer}")
                    print(f"model, not engine: {query.answer - answer}")
                    print(naive.create_statement(model))
                    return done
    seconds = time.monotonic() - started
    print(f"{done} pairs, seed {seed}: no difference, {filled / done:.0%} of the answers not empty, {seconds:.0f} s")
    for construct, count in constructs.most_common():
        print(f"  {count:6}  {construct}")
    return None


def main() -> None:
    """Reads the arguments and runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plant", action="store_true", help="plant a bug, to see that it is found")
    arguments = parser.parse_args()
    differs = run(arguments.pairs, arguments.seed, plant=arguments.plant)
    sys.exit(0 if (differs is not None) == arguments.plant else 1)


if __name__ == "__main__":
    main()
