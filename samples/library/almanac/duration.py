"""Lengths of time as people say them: months, days and seconds, kept apart.

A month is not a number of days and, across a change of the clocks, a day is not a number of
seconds. So a duration has three numbers, and only adding it to a date brings them together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from almanac.dates import add_months
from almanac.errors import AlmanacError, ParseError

_ISO = re.compile(
    r"P(?=.)(?:(?P<Y>\d+)Y)?(?:(?P<MO>\d+)M)?(?:(?P<W>\d+)W)?(?:(?P<D>\d+)D)?"
    r"(?:T(?=.)(?:(?P<H>\d+(?:\.\d+)?)H)?(?:(?P<MI>\d+(?:\.\d+)?)M)?(?:(?P<S>\d+(?:\.\d+)?)S)?)?"
)
# "2 days", "1.5h", "3mo": a number, perhaps a blank, a word.
_WORD = re.compile(r"\s*(?:and\s+|,\s*)?(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z]+)")


@dataclass(frozen=True, slots=True)
class Duration:
    """Months, days and seconds, each counted for itself; the seconds may have a fraction."""

    months: int = 0
    days: int = 0
    seconds: Fraction = Fraction(0)

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read ISO 8601 (`P1M2DT3H`) or words (`1 month 2 days 3h`).

        A leading minus turns the whole duration round.
        """
        body = text.strip()
        sign = -1 if body.startswith("-") else 1
        body = body.removeprefix("-").strip()
        if body[:1] == "P":
            return cls._parse_iso(text, body) * sign
        return cls._parse_words(text, body) * sign

    @classmethod
    def _parse_iso(cls, text: str, body: str) -> Duration:
        match = _ISO.fullmatch(body)
        if match is None:
            raise ParseError(text, text.index(body), "an ISO 8601 duration such as P1DT2H")
        months = 0
        days = 0
        seconds = Fraction(0)
        if match["Y"]:
            months += int(match["Y"]) * 12
        if match["MO"]:
            months += int(match["MO"])
        if match["W"]:
            days += int(match["W"]) * 7
        if match["D"]:
            days += int(match["D"])
        if match["H"]:
            seconds += Fraction(match["H"]) * 3600
        if match["MI"]:
            seconds += Fraction(match["MI"]) * 60
        if match["S"]:
            seconds += Fraction(match["S"])
        return cls(months, days, seconds)

    @classmethod
    def _parse_words(cls, text: str, body: str) -> Duration:
        months = 0
        days = 0
        seconds = Fraction(0)
        position = 0
        offset = text.index(body)
        while position < len(body):
            match = _WORD.match(body, position)
            if match is None:
                raise ParseError(text, offset + position, "a number and a unit")
            number = Fraction(match["number"])
            unit = match["unit"]
            # A single letter is read as it stands: M is a month, m a minute.
            name = unit if len(unit) == 1 else unit.lower()
            if name in ("y", "yr", "yrs", "year", "years"):
                months += _whole(number * 12, text, offset + match.start("number"))
            elif name in ("M", "mo", "mos", "month", "months"):
                months += _whole(number, text, offset + match.start("number"))
            elif name in ("w", "wk", "wks", "week", "weeks"):
                days += _whole(number * 7, text, offset + match.start("number"))
            elif name in ("d", "day", "days"):
                days += _whole(number, text, offset + match.start("number"))
            elif name in ("h", "hr", "hrs", "hour", "hours"):
                seconds += number * 3600
            elif name in ("m", "min", "mins", "minute", "minutes"):
                seconds += number * 60
            elif name in ("s", "sec", "secs", "second", "seconds"):
                seconds += number
            else:
                raise ParseError(text, offset + match.start("unit"), "a unit of time")
            position = match.end()
        if position == 0:
            raise ParseError(text, 0, "a number and a unit")
        return cls(months, days, seconds)

    def __add__(self, other: Duration) -> Duration:
        return Duration(
            self.months + other.months, self.days + other.days, self.seconds + other.seconds
        )

    def __sub__(self, other: Duration) -> Duration:
        return self + other * -1

    def __mul__(self, factor: int) -> Duration:
        return Duration(self.months * factor, self.days * factor, self.seconds * factor)

    def __neg__(self) -> Duration:
        return self * -1

    def __bool__(self) -> bool:
        return bool(self.months or self.days or self.seconds)

    def after(self, moment: datetime) -> datetime:
        """Return the moment this long after another: first the months, then the rest."""
        shifted = add_months(moment, self.months)
        return shifted + timedelta(days=self.days, microseconds=int(self.seconds * 1_000_000))

    def before(self, moment: datetime) -> datetime:
        """Return the moment this long before another."""
        return (-self).after(moment)

    def to_iso(self) -> str:
        """Write the duration in ISO 8601, the shortest way.

        >>> Duration(14, 3, Fraction(5400)).to_iso()
        'P1Y2M3DT1H30M'
        """
        if not self:
            return "PT0S"
        if self._is_negative():
            return "-" + (-self).to_iso()
        years, months = divmod(self.months, 12)
        hours, rest = divmod(self.seconds, 3600)
        minutes, seconds = divmod(rest, 60)
        day_part = ""
        if years:
            day_part += f"{years}Y"
        if months:
            day_part += f"{months}M"
        if self.days:
            day_part += f"{self.days}D"
        time_part = ""
        if hours:
            time_part += f"{hours}H"
        if minutes:
            time_part += f"{minutes}M"
        if seconds:
            time_part += f"{_decimal(seconds)}S"
        return f"P{day_part}" + (f"T{time_part}" if time_part else "")

    def to_words(self) -> str:
        """Write the duration in words, largest unit first.

        >>> Duration(1, 2, Fraction(3600)).to_words()
        '1 month 2 days 1 hour'
        """
        if not self:
            return "0 seconds"
        if self._is_negative():
            return "-" + (-self).to_words()
        years, months = divmod(self.months, 12)
        hours, rest = divmod(self.seconds, 3600)
        minutes, seconds = divmod(rest, 60)
        words = []
        if years:
            words.append(f"{years} year" if years == 1 else f"{years} years")
        if months:
            words.append(f"{months} month" if months == 1 else f"{months} months")
        if self.days:
            words.append(f"{self.days} day" if self.days == 1 else f"{self.days} days")
        if hours:
            words.append(f"{hours} hour" if hours == 1 else f"{hours} hours")
        if minutes:
            words.append(f"{minutes} minute" if minutes == 1 else f"{minutes} minutes")
        if seconds:
            text = _decimal(seconds)
            words.append(f"{text} second" if seconds == 1 else f"{text} seconds")
        return " ".join(words)

    def __str__(self) -> str:
        return self.to_words()

    def _is_negative(self) -> bool:
        negative = self.months < 0 or self.days < 0 or self.seconds < 0
        if negative and (self.months > 0 or self.days > 0 or self.seconds > 0):
            raise AlmanacError(f"{self!r} has parts of both signs and cannot be written")
        return negative


def short(length: timedelta) -> str:
    """Write a plain length of time for a narrow column: `2d`, `1h30m`, `45s`."""
    seconds = int(length.total_seconds())
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = []
    if days:
        parts.append(f"{days}d")
    if hours:
        parts.append(f"{hours}h")
    if minutes:
        parts.append(f"{minutes}m")
    if seconds:
        parts.append(f"{seconds}s")
    return "".join(parts) or "0s"


def _whole(number: Fraction, text: str, position: int) -> int:
    if number.denominator != 1:
        raise ParseError(text, position, "a whole number")
    return int(number)


def _decimal(number: Fraction) -> str:
    return f"{float(number):.6f}".rstrip("0").rstrip(".")
