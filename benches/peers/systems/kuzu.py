"""Kuzu."""

from __future__ import annotations

import kuzu

from peers.systems.kuzu_like import KuzuLike


class Kuzu(KuzuLike):
    """Kuzu, a database in a file."""

    module = kuzu


SYSTEM = Kuzu
