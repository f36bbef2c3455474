"""Installs the newest wheel in a bare virtual environment, and runs README's first block and ``grism`` with it.

``make wheel`` runs it behind the build. It fails where the block takes more than 15 s, where the wheel needs anything
that a bare environment has not, or where the command is missing.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_SECONDS = 15


def first_block() -> str:
    """The first block of Python in README.md."""
    return (ROOT / "README.md").read_text(encoding="utf-8").split("```python\n", 1)[1].split("```", 1)[0]


def run(*command: str | Path, directory: Path) -> str:
    """What the command prints; a failure ends the check."""
    done = subprocess.run(list(command), cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    """Checks the wheel that was built last, or the one that is named."""
    built = sorted((ROOT / "target" / "wheels").glob("*.whl"), key=lambda path: path.stat().st_mtime)
    wheels = [Path(argument).resolve() for argument in sys.argv[1:]] or built
    if not wheels:
        sys.exit("there is no wheel in target/wheels: make wheel builds one")
    wheel = wheels[-1]
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        run(sys.executable, "-m", "venv", directory / "venv", directory=directory)
        programs = directory / "venv" / "bin"
        run(programs / "pip", "install", "--quiet", "--no-index", wheel, directory=directory)
        (directory / "examples").symlink_to(ROOT / "examples")
        started = time.monotonic()
        shown = run(programs / "python", "-c", first_block(), directory=directory)
        seconds = time.monotonic() - started
        query = "MATCH (f:FLIGHT) RETURN count(*) AS flights"
        counted = run(programs / "grism", "query", "flights.grism", query, "--format", "csv", directory=directory)
    print(shown, end="")
    print(
        f"{wheel.name}: {wheel.stat().st_size / 1e6:.0f} MB, README's first block in {seconds:.1f} s, then {counted!r}"
    )
    if seconds > MOST_SECONDS:
        sys.exit(f"README's first block takes {seconds:.1f} s, more than {MOST_SECONDS}")


if __name__ == "__main__":
    main()
