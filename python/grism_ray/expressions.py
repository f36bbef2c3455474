"""Expressions of frames: columns, constants, operators, functions and aggregates."""

from __future__ import annotations

from typing import Any

from grism_ray._native import Expression


class Expr:
    """An expression over the columns of a frame and the properties of its current entity."""

    __slots__ = ("_native",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, native: Expression) -> None:
        self._native = native

    def _binary(self, operator: str, other: Any) -> Expr:
        return Expr(self._native.binary(operator, as_expr(other)._native))

    def _reflected(self, operator: str, other: Any) -> Expr:
        return as_expr(other)._binary(operator, self)

    def __eq__(self, other: object) -> Expr:  # type: ignore[override]
        return self._binary("=", other)

    def __ne__(self, other: object) -> Expr:  # type: ignore[override]
        return self._binary("<>", other)

    def __lt__(self, other: Any) -> Expr:
        return self._binary("<", other)

    def __le__(self, other: Any) -> Expr:
        return self._binary("<=", other)

    def __gt__(self, other: Any) -> Expr:
        return self._binary(">", other)

    def __ge__(self, other: Any) -> Expr:
        return self._binary(">=", other)

    def __and__(self, other: Any) -> Expr:
        return self._binary("AND", other)

    def __or__(self, other: Any) -> Expr:
        return self._binary("OR", other)

    def __xor__(self, other: Any) -> Expr:
        return self._binary("XOR", other)

    def __invert__(self) -> Expr:
        return Expr(self._native.unary("NOT"))

    def __neg__(self) -> Expr:
        return Expr(self._native.unary("-"))

    def __add__(self, other: Any) -> Expr:
        return self._binary("+", other)

    def __radd__(self, other: Any) -> Expr:
        return self._reflected("+", other)

    def __sub__(self, other: Any) -> Expr:
        return self._binary("-", other)

    def __rsub__(self, other: Any) -> Expr:
        return self._reflected("-", other)

    def __mul__(self, other: Any) -> Expr:
        return self._binary("*", other)

    def __rmul__(self, other: Any) -> Expr:
        return self._reflected("*", other)

    def __truediv__(self, other: Any) -> Expr:
        return self._binary("/", other)

    def __mod__(self, other: Any) -> Expr:
        return self._binary("%", other)

    def __pow__(self, other: Any) -> Expr:
        return self._binary("^", other)

    def is_null(self) -> Expr:
        """Whether the value is null."""
        return Expr(self._native.unary("IS NULL"))

    def is_not_null(self) -> Expr:
        """Whether the value is not null."""
        return Expr(self._native.unary("IS NOT NULL"))

    def is_in(self, values: Any) -> Expr:
        """Whether the value is one of a list."""
        return self._binary("IN", values)

    def starts_with(self, prefix: Any) -> Expr:
        """Whether the text starts with another."""
        return self._binary("STARTS WITH", prefix)

    def ends_with(self, suffix: Any) -> Expr:
        """Whether the text ends with another."""
        return self._binary("ENDS WITH", suffix)

    def contains(self, part: Any) -> Expr:
        """Whether the text contains another."""
        return self._binary("CONTAINS", part)

    def matches(self, pattern: Any) -> Expr:
        """Whether a regular expression matches the whole text."""
        return self._binary("=~", pattern)

    def __bool__(self) -> bool:
        message = "an expression has no truth value; combine expressions with &, | and ~"
        raise TypeError(message)

    def __repr__(self) -> str:
        return f"Expr({self._native!r})"


def as_expr(value: Any) -> Expr:
    """An expression as it is; anything else as a constant."""
    return value if isinstance(value, Expr) else lit(value)


def as_column(value: Any) -> Expr:
    """An expression as it is; a text as the column of that name."""
    return col(value) if isinstance(value, str) else as_expr(value)


def col(name: str) -> Expr:
    """The column, or the property of the current entity, called ``name``."""
    return Expr(Expression.column(name))


def lit(value: Any) -> Expr:
    """A constant."""
    return Expr(Expression.literal(value))


def function(name: str, *arguments: Any) -> Expr:
    """A scalar function of openCypher."""
    return Expr(Expression.function(name, [as_expr(argument)._native for argument in arguments]))


def _aggregate(name: str, argument: Any, distinct: bool) -> Expr:
    native = None if argument is None else as_column(argument)._native
    return Expr(Expression.aggregate(name, native, distinct))


def count(argument: Any = None, *, distinct: bool = False) -> Expr:
    """The number of rows, or of values that are not null."""
    return _aggregate("count", argument, distinct)


def sum(argument: Any, *, distinct: bool = False) -> Expr:
    """The sum; 0 over nothing."""
    return _aggregate("sum", argument, distinct)


def avg(argument: Any, *, distinct: bool = False) -> Expr:
    """The mean; null over nothing."""
    return _aggregate("avg", argument, distinct)


def min(argument: Any) -> Expr:
    """The least value; null over nothing."""
    return _aggregate("min", argument, False)


def max(argument: Any) -> Expr:
    """The greatest value; null over nothing."""
    return _aggregate("max", argument, False)


def collect(argument: Any, *, distinct: bool = False) -> Expr:
    """A list of the values that are not null."""
    return _aggregate("collect", argument, distinct)
