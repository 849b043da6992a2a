"""One way to write a JSON value, so that equal values are equal bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime


def canonical_json(value: object) -> bytes:
    """Return UTF-8 with sorted keys, no spaces and no line feed."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def timestamp(at: datetime) -> str:
    """Return UTC with microseconds: 2026-11-23T07:01:02.000345Z."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
