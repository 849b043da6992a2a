"""Durations, recurring dates and opening hours."""

from almanac.duration import Duration
from almanac.errors import AlmanacError, ParseError
from almanac.interval import Interval, IntervalSet
from almanac.recurrence import Frequency, Recurrence
from almanac.schedule import Schedule

__all__ = [
    "AlmanacError",
    "Duration",
    "Frequency",
    "Interval",
    "IntervalSet",
    "ParseError",
    "Recurrence",
    "Schedule",
]
