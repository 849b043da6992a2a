"""Logs of test runs: their lines, where tests stand in them, and which lines to show."""

from __future__ import annotations

from validation.logs.counting import TestCounter
from validation.logs.durations import durations
from validation.logs.model import Log, Place, Section
from validation.logs.places import place_of
from validation.logs.read import read_log
from validation.logs.window import Gap, Piece, Rows, Wanted, open_gap, pieces

__all__ = [
    "Gap",
    "Log",
    "Piece",
    "Place",
    "Rows",
    "Section",
    "TestCounter",
    "Wanted",
    "durations",
    "open_gap",
    "pieces",
    "place_of",
    "read_log",
]
