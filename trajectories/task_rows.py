"""Read SWE-bench rows from JSON Lines, a JSON array, one JSON object, or Parquet.

Each row becomes a ParsedTask or a RefusedRow with its place and reason: one bad row never costs
the others. None and "" mean "not known", so that a data set without a field erases nothing.
https://www.swebench.com/SWE-bench/guides/datasets/
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

Row = dict[str, Any]
_LFS_POINTER = re.compile(
    r"(?:version https://git-lfs\.github\.com/spec/|oid sha256:[0-9a-f]{64}$|size \d+$)"
)
_INSTANCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,299}")
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")
# Keys that become fields of their own; every other key of a row is kept in `extra`.
_LIST_KEYS = {
    "fail_to_pass": ("FAIL_TO_PASS", "fail_to_pass"),
    "pass_to_pass": ("PASS_TO_PASS", "pass_to_pass"),
}
_TEXT_LIMITS = {"version": 100, "created_at": 40, "difficulty": 40}
_OWN_KEYS = {
    "instance_id",
    "repo",
    "base_commit",
    "environment_setup_commit",
    "version",
    "problem_statement",
    "hints_text",
    "patch",
    "test_patch",
    "created_at",
    "difficulty",
    *(key for keys in _LIST_KEYS.values() for key in keys),
}
# What other benchmarks call the gold patch or shape their rows by: named in the refusal.
_OTHER_SHAPES = (
    ({"org", "number", "fix_patch"}, "a Multi-SWE-bench row (nested base, fix_patch)"),
    ({"gold_patch"}, "a repackaged SWE-bench Pro row (gold_patch in place of patch)"),
    ({"parsed_commit_content"}, "an R2E-Gym row (no patch as a diff)"),
    ({"base_commit_with_tests"}, "a human-eval row"),
    ({"model_patch"}, "a prediction, not a task"),
    ({"trajectory", "history"}, "a trajectory: use load_trajectories"),
)


class UnreadableRows(Exception):
    """A file of which no row can be read; the message says why."""


class _BadRow(Exception):
    """Why one row is refused."""


@dataclass(frozen=True)
class ParsedTask:
    """One row. Lists that are None and texts that are empty are not known."""

    place: str
    instance_id: str
    repo: str
    base_commit: str
    environment_setup_commit: str
    version: str
    problem_statement: str
    hints_text: str
    patch: str
    test_patch: str
    fail_to_pass: tuple[str, ...] | None
    pass_to_pass: tuple[str, ...] | None
    created_at: str
    difficulty: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    row: Mapping[str, Any] = field(default_factory=dict)

    @property
    def row_sha256(self) -> str:
        """Hash the row as it came, whatever the order of its keys."""
        text = json.dumps(self.row, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class RefusedRow:
    """A row that is not taken: where it is (`line 7`, `item 3`, `row 12`) and why."""

    place: str
    reason: str
    instance_id: str = ""


def read_task_rows(path: Path) -> Iterator[ParsedTask | RefusedRow]:
    """Read the rows of a file in order; what it holds is decided by its content.

    Raises UnreadableRows where the file as a whole is nothing of the kind. Parquet and JSON
    Lines are read piece by piece, an array at once.
    """
    with path.open("rb") as file:
        yield from read_rows(file)


def read_rows(file: IO[bytes]) -> Iterator[ParsedTask | RefusedRow]:
    """Read the rows of an open, seekable file."""
    start = file.read(4096)
    file.seek(0)
    if start.startswith(b"PAR1"):
        yield from _read_parquet(file)
    elif start.startswith(b"\x1f\x8b"):
        raise UnreadableRows("The file is gzip-compressed: unpack it first.")
    elif start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableRows("The file is UTF-16: convert it to UTF-8 first.")
    elif start.startswith(b"version https://git-lfs"):
        raise UnreadableRows(
            "The file is a Git LFS pointer, not the file itself: run `git lfs pull` first."
        )
    elif start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"[":
        yield from _read_array(file.read())
    else:
        yield from _read_lines(file)


# --- containers --------------------------------------------------------------------------------


def _read_array(content: bytes) -> Iterator[ParsedTask | RefusedRow]:
    try:
        items = _parse_json(content.decode("utf-8-sig"))
    except (_BadRow, UnicodeDecodeError) as error:
        raise UnreadableRows(f"The file begins like a JSON array but is broken: {error}.") from None
    if not items:
        raise UnreadableRows("The JSON array in this file is empty.")
    for number, item in enumerate(items, start=1):
        yield _read_value(f"item {number}", item)


def _read_lines(file: IO[bytes]) -> Iterator[ParsedTask | RefusedRow]:
    """Read one row per line, skipping blank ones; a single object over many lines is one row."""
    refused_first: list[RefusedRow] = []
    any_row = any_content = False
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        any_content = True
        result = _read_line(f"line {number}", line)
        if isinstance(result, ParsedTask) and not any_row:
            any_row = True
            yield from refused_first
        if any_row or len(refused_first) >= _LINES_BEFORE_A_ROW:
            yield result
        elif isinstance(result, RefusedRow):
            refused_first.append(result)
    if not any_content:
        raise UnreadableRows("The file is empty.")
    if not any_row:
        yield from _read_one_object(file) or refused_first


# So many refused lines are held back, in case the file is one pretty-printed object.
_LINES_BEFORE_A_ROW = 2_000


def _read_one_object(file: IO[bytes]) -> list[ParsedTask | RefusedRow]:
    file.seek(0)
    try:
        value = _parse_json(file.read().decode("utf-8-sig"))
    except (_BadRow, UnicodeDecodeError):
        return []
    return [_read_value("line 1", value)]


def _read_line(place: str, line: bytes) -> ParsedTask | RefusedRow:
    try:
        text = line.decode("utf-8-sig" if place == "line 1" else "utf-8").strip()
    except UnicodeDecodeError as error:
        return RefusedRow(place, f"Not valid UTF-8 (byte {error.start + 1} of the line).")
    if _LFS_POINTER.match(text):
        return RefusedRow(place, "A line of a Git LFS pointer, not a row: run `git lfs pull`.")
    try:
        value = _parse_json(text)
    except _BadRow as error:
        return RefusedRow(place, f"{error}.")
    return _read_value(place, value)


def _read_parquet(file: IO[bytes]) -> Iterator[ParsedTask | RefusedRow]:
    # Slow to import, and only Parquet files need it.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        batches = pq.ParquetFile(file).iter_batches(batch_size=50)
        number = 0
        for batch in batches:
            for item in batch.to_pylist():
                number += 1
                yield _read_value(f"row {number}", _plain(item))
    except (pa.ArrowException, OSError) as error:
        raise UnreadableRows(f"The file is broken Parquet: {error}.") from None


def _plain(value: Any) -> Any:
    """Turn what Parquet has and JSON has not into text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _parse_json(text: str) -> Any:
    """Parse strict JSON: no NaN, no key twice in one object."""
    try:
        return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except RecursionError:
        raise _BadRow("The JSON is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise _BadRow(f"Not valid JSON: {error.msg} at column {error.colno}") from None
    except ValueError as error:
        raise _BadRow(f"Not valid JSON: {error}") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> Row:
    row = dict(pairs)
    if len(row) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _BadRow(f"The key {twice!r} stands twice in one object")
    return row


def _refuse_constant(name: str) -> Any:
    raise _BadRow(f"{name} is not JSON")


# --- one row -----------------------------------------------------------------------------------


def _read_value(place: str, value: Any) -> ParsedTask | RefusedRow:
    if not isinstance(value, dict):
        return RefusedRow(place, f"Not an object but {_type_name(value)}.")
    instance_id = value.get("instance_id")
    known_id = instance_id if isinstance(instance_id, str) else ""
    try:
        return _read_row(place, value)
    except _BadRow as error:
        return RefusedRow(place, f"{error}.", known_id[:300])


def _read_row(place: str, row: Row) -> ParsedTask:
    _refuse_surrogates(row)
    shape = next((name for keys, name in _OTHER_SHAPES if keys <= row.keys()), "")
    if shape and "patch" not in row:
        raise _BadRow(f"This looks like {shape}; it is not read yet")
    return ParsedTask(
        place=place,
        instance_id=_required(row, "instance_id", _INSTANCE_ID),
        repo=_required(row, "repo", _REPO),
        base_commit=_required(row, "base_commit", _COMMIT).lower(),
        environment_setup_commit=_optional_commit(row, "environment_setup_commit"),
        version=_text(row, "version"),
        problem_statement=_required(row, "problem_statement"),
        hints_text=_text(row, "hints_text"),
        patch=_required(row, "patch"),
        test_patch=_text(row, "test_patch"),
        fail_to_pass=_test_list(row, "fail_to_pass"),
        pass_to_pass=_test_list(row, "pass_to_pass"),
        created_at=_text(row, "created_at"),
        difficulty=_text(row, "difficulty"),
        extra={key: item for key, item in row.items() if key not in _OWN_KEYS},
        row=row,
    )


def _required(row: Row, key: str, pattern: re.Pattern[str] | None = None) -> str:
    if row.get(key) is None:
        raise _BadRow(f"The row has no {key}")
    text = _text(row, key)
    if not text.strip():
        raise _BadRow(f"{key} is empty")
    if pattern is not None and not pattern.fullmatch(text):
        raise _BadRow(f"{key} is not usable: {text[:80]!r}")
    return text


def _text(row: Row, key: str) -> str:
    """Return a text; whole numbers are taken as text (a version such as 13704), others refused."""
    value = row.get(key)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        # 3.10 as a number is 3.1: what the version was cannot be told any more.
        raise _BadRow(f"{key} is {_type_name(value)}; it must be text")
    limit = _TEXT_LIMITS.get(key)
    if limit and len(value) > limit:
        raise _BadRow(f"{key} is longer than {limit} characters")
    return value


def _optional_commit(row: Row, key: str) -> str:
    text = _text(row, key).strip()
    if text and not _COMMIT.fullmatch(text):
        raise _BadRow(f"{key} is not a commit: {text[:80]!r}")
    return text.lower()


def _test_list(row: Row, name: str) -> tuple[str, ...] | None:
    """Return test ids given as an array, as JSON in a text, or as a Python list in a text."""
    key = next((key for key in _LIST_KEYS[name] if row.get(key) is not None), "")
    value = row.get(key)
    if isinstance(value, str):
        if not value.strip():
            return None
        value = _list_in_text(value)
    if value is None and not key:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _BadRow(f"{key} is no list of test ids")
    return tuple(value)


def _list_in_text(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _refuse_surrogates(row: Row) -> None:
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _BadRow("The row holds half of a surrogate pair, which is no character") from None


def _type_name(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "text", bool: "true or false"}
    return "null" if value is None else names.get(type(value), "a number")
