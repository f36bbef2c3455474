"""Warnings of queries, as Python shows them."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PACKAGE = str(Path(__file__).parent) + os.sep


class GrismWarning(UserWarning):
    """A query ran, but probably did not do what was meant: an unknown label, a comparison that is never true."""


def issue(messages: Iterable[str]) -> None:
    """Issues each message once, at the line outside this package that asked for the query."""
    different = dict.fromkeys(messages)
    if not different:
        return
    # The depth differs between a query, a prepared one and a frame, so it is counted instead of stated.
    level = 2
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    for message in different:
        warnings.warn(message, GrismWarning, stacklevel=level)
