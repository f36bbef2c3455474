"""Functions of the user's on their way to a job: from folders and modules by value, else by the module's name."""

from __future__ import annotations

import base64
import contextlib
import importlib
import os
import pickle
import sys
import types
from typing import TYPE_CHECKING, Any, TypeAlias

from grism_ray import _native
from grism_ray.functions import UserFunction, discovered, functions_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FunctionSource: TypeAlias = "str | os.PathLike[str] | types.ModuleType | UserFunction"
"""A folder, a module, the name of a module that the cluster has, or a function made with ``udf``."""

LARGEST = 64 << 10
"""Bytes of functions in the request of a job, which is part of a command line."""


def packed(sources: FunctionSource | Iterable[FunctionSource] | None) -> dict[str, Any]:
    """What a job is told of functions, as JSON has it.

    Functions of folders and of modules of this process travel by value, so that the cluster needs only what they
    import. A name of a module is imported by the job.

    Raises ``InvalidQueryError`` for functions that do not travel, or are too large for a request.
    """
    given: Iterable[FunctionSource] = ()
    if isinstance(sources, (str, os.PathLike, types.ModuleType, UserFunction)):
        given = [sources]
    elif sources is not None:
        given = sources
    functions: list[UserFunction] = []
    modules: list[str] = []
    for source in given:
        if isinstance(source, UserFunction):
            functions.append(source)
        elif isinstance(source, types.ModuleType):
            functions += functions_of(source)
        elif isinstance(source, os.PathLike) or os.path.isdir(os.path.expanduser(source)):
            functions += discovered(os.path.expanduser(os.fspath(source)))
        elif isinstance(source, str) and all(part.isidentifier() for part in source.split(".")):
            modules.append(source)
        else:
            message = f"the functions of a job are in a folder or in a module, and {source!r} is neither"
            raise _native.InvalidQueryError(message)
    request: dict[str, Any] = {"modules": modules}
    if functions:
        request["pickled"] = base64.b64encode(_by_value(functions)).decode()
        if len(request["pickled"]) > LARGEST:
            message = (
                f"the functions of the job take {len(request['pickled'])} bytes, and {LARGEST} fit into its request: "
                "install their module in the cluster and pass its name"
            )
            raise _native.InvalidQueryError(message)
    return request


def unpacked(request: dict[str, Any]) -> list[UserFunction | _native.NativeFunction]:
    """The functions that a job was told of.

    Raises ``NotFoundError`` for a module that the cluster does not have, or that functions import.
    """
    found: list[UserFunction | _native.NativeFunction] = []
    try:
        for name in request.get("modules", []):
            module = importlib.import_module(name)
            found += functions_of(module)
            found += [own for own in vars(module).values() if isinstance(own, _native.NativeFunction)]
        if "pickled" in request:
            found += pickle.loads(base64.b64decode(request["pickled"]))
    except ImportError as error:
        message = f"the functions of the job: {error}; install it in the cluster, or add it to runtime_env"
        raise _native.NotFoundError(message) from error
    return found


def _by_value(functions: list[UserFunction]) -> bytes:
    from ray import cloudpickle

    modules = {getattr(function.function, "__module__", None) for function in functions}
    with contextlib.ExitStack() as stack:
        for module in sorted(name for name in modules if name in sys.modules and name != "__main__"):
            stack.enter_context(_travels_by_value(cloudpickle, sys.modules[module]))
        try:
            by_value: Any = cloudpickle.dumps
            return bytes(by_value(functions))
        except (TypeError, pickle.PicklingError) as error:
            message = f"the functions of the job cannot be sent: {error}"
            raise _native.InvalidQueryError(message) from error


@contextlib.contextmanager
def _travels_by_value(cloudpickle: Any, module: types.ModuleType) -> Iterator[None]:
    if module.__name__ in cloudpickle.list_registry_pickle_by_value():
        yield
        return
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)
