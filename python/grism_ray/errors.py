"""How errors show themselves."""

from __future__ import annotations

from grism_ray import _native


def show_operators() -> None:
    """Makes the ``repr`` of an error name the operator of the plan in which it arose, which its message leaves out."""

    def shown(error: _native.GrismError) -> str:
        plain = Exception.__repr__(error)
        operator = error.operator
        return plain if operator is None else f"{plain[:-1]}, operator {operator['id']}: {operator['detail']})"

    _native.GrismError.__repr__ = shown  # type: ignore[method-assign, assignment]
