"""Functions of the user's, in Python, that queries call."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
import types
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from grism_ray import _native
from grism_ray.expressions import Expr, as_expr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from grism_ray.options import FunctionKind, FunctionOver, NullHandling

ENTRY_POINTS = "grism_ray.udfs"
"""The group of entry points whose objects are functions made with ``udf``, or modules that hold some."""


@dataclass(frozen=True)
class UserParameter:
    """An argument of a function."""

    name: str
    """What messages call it."""
    type: Any
    """Its type."""
    required: bool = True
    """Whether every call gives it."""


@dataclass(frozen=True)
class UserFunction:
    """A function that queries call by its name. It is still called from Python as it was.

    Called with expressions of a frame it is one: ``hg.nodes("City").select(t=celsius(gr.col("temperature")))``.
    """

    function: Callable[..., Any]
    """What is called: a function, or the class of an aggregate."""
    name: str
    """Its name in queries; a ``.`` separates a namespace."""
    parameters: list[UserParameter]
    """Its arguments."""
    kind: FunctionKind = "scalar"
    """Whether it gives a value for a row, a value for a group, or rows."""
    returns: Any = None
    """The type of its value; ``None`` for one that gives rows."""
    yields: list[tuple[str, Any]] = field(default_factory=list)
    """The names and types of the columns of its rows."""
    over: FunctionOver = "values"
    """What it is called with."""
    volatile: bool = False
    """Whether equal arguments may give other values."""
    nulls: NullHandling = "pass"
    """Whether it gets rows in which an argument is null."""
    description: str = ""
    """What it gives: the first paragraph of its docstring."""

    def __call__(self, *arguments: Any, distinct: bool = False) -> Any:
        """Calls the function from Python; with expressions it is an expression, ``distinct`` that of an aggregate."""
        if not any(isinstance(own, Expr) for own in arguments):
            return self.function(*arguments)
        natives = [as_expr(own)._native for own in arguments]
        return Expr(_native.Expression.user_function(self, natives, distinct))


def udf(
    *,
    returns: Any = None,
    kind: FunctionKind = "scalar",
    yields: Mapping[str, Any] | None = None,
    name: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    over: FunctionOver = "values",
    volatile: bool = False,
    nulls: NullHandling | None = None,
) -> Callable[[Callable[..., Any]], UserFunction]:
    """Makes a Python function one that queries call, once it is registered with a graph.

    A function of the values of a row::

        @gr.udf(returns=float, name="geo.celsius")
        def celsius(fahrenheit: float) -> float:
            return (fahrenheit - 32) / 1.8

        hg.register_functions(celsius)
        hg.query("MATCH (c:City) RETURN c.name, geo.celsius(c.temperature)")

    One of the values of a group, which stands where ``count`` may. It gets a list for each argument, or an array with
    ``over="arrow"``::

        @gr.udf(kind="aggregate", returns=float)
        def median(numbers: float) -> float:
            return statistics.median(numbers) if numbers else None

    or is a class that takes row by row. Where it has a ``merge``, which takes in another instance, threads and tasks
    aggregate what they have and instances move; without one the rows of a group move to one place::

        @gr.udf(kind="aggregate", returns=float)
        class Mean:
            def __init__(self):
                self.sum, self.count = 0.0, 0

            def accumulate(self, number: float):
                self.sum, self.count = self.sum + number, self.count + 1

            def merge(self, other):
                self.sum, self.count = self.sum + other.sum, self.count + other.count

            def finish(self):
                return self.sum / self.count if self.count else None

    One that gives rows, for ``CALL``: tuples, dicts or Arrow tables, all at once or from a generator::

        @gr.udf(kind="table", yields={"word": str, "place": int})
        def words(text: str):
            for place, word in enumerate(text.split()):
                yield word, place

        hg.query("MATCH (d:Document) CALL words(d.text) YIELD word RETURN word, count(*)")

    Types are ``bool``, ``int``, ``float``, ``str``, ``datetime.date``, ``list[...]`` of these, names such as
    ``"Int64"`` or ``"List<String>"``, or ``"Any"``. Those of arguments are annotations, or ``parameters``; an argument
    without either takes any value. Where an aggregate gets a list or an array, its argument's type is that of one
    value, which ``list[...]`` names as well. A ``returns`` that is left out is the annotation. Null is ``None``;
    aggregates do not get rows in which an argument is null, unless ``nulls="pass"``.

    With ``over="arrow"`` a scalar function is called with a ``pyarrow`` array for each argument and returns an array of
    as many values. A function that is not ``volatile`` may be called once for equal arguments.

    Raises ``TypeError`` for a function that a query cannot call: with keyword-only or variable arguments, a coroutine,
    a generator that is no table function, or a class without ``accumulate`` and ``finish``.
    """

    def made(function: Callable[..., Any]) -> UserFunction:
        own_name = getattr(function, "__name__", type(function).__name__)
        called = _called(function, kind, own_name)
        _check_options(own_name, kind, returns, yields, over, nulls)
        result = returns
        if result is None and kind != "table":
            finishes: Any = getattr(function, "finish", called)
            result = _plain(_hints(finishes).get("return"))
            if result is None or result is types.NoneType:
                message = f"{own_name}(): `returns` names the type of the value, as returns=float"
                raise TypeError(message)
        description = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ")
        return UserFunction(
            function=function,
            name=name or own_name,
            parameters=_parameters(own_name, function, kind, over, parameters or {}),
            kind=kind,
            returns=_plain(result),
            yields=[(column, _plain(own)) for column, own in (yields or {}).items()],
            over=over,
            volatile=volatile,
            nulls=nulls or ("skip" if kind == "aggregate" else "pass"),
            description=description,
        )

    return made


def _check_options(
    name: str,
    kind: FunctionKind,
    returns: Any,
    yields: Mapping[str, Any] | None,
    over: FunctionOver,
    nulls: NullHandling | None,
) -> None:
    message = None
    if kind == "table" and yields is None:
        message = f'{name}(): a table function names its columns, as yields={{"word": str}}'
    elif kind == "table" and (returns is not None or over != "values"):
        message = f"{name}(): a table function has `yields`, and neither `returns` nor `over`"
    elif kind != "table" and yields is not None:
        message = f'{name}(): only a table function yields columns: kind="table"'
    elif kind != "aggregate" and nulls is not None:
        message = f"{name}(): `nulls` is an option of aggregates; other functions get null as None"
    elif nulls not in (None, "skip", "pass"):
        message = f"{name}(): nulls={nulls!r}: rows with a null are left out by 'skip' or handed on by 'pass'"
    if message is not None:
        raise TypeError(message)


def _called(function: Callable[..., Any], kind: FunctionKind, name: str) -> Callable[..., Any]:
    """What takes the arguments: the function, or the method of the class of an aggregate."""
    called: Any = function
    if isinstance(function, type):
        if kind != "aggregate":
            message = f"{name}: a class is an aggregate: kind='aggregate'"
            raise TypeError(message)
        for method in ("accumulate", "finish"):
            if not callable(getattr(function, method, None)):
                message = f"{name}: the class of an aggregate has the methods accumulate and finish, and perhaps merge"
                raise TypeError(message)
        called = function.accumulate  # type: ignore[attr-defined]
    plain = inspect.unwrap(called)
    if inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain):
        message = f"{name}(): an `async def` is not supported as a function of a query; write a plain `def`"
        raise TypeError(message)
    if kind != "table" and inspect.isgeneratorfunction(plain):
        message = f'{name}(): a generator gives rows, not a value: kind="table", yields={{…}}'
        raise TypeError(message)
    return plain  # type: ignore[no-any-return]


def _parameters(
    name: str,
    function: Callable[..., Any],
    kind: FunctionKind,
    over: FunctionOver,
    given: Mapping[str, Any],
) -> list[UserParameter]:
    called = _called(function, kind, name)
    hints = _hints(called)
    is_method = isinstance(function, type)
    try:
        found = list(inspect.signature(called).parameters.values())[1 if is_method else 0 :]
    except ValueError:
        message = f"{name}(): its arguments are not known; write a function with named arguments that calls it"
        raise TypeError(message) from None
    taken = []
    for parameter in found:
        if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            message = f"{name}(): a query passes arguments by position, and `{parameter}` takes none"
            raise TypeError(message)
        own = given.get(parameter.name)
        if own is None:
            own = _plain(hints.get(parameter.name, "Any"))
            if kind == "aggregate" and not is_method and get_origin(own) is list:
                # The function gets a list of all values.
                own = get_args(own)[0]
        if over == "arrow" and (own == "Any" or getattr(own, "__module__", "").startswith("pyarrow")):
            message = f"{name}(): an array has a type: name that of `{parameter.name}`, as parameters={{...: float}}"
            raise TypeError(message)
        taken.append(UserParameter(parameter.name, _plain(own), parameter.default is parameter.empty))
    unknown = [own for own in given if own not in [parameter.name for parameter in found]]
    if unknown:
        message = f"{name}(): there is no parameter `{unknown[0]}`"
        raise TypeError(message)
    return taken


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of a function, as types; those that cannot be evaluated here are left out."""
    try:
        return get_type_hints(function)
    except (NameError, AttributeError, TypeError):
        pass
    known: dict[str, Any] = {}
    names = getattr(function, "__globals__", {})
    for name, hint in getattr(function, "__annotations__", {}).items():
        try:
            known[name] = eval(hint, names) if isinstance(hint, str) else hint
        except (NameError, AttributeError, TypeError):
            continue
    return known


