"""The program ``grism`` of the package: the command, which the extension holds."""

from __future__ import annotations

import os
import signal
import sys

from grism_ray import _native


def main(words: list[str] | None = None) -> int:
    """Runs the command with ``words``, by default the program's arguments, and returns its exit status."""
    # The command listens for Ctrl-C itself where it has something to stop; elsewhere Ctrl-C ends the program.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # What drives Ray is this Python, whichever the path finds first.
    os.environ.setdefault("GRISM_PYTHON", sys.executable)
    return _native.command(["grism", *(sys.argv[1:] if words is None else words)])


if __name__ == "__main__":
    sys.exit(main())
