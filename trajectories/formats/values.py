"""Take values out of foreign JSON, where any field may be missing or of another type."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

from trajectories.formats.images import block_as_text

# The lines that begin a unified diff: `diff --git a/x b/x`, `--- a/x`, `Index: x`
_DIFF_START = re.compile(r"^(?:diff --git |--- \S|Index: \S)", re.MULTILINE)


def as_object(value: Any) -> dict[str, Any]:
    """Return the value if it is a JSON object, or holds one as text, else an empty one."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def as_text(value: Any) -> str:
    """Return text as it is, blocks of text joined, anything else as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, list):
        return "\n".join(filter(None, (_block_text(block) for block in value)))
    return json.dumps(value, ensure_ascii=False)


def _block_text(block: Any) -> str:
    """Return the text of `{"type": "text", "text": …}`, an image as Markdown, others as JSON."""
    if isinstance(block, dict):
        if isinstance(block.get("text"), str):
            return str(block["text"])
        if (image := block_as_text(block)) is not None:
            return image
    return block if isinstance(block, str) else json.dumps(block, ensure_ascii=False)


def as_number(value: Any) -> float | None:
    """Return a finite number, else None; true and false are no numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def as_cost(value: Any) -> float | None:
    """Return US dollars; 0 means that the price was not known, not that the run was free."""
    number = as_number(value)
    return number if number and 0 < number < 1_000_000 else None


def as_duration(value: Any) -> float | None:
    """Return seconds, or None for a negative or missing duration."""
    number = as_number(value)
    return number if number is not None and number >= 0 else None


def as_iso_time(unix_seconds: Any) -> str:
    """Return ISO 8601 in UTC for Unix seconds, empty for anything else."""
    number = as_number(unix_seconds)
    if number is None:
        return ""
    try:
        return datetime.fromtimestamp(number, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, OSError, ValueError):
        return ""


def as_arguments(value: Any) -> dict[str, Any] | str:
    """Return a call's arguments: an object, or the text as it came where it is not one."""
    if isinstance(value, dict):
        return value
    text = as_text(value)
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return parsed if isinstance(parsed, dict) else text


def is_patch(text: str) -> bool:
    """Tell a diff, or an empty hand-in, from other text that a run handed in (a flag, prose)."""
    return not text.strip() or _DIFF_START.search(text) is not None
