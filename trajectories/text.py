"""Turn hostile text into what can be stored, shown, quoted and found again."""

from __future__ import annotations

import math
import re

# ESC ] 8 ; ; https://… BEL (a string up to BEL or ST), ESC P … ST, ESC [ 31 m, ESC ( B, ESC c
_ESCAPES = re.compile(
    r"""
      \x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?
    | \x1b[PX^_][^\x1b\n]*(?:\x1b\\)?
    | (?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]
    | \x1b[ -/]*[0-~]
    """,
    re.VERBOSE,
)
_LINE_ENDS = re.compile(r"\r+\n|\r")
# Control characters except tab and line feed, the bidirectional overrides that can make code
# read otherwise than it runs, and halves of surrogate pairs.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
_SYMBOL_FOR_DELETE = "\u2421"
_REPLACEMENT = "\ufffd"


def clean_text(raw: str) -> str:
    """Return `raw` as it is shown and cited: lines that end in LF, nothing invisible.

    Terminal escapes are removed; CRLF becomes LF, and a lone CR (a progress bar that was
    redrawn) too; other control characters become visible symbols such as ␀. Cleaning a
    cleaned text changes nothing.
    """
    return clean_plain("".join(pieces_between_escapes(raw)))


def pieces_between_escapes(raw: str) -> list[str]:
    """Return what stands before, between and after the terminal escapes of a text."""
    # Most texts have none; to look for one character is fifty times faster than for the pattern.
    return _ESCAPES.split(raw) if has_escapes(raw) else [raw]


def escapes_of(raw: str) -> list[str]:
    """Return the terminal escapes of a text, in order."""
    return _ESCAPES.findall(raw) if has_escapes(raw) else []


def has_escapes(raw: str) -> bool:
    return "\x1b" in raw or "\x9b" in raw


def clean_plain(text: str) -> str:
    """Clean a text whose terminal escapes have been taken out."""
    return _UNSEEN.sub(_make_visible, end_lines(text))


def end_lines(text: str) -> str:
    """Let every line end in LF alone."""
    if "\r" not in text:
        return text
    # Nearly always CRLF, which is replaced thirty times faster than the pattern.
    return (
        _LINE_ENDS.sub("\n", text)
        if "\r\r" in text
        else text.replace("\r\n", "\n").replace("\r", "\n")
    )


def _make_visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return _SYMBOL_FOR_DELETE
    if 0x80 <= code <= 0x9F or 0xD800 <= code <= 0xDFFF:
        return _REPLACEMENT
    return f"[U+{code:04X}]"


def storable(text: str) -> str:
    """Replace what PostgreSQL cannot hold in a text: NUL (shown as ␀) and lone surrogates."""
    return _NOT_STORABLE.sub(lambda m: "\u2400" if m.group() == "\0" else _REPLACEMENT, text)


def storable_json(value: object) -> object:
    """Do the same through a JSON value; NaN and infinities, which jsonb refuses, become null."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {storable(str(key)): storable_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable_json(item) for item in value]
    return value


def shorten(text: str, limit: int) -> str:
    """Return the text on one line, with an ellipsis where it is longer than `limit` characters."""
    line = " ".join(text[: limit * 8].split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
