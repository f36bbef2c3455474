"""Times that Python's own classes do not hold: durations of several parts, and nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Self


@dataclass(frozen=True)
class Duration:
    """A length of time in parts that do not convert into each other; usable as a parameter."""

    months: int = 0
    days: int = 0
    seconds: int = 0
    nanoseconds: int = 0


class NanoDateTime(datetime):
    """A datetime with nanoseconds past its microsecond; what has none is a plain ``datetime``."""

    nanosecond: int
    """Nanoseconds past the microsecond: 1 to 999."""

    @classmethod
    def of(cls, whole: datetime, nanosecond: int) -> Self:
        """The datetime, so many nanoseconds later."""
        made = cls.combine(whole.date(), whole.timetz())
        made.nanosecond = nanosecond
        return made

    def replace(self, *arguments: Any, **parts: Any) -> Self:
        """The same datetime with other parts; the nanoseconds stay."""
        return self.of(super().replace(*arguments, **parts), self.nanosecond)

    def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
        """The text with nine digits of the second."""
        text = super().isoformat(sep, "microseconds" if timespec == "auto" else timespec)
        return _with_nanos(text, self.nanosecond) if timespec == "auto" else text

    def __str__(self) -> str:
        return self.isoformat(" ")

    def __repr__(self) -> str:
        return f"NanoDateTime({self.isoformat()})"

    def __eq__(self, other: object) -> bool:
        return datetime.__eq__(self, other) is True and self.nanosecond == getattr(other, "nanosecond", 0)

    def __hash__(self) -> int:
        return hash((datetime.__hash__(self), self.nanosecond))

    def __reduce_ex__(self, protocol: Any) -> Any:
        whole = datetime.combine(self.date(), self.timetz())
        return NanoDateTime.of, (whole, self.nanosecond)


class NanoTime(time):
    """A time of day with nanoseconds past its microsecond; what has none is a plain ``time``."""

    nanosecond: int
    """Nanoseconds past the microsecond: 1 to 999."""

    @classmethod
    def of(cls, whole: time, nanosecond: int) -> Self:
        """The time, so many nanoseconds later."""
        made = cls(whole.hour, whole.minute, whole.second, whole.microsecond, whole.tzinfo, fold=whole.fold)
        made.nanosecond = nanosecond
        return made

    def isoformat(self, timespec: str = "auto") -> str:
        """The text with nine digits of the second."""
        text = super().isoformat("microseconds" if timespec == "auto" else timespec)
        return _with_nanos(text, self.nanosecond) if timespec == "auto" else text

    def __str__(self) -> str:
        return self.isoformat()

    def __repr__(self) -> str:
        return f"NanoTime({self.isoformat()})"

    def __eq__(self, other: object) -> bool:
        return time.__eq__(self, other) is True and self.nanosecond == getattr(other, "nanosecond", 0)

    def __hash__(self) -> int:
        return hash((time.__hash__(self), self.nanosecond))

    def __reduce_ex__(self, protocol: Any) -> Any:
        whole = time(self.hour, self.minute, self.second, self.microsecond, self.tzinfo, fold=self.fold)
        return NanoTime.of, (whole, self.nanosecond)


def _with_nanos(text: str, nanosecond: int) -> str:
    """The text of a time with six digits of the second, with three more."""
    end = text.index(".") + 7
    return f"{text[:end]}{nanosecond:03}{text[end:]}"
