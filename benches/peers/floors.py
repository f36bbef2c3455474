"""The floors: programs in C and C++ over arrays, built where there is a compiler."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from peers.runner import Cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from peers.workloads import Workload

SOURCES = Path(__file__).parents[1] / "floors"
COMPILERS = {".c": ("cc", "-std=gnu11"), ".cpp": ("c++", "-std=c++17")}
COLUMN = "floor"


def build(directory: Path) -> set[str]:
    """Compiles the programs into a directory; the names of those that there is a compiler for."""
    built = set()
    for source in sorted(SOURCES.iterdir()):
        if source.suffix not in COMPILERS:
            continue
        compiler, standard = COMPILERS[source.suffix]
        if shutil.which(compiler) is None:
            print(f"{source.name}: no {compiler} on this machine, so its floors are left out")
            continue
        command = [compiler, standard, "-O3", "-march=native", "-o", str(directory / source.stem), str(source)]
        subprocess.run(command, check=True)
        built.add(source.stem)
    return built


def measure(programs: Path, data: Path, workload: Workload, runs: int, seconds: float) -> Cell:
    """Runs the program of a workload."""
    program, task, pairs = workload.floor
    command: Sequence[str] = [str(programs / program), task, str(data / workload.graph / pairs), str(runs)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        return Cell(workload.name, COLUMN, error=str(error))
    return Cell(workload.name, COLUMN, **json.loads(run.stdout))