def _plain(hint: Any) -> Any:
    """The type without ``None``; every value may be null."""
    if hint is Any:
        return "Any"
    if get_origin(hint) in (Union, types.UnionType):
        others = [own for own in get_args(hint) if own is not types.NoneType]
        return _plain(others[0]) if len(others) == 1 else "Any"
    return hint


def discovered(folder: str | os.PathLike[str] | None = None) -> list[UserFunction]:
    """The functions made with ``udf`` in the Python files of a folder; without one, those of installed packages.

    Packages name theirs as entry points of the group ``grism_ray.udfs``. A file is run, as an import runs it, and may
    import the files beside it at its top.

    Raises ``FileNotFoundError`` for a folder that does not exist, and ``ImportError``, which names the file, for one
    that does not run.
    """
    found = [entry.load() for entry in entry_points(group=ENTRY_POINTS)] if folder is None else _modules(Path(folder))
    return functions_of(*found)


def functions_of(*objects: Any) -> list[UserFunction]:
    """The functions made with ``udf`` that these objects are, or that stand in them where they are modules."""
    functions: list[UserFunction] = []
    for own in objects:
        held = [own] if isinstance(own, UserFunction) else vars(own).values()
        for function in held:
            if isinstance(function, UserFunction) and not any(function is known for known in functions):
                functions.append(function)
    return functions


def _modules(folder: Path) -> list[Any]:
    """The modules of the files of a folder, which no import finds afterwards, so that they travel by value."""
    if not folder.is_dir():
        message = f"the folder {folder} does not exist"
        raise FileNotFoundError(message)
    place = str(folder.resolve())
    known = set(sys.modules)
    sys.path.insert(0, place)
    try:
        return [_module(path.resolve(), known) for path in sorted(folder.glob("*.py"))]
    finally:
        sys.path.remove(place)
        for name in set(sys.modules) - known:
            if str(getattr(sys.modules[name], "__file__", None)).startswith(place + os.sep):
                del sys.modules[name]


def _module(path: Path, known: set[str]) -> Any:
    imported = sys.modules.get(path.stem)
    if imported is not None and getattr(imported, "__file__", None) == str(path):
        return imported
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        message = f"{path} is no Python file"
        raise ImportError(message)
    module = importlib.util.module_from_spec(spec)
    if path.stem not in known:
        sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        message = f"{path}: {type(error).__name__}: {error}"
        raise ImportError(message) from error
    return module
