"""Functions of the user's, in Python, that queries call."""

from __future__ import annotations

import importlib.util
import inspect
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_type_hints

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

Over = Literal["values", "arrow"]
"""Whether a function is called for the values of each row, or for arrays of many rows."""

ENTRY_POINTS = "grism_ray.udfs"
"""The group of entry points whose objects are functions made with ``udf``, or modules that hold some."""


@dataclass(frozen=True)
class UserFunction:
    """A function that queries call by its name. It is still called from Python as it was."""

    function: Callable[..., Any]
    """What is called."""
    name: str
    """Its name in queries; a ``.`` separates a namespace."""
    parameters: list[tuple[str, Any]]
    """The names and the types of its arguments."""
    returns: Any
    """The type of its value."""
    over: Over
    """What it is called with."""
    volatile: bool
    """Whether equal arguments may give other values."""
    description: str
    """What it gives: the first paragraph of its docstring."""

    def __call__(self, *arguments: Any) -> Any:
        """Calls the function from Python."""
        return self.function(*arguments)


def udf(
    *,
    returns: Any,
    name: str | None = None,
    parameters: dict[str, Any] | None = None,
    over: Over = "values",
    volatile: bool = False,
) -> Callable[[Callable[..., Any]], UserFunction]:
    """Makes a Python function one that queries call, once it is registered with a graph.

    For instance::

        @gr.udf(returns=float, name="geo.celsius")
        def celsius(fahrenheit: float) -> float:
            return (fahrenheit - 32) / 1.8

        hg.register_functions(celsius)
        hg.query("MATCH (c:City) RETURN c.name, geo.celsius(c.temperature)")

    Types are ``bool``, ``int``, ``float``, ``str``, ``datetime.date``, ``list[...]`` of these, names such as
    ``"Int64"`` or ``"List<String>"``, or ``"Any"``. Those of arguments are annotations, or ``parameters``; an argument
    without either takes any value. Null is passed as ``None``.

    With ``over="arrow"`` it is called with a ``pyarrow`` array for each argument and returns an array of as many
    values, of the Arrow type of ``returns``. A function that is not ``volatile`` may be called once for equal
    arguments.

    Raises ``TypeError`` for a function with keyword-only or variable arguments.
    """

    def made(function: Callable[..., Any]) -> UserFunction:
        hints = get_type_hints(function)
        taken = []
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                message = f"{function.__name__}(): a query passes arguments by position, and `{parameter}` takes none"
                raise TypeError(message)
            own = (parameters or {}).get(parameter.name, hints.get(parameter.name, "Any"))
            taken.append((parameter.name, "Any" if own is Any else own))
        description = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ")
        return UserFunction(
            function=function,
            name=name or function.__name__,
            parameters=taken,
            returns=returns,
            over=over,
            volatile=volatile,
            description=description,
        )

    return made


def discovered(folder: str | os.PathLike[str] | None = None) -> list[UserFunction]:
    """The functions made with ``udf`` in the Python files of a folder; without one, those of installed packages.

    Packages name theirs as entry points of the group ``grism_ray.udfs``. A file is run, as an import runs it.
    """
    if folder is None:
        found = [entry.load() for entry in entry_points(group=ENTRY_POINTS)]
    else:
        found = [_module(path) for path in sorted(Path(folder).glob("*.py"))]
    functions = []
    for own in found:
        held = [own] if isinstance(own, UserFunction) else vars(own).values()
        functions += [function for function in held if isinstance(function, UserFunction)]
    return functions


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        message = f"{path} is no Python file"
        raise ImportError(message)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
