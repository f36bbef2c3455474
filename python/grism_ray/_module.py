"""Which extension module is behind the package: ``grism_ray._native``, or one with more operators in its place.

Such a module is built on Grism's crates and calls ``grism_python::install``. A program imports it before ``grism_ray``;
in a process that Grism starts, the environment variable ``GRISM_MODULE`` names it.
"""

from __future__ import annotations

import importlib
import os
import sys

VARIABLE = "GRISM_MODULE"
NATIVE = "grism_ray._native"


def module_name() -> str | None:
    """The module that is in the place of the package's own extension; ``None`` where that is used."""
    name: str = sys.modules[NATIVE].__name__
    return None if name == NATIVE else name


def _load(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        message = f"the module `{name}`, which {VARIABLE} or worker_module names, cannot be imported: {error}"
        raise ImportError(message) from error
    if sys.modules.get(NATIVE) is not module:
        message = f"the module `{name}` is not an extension built on Grism's crates: it does not call install()"
        raise ImportError(message)


if os.environ.get(VARIABLE) and NATIVE not in sys.modules:
    _load(os.environ[VARIABLE])
