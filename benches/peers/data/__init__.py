"""The graphs that all systems load: how each is made, and what is in it."""

from __future__ import annotations

from peers.data.flights import FLIGHTS
from peers.data.hypergraphs import BIG_TEAMS, TEAMS
from peers.data.lsqb import LSQB
from peers.data.power import POWER
from peers.data.study import STUDY
from peers.data.wd50k import WD50K

GRAPHS = {graph.name: graph for graph in (POWER, STUDY, TEAMS, BIG_TEAMS, FLIGHTS, LSQB, WD50K)}

__all__ = ["GRAPHS"]
