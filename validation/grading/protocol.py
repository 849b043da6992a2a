"""What the grading process is asked and what it answers: plain data, one JSON line each way."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

MISSING = "MISSING"


@dataclass(frozen=True)
class GradeRequest:
    """One finished test command to be judged.

    ``exit_code`` is the test command's own; ``parser`` and ``eval_type`` may be empty, then the
    package's tables decide by ``repository``. The status of a test in ``flaky`` is read but held
    against nobody. ``command`` is the test command, which tells what summary to expect;
    some parsers decide by ``instance_id``.
    """

    repository: str
    log: str
    exit_code: int | None
    fail_to_pass: tuple[str, ...]
    pass_to_pass: tuple[str, ...]
    flaky: tuple[str, ...] = ()
    version: str = ""
    parser: str = ""
    eval_type: str = ""
    command: str = ""
    instance_id: str = ""


@dataclass(frozen=True)
class Grade:
    """The verdict on one log.

    ``valid`` is false when the log cannot be believed or says nothing; ``reason`` then says why.
    ``statuses`` has every id that was asked for, ``others`` what else the log reports.
    """

    valid: bool
    resolved: bool
    reason: str = ""
    parser: str = ""
    environment_fault: str = ""
    statuses: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    suspicions: tuple[str, ...] = ()


def encode(value: GradeRequest | Grade) -> bytes:
    """Write a request or a grade as one line."""
    return json.dumps(asdict(value), ensure_ascii=True).encode("ascii") + b"\n"


def decode_request(line: bytes) -> GradeRequest:
    """Read back what ``encode`` wrote for a request."""
    data: dict[str, Any] = json.loads(line)
    data.update({key: tuple(data[key]) for key in ("fail_to_pass", "pass_to_pass", "flaky")})
    return GradeRequest(**data)


def decode_grade(data: dict[str, Any]) -> Grade:
    """Build a grade from its decoded line."""
    return Grade(**{**data, "suspicions": tuple(data["suspicions"])})
