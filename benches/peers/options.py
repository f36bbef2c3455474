"""The options that the tables of systems and those of sizes share, and names that fit patterns."""

from __future__ import annotations

import argparse
import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "performance.md"
"""Where tables are published."""


def shared() -> argparse.ArgumentParser:
    """A parent of parsers, with the options of every measurement."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--only", default="*", help="workloads or graphs by names or patterns, as `walks-*,teams`")
    parser.add_argument("--seed", type=int, default=7, help="of generated graphs and of parameters")
    parser.add_argument("--load-limit", type=float, default=300, help="seconds for a load")
    parser.add_argument("--memory-limit", type=int, metavar="MIB", help="what a query of Grism may hold")
    parser.add_argument("--directory", type=Path, default=ROOT / "target" / "peers", help="for data and results")
    parser.add_argument("--publish", action="store_true", help="write the tables into docs/performance.md")
    return parser


def chosen(patterns: str, *names: str) -> bool:
    """Whether one of the names fits one of the patterns; a system's first word is a name of it too."""
    every = [name for full in names for name in (full, full.split()[0])]
    return any(fnmatch.fnmatch(name, pattern.strip()) for pattern in patterns.split(",") for name in every)
