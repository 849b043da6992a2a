"""Bytes of a repository as text that can be shown and quoted."""

from __future__ import annotations

import re

# https://user:token@host/…
_CREDENTIALS = re.compile(r"//[^/@\s]+@")
# `surrogateescape` gives each undecodable byte a code point of its own; as Latin-1 it is legible.
_SURROGATES_AS_LATIN_1 = {0xDC80 + byte: 0x80 + byte for byte in range(0x80)}
# Tab and line feed stay; the others are invisible or move the cursor.
_CONTROLS_AS_PICTURES = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)}
_CONTROLS_AS_PICTURES[0x7F] = 0x2421
# C1 controls, and the bidirectional overrides that make code read otherwise than it runs.
_BIDIRECTIONAL = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CONTROLS_AS_PICTURES |= dict.fromkeys((*range(0x80, 0xA0), *_BIDIRECTIONAL), 0xFFFD)


def without_credentials(text: str) -> str:
    """Return a source, or a message about one, without a password or token in its URLs."""
    return _CREDENTIALS.sub("//", text)


def decode(data: bytes) -> str:
    """Decode UTF-8, and each byte that is not UTF-8 as Latin-1; never fails."""
    text = data.decode("utf-8", "surrogateescape")
    return text if text.isascii() else text.translate(_SURROGATES_AS_LATIN_1)


def visible(text: str) -> str:
    """Replace control characters by their pictures (␛), one for one, so that columns hold."""
    return text if text.isprintable() else text.translate(_CONTROLS_AS_PICTURES)


def visible_path(path: str) -> str:
    """Return a path as it can be shown; bytes in it that are not UTF-8 are surrogates."""
    return visible(decode(path.encode("utf-8", "surrogateescape")))


def split_lines(text: str) -> list[str]:
    """Split at line feeds only, as git counts lines, and drop the line endings (also CRLF)."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def file_lines(data: bytes) -> list[str]:
    """Return the lines of a file as the site shows them: what citations are checked against."""
    return [visible(line) for line in split_lines(decode(data))]


def is_binary(data: bytes) -> bool:
    """Tell as git does: a NUL within the first 8,000 bytes."""
    return b"\0" in data[:8000]
