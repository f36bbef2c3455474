"""Instances of the classes that users aggregate with: how they travel between tasks, and how large they are."""

from __future__ import annotations

import importlib
import pickle
import sys
from typing import Any

CONTAINERS = (list, tuple, set, frozenset, dict, bytearray)
"""Attributes whose items count."""

ITEM_BYTES = 64
"""Bytes of an item, about: a reference and a small object."""


def state_of(instance: Any) -> bytes:
    """The pickled state of an instance; the class itself stays behind."""
    state = instance.__getstate__()
    try:
        return pickle.dumps(state)
    except (pickle.PicklingError, AttributeError, TypeError):
        # What no module has, such as a function within a function, goes by value.
        return _by_value(state)


def _by_value(state: Any) -> bytes:
    for name in ("cloudpickle", "ray.cloudpickle"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        pickled: bytes = module.dumps(state)
        return pickled
    return pickle.dumps(state)


def instance_of(cls: type, state: bytes) -> Any:
    """The instance of ``cls`` with a pickled state."""
    instance: Any = object.__new__(cls)
    found = pickle.loads(state)
    if hasattr(instance, "__setstate__"):
        instance.__setstate__(found)
        return instance
    # What ``object.__getstate__`` gives: attributes, or both attributes and slots.
    parts = found if isinstance(found, tuple) else (found,)
    for part in parts:
        for name, value in (part or {}).items():
            object.__setattr__(instance, name, value)
    return instance


def instance_bytes(instance: Any) -> int:
    """Bytes of an instance, about: its attributes, and the items of those that are containers."""
    names = [name for cls in type(instance).__mro__ for name in getattr(cls, "__slots__", ())]
    attributes = [getattr(instance, name, None) for name in names]
    attributes += getattr(instance, "__dict__", {}).values()
    items = sum(len(own) for own in attributes if isinstance(own, CONTAINERS))
    return sys.getsizeof(instance) + sum(sys.getsizeof(own) for own in attributes) + ITEM_BYTES * items
