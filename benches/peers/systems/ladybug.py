"""Ladybug."""

from __future__ import annotations

import ladybug

from peers.systems.kuzu_like import KuzuLike


class Ladybug(KuzuLike):
    """Ladybug, a database in a file."""

    module = ladybug


SYSTEM = Ladybug
