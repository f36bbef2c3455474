"""Plants faults by hand in named functions, one at a time, and runs the unit tests of the crate, which must catch each.

    python benches/mutants.py                        all of them
    python benches/mutants.py --crate grism-logical  those of one crate
    python benches/mutants.py choose                 those of functions whose names hold a text

``mutants.toml`` lists them. A file is put back whatever happens, and one with changes that are not committed is left
alone. Each fault compiles its crate again, and the first one of a crate what the crate depends on, with the features
that it alone asks for: so this is not a part of ``make test``.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Mutant:
    """One fault: in the function ``function`` of ``file``, ``original`` becomes ``planted``.

    ``tests`` is a part of the names of the unit tests of ``crate`` that are run, one of which must fail.
    """

    crate: str
    file: str
    function: str
    original: str
    planted: str
    tests: str

    @property
    def path(self) -> Path:
        """Where the file is."""
        return ROOT / "crates" / self.crate / self.file

    @property
    def name(self) -> str:
        """The function, with its place."""
        return f"{self.crate}/{self.file} {self.function}"

    def source(self) -> str:
        """The file with the fault; a ``ValueError`` unless the original text is in the function exactly once."""
        whole = self.path.read_text(encoding="utf-8")
        start = re.search(rf"^( *)(?:pub(?:\([^)]*\))? )?(?:async |const )*fn {self.function}\b", whole, re.M)
        if start is None:
            message = f"{self.name}: the function does not exist"
            raise ValueError(message)
        end = whole.index(f"\n{start.group(1)}}}\n", start.end())
        body = whole[start.start() : end]
        if body.count(self.original) != 1:
            message = f"{self.name}: {self.original!r} is there {body.count(self.original)} times"
            raise ValueError(message)
        return whole[: start.start()] + body.replace(self.original, self.planted) + whole[end:]


def mutants() -> list[Mutant]:
    """All of them."""
    listed = tomllib.loads((ROOT / "benches" / "mutants.toml").read_text(encoding="utf-8"))
    return [Mutant(**mutant) for mutant in listed["mutants"]]


def is_caught(mutant: Mutant) -> bool:
    """Whether a unit test fails with the fault; a ``ValueError`` for a fault that does not compile."""
    original = mutant.path.read_text(encoding="utf-8")
    test = ["cargo", "test", "--locked", "--quiet", "-p", mutant.crate, "--lib"]
    mutant.path.write_text(mutant.source(), encoding="utf-8")
    try:
        built = subprocess.run([*test, "--no-run"], cwd=ROOT, capture_output=True, text=True, check=False)
        if built.returncode != 0:
            message = f"{mutant.name}: the fault does not compile\n{built.stderr[-2000:]}"
            raise ValueError(message)
        ran = subprocess.run([*test, mutant.tests], cwd=ROOT, capture_output=True, text=True, check=False)
        if " 0 passed; 0 failed" in ran.stdout:
            message = f"{mutant.name}: no test has {mutant.tests!r} in its name"
            raise ValueError(message)
        return ran.returncode != 0
    finally:
        mutant.path.write_text(original, encoding="utf-8")


def main() -> None:
    """Tries the mutants that are asked for, and fails where one is not caught."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("function", nargs="?", default="", help="only functions whose names hold this text")
    parser.add_argument("--crate", help="only functions of this crate")
    arguments = parser.parse_args()
    wanted = [
        mutant
        for mutant in mutants()
        if arguments.function in mutant.function and arguments.crate in (None, mutant.crate)
    ]
    if not wanted:
        sys.exit("no mutant is of that crate and function")
    changed = subprocess.run(
        ["git", "diff", "--name-only", "HEAD", "--", *(mutant.path for mutant in wanted)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if changed:
        sys.exit(f"commit these first, since faults are planted in them:\n{changed}")
    missed = 0
    for mutant in wanted:
        started = time.monotonic()
        caught = is_caught(mutant)
        missed += not caught
        result = "caught" if caught else "MISSED"
        print(f"{result}  {mutant.name}  {time.monotonic() - started:.0f} s", flush=True)
    print(f"{len(wanted) - missed} of {len(wanted)} are caught")
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
