"""Read the colours of a terminal's output (SGR, `ESC [ 1 ; 31 m`) as classes of a stylesheet.

256 colours and true colours become the nearest of six hues or grey, each of which can be read in
both themes; on a coloured ground text has the page's own colour. Other escapes are left out.
https://www.ecma-international.org/publications-and-standards/standards/ecma-48/
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from trajectories.highlighting import ColouredLine
from trajectories.text import clean_plain, escapes_of, has_escapes, pieces_between_escapes

# ESC [ 1 ; 31 m
_SGR = re.compile(r"(?:\x1b\[|\x9b)([0-9;:]*)m")
# The eight of the oldest terminals, by number. White and the default are the page's own ink.
_NAMES = ("gray", "red", "green", "yellow", "blue", "magenta", "cyan", "")
# The hues at 0°, 60°, … 300°.
_HUES = ("red", "yellow", "green", "cyan", "blue", "magenta")
# The levels of the 6 x 6 x 6 cube in the 256 colours.
_LEVELS = (0, 95, 135, 175, 215, 255)
# A colour whose channels are closer than this is a shade of grey.
_LEAST_CHROMA = 40
_LIGHT = 170


@dataclass(frozen=True)
class Style:
    """How the terminal writes at the moment; colours by name, "" for the page's own."""

    ink: str = ""
    ground: str = ""
    is_bold: bool = False
    is_underlined: bool = False
    is_inverse: bool = False

    @cached_property
    def css(self) -> str:
        """The classes, separated by spaces: words of this module only."""
        ink, ground = (self.ground, self.ink) if self.is_inverse else (self.ink, self.ground)
        names = [
            "ansi-bold" if self.is_bold else "",
            "ansi-underline" if self.is_underlined else "",
            "ansi-inverse" if self.is_inverse and not ground else "",
            f"ansi-on-{ground}" if ground else "",
            f"ansi-{ink}" if ink and not ground and not self.is_inverse else "",
        ]
        return " ".join(name for name in names if name)


_PLAIN = Style()


def styled(raw: str) -> list[ColouredLine]:
    """Return the lines of a raw text as (classes, text) parts.

    The texts, joined, with a line feed between the lines, are exactly `clean_text(raw)`.
    """
    if not has_escapes(raw):
        return [(("", line),) if line else () for line in clean_plain(raw).split("\n")]
    lines: list[list[tuple[str, str]]] = [[]]
    for css, text in _cleaned(raw):
        for index, part in enumerate(text.split("\n")):
            if index:
                lines.append([])
            if part:
                lines[-1].append((css, part))
    return [tuple(line) for line in lines]


def _cleaned(raw: str) -> Iterator[tuple[str, str]]:
    """Yield cleaned pieces with their classes."""
    style, held = _PLAIN, ""
    for piece, escape in zip(pieces_between_escapes(raw), [*escapes_of(raw), ""], strict=True):
        text = held + piece
        # A CR may be the beginning of a line's end that goes on behind the escape.
        body = text.rstrip("\r")
        held = text[len(body) :]
        if body:
            yield style.css, clean_plain(body)
        style = _after(style, escape)
    yield style.css, clean_plain(held)


# A log has thousands of escapes, and a handful of different ones.
@lru_cache(maxsize=4096)
def _after(style: Style, escape: str) -> Style:
    """Return the style after an escape; one that is no SGR changes nothing."""
    match = _SGR.fullmatch(escape)
    codes = [_numbers(parameter) for parameter in match[1].split(";")] if match else []
    while codes:
        code, *more = codes.pop(0)
        if code in {38, 48, 58}:
            colour = _extended(more) if more else _extended_by_semicolons(codes)
            if code == 38:
                style = replace(style, ink=colour)
            elif code == 48:
                style = replace(style, ground=colour)
        elif code != 4 or not more:
            style = _simple(style, code)
        else:
            # 4:0 is no line, 4:3 a wavy one.
            style = replace(style, is_underlined=more[0] > 0)
    return style


def _numbers(parameter: str) -> list[int]:
    """Read `4:3` as [4, 3]; what is missing or has more than three digits is 0."""
    return [int(number or 0) if len(number) < 4 else 0 for number in parameter.split(":")]


_SWITCHES: dict[int, dict[str, Any]] = {
    1: {"is_bold": True},
    22: {"is_bold": False},
    4: {"is_underlined": True},
    21: {"is_underlined": True},
    24: {"is_underlined": False},
    7: {"is_inverse": True},
    27: {"is_inverse": False},
}


def _simple(style: Style, code: int) -> Style:
    if code == 0:
        return _PLAIN
    if code in _SWITCHES:
        return replace(style, **_SWITCHES[code])
    if 30 <= code <= 37 or 90 <= code <= 97:
        return replace(style, ink=_NAMES[code % 10])
    if 40 <= code <= 47 or 100 <= code <= 107:
        return replace(style, ground=_NAMES[code % 10])
    if code == 39:
        return replace(style, ink="")
    return replace(style, ground="") if code == 49 else style


def _extended(numbers: list[int]) -> str:
    """Read `5:n` or `2:r:g:b`, the latter also with the number of a colour space before it."""
    if numbers[0] == 5 and len(numbers) > 1:
        return _of_256(numbers[1])
    return _nearest(*numbers[-3:]) if numbers[0] == 2 and len(numbers) > 3 else ""


def _extended_by_semicolons(codes: list[list[int]]) -> str:
    """Take `5;n` or `2;r;g;b` from the front of the codes."""
    length = {5: 2, 2: 4}.get(codes[0][0], 1) if codes else 0
    numbers = [code[0] for code in codes[:length]]
    del codes[:length]
    return _extended(numbers) if len(numbers) == length and length > 1 else ""


def _of_256(number: int) -> str:
    if number < 16:
        return _NAMES[number % 8]
    if number < 232:
        red, green, blue = (number - 16) // 36, (number - 16) // 6 % 6, (number - 16) % 6
        return _nearest(_LEVELS[red], _LEVELS[green], _LEVELS[blue])
    return "gray" if number < 248 else ""


def _nearest(red: int, green: int, blue: int) -> str:
    """Return the name of the nearest hue, "gray", or "" for what is nearly white."""
    high, low = max(red, green, blue), min(red, green, blue)
    if high - low < _LEAST_CHROMA:
        return "gray" if high < _LIGHT else ""
    hue, _, _ = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    return _HUES[round(hue * 6) % 6]
