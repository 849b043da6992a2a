"""Content that may lack fields: a pre-annotation, brought into the whole shape of version 3."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from annotator.details import details_of
from annotator.overview import as_content, from_content
from annotator.submissions import SCHEMA_VERSION, SCHEMA_VERSIONS, submission_schema
from annotator.versions import as_latest

Content = dict[str, Any]

# What an object cannot do without, by its definition in the schema; all else may be missing.
_NEEDED = {
    "reasoning_step": ["kind"],
    "citation": ["kind", "target", "quote"],
    "judgement": ["step", "judgement"],
    "waiver": ["check", "place", "reason"],
    "relation": ["type", "to"],
    "hunk": ["which", "path", "old_start", "old_count", "new_start", "new_count"],
    "probe": ["tree", "expectation"],
}
MOST_CLAIM_CHARS = 500
# The largest integer of a column.
_LARGEST = 2**31 - 1
# What a whole submission has to fulfil, and a part of one need not.
_OF_WHOLES = ("required", "minItems", "minLength", "contains", "maxContains", "if", "then", "else")


class BadContent(Exception):
    """Content that breaks the schema; the message names the place in it."""


def completed(content: Mapping[str, Any]) -> Content:
    """Return content in the shape of version 3, with empty values for what is missing.

    Raise BadContent for what the schema of its version does not know at all.
    """
    version = _version(content)
    problems = list(_validator(version).iter_errors(content))
    if problems:
        worst = min(problems, key=lambda problem: (problem.json_path, problem.message))
        raise BadContent(
            f"{worst.json_path} does not fit version {version} of the schema: {worst.message[:300]}"
        )
    if too_large := next(_too_large(content), None):
        raise BadContent(f"{too_large} is a number that nothing here can have; mend it.")
    latest = as_latest({**content, "schema_version": version})
    if trouble := next(_troubles(latest), None):
        raise BadContent(trouble)
    steps = [_step(step) for step in latest.get("reasoning_steps", ())]
    root_cause = latest.get("root_cause")
    return {
        "first_diagnosis": "",
        "diagnosis_committed_at": None,
        "edit_count": 0,
        "misstep_list": 1,
        "waivers": [],
        **latest,
        "schema_version": SCHEMA_VERSION,
        "judgements": [_judgement(row) for row in latest.get("judgements", ())],
        "overview": as_content(from_content(latest.get("overview") or {})),
        "root_cause": _root_cause(root_cause) if root_cause else None,
        "reasoning_steps": steps,
    }


def _troubles(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield what no schema says: claims that are too long, and uids that name two things."""
    seen = set()
    root_cause = content.get("root_cause")
    cards = [*content.get("reasoning_steps", ()), *([root_cause] if root_cause else [])]
    for card in cards:
        claim = " ".join(card.get("claim", "").split())
        if len(claim) > MOST_CLAIM_CHARS:
            yield (
                f"The claim “{claim[:60]}…” has {len(claim)} characters of {MOST_CLAIM_CHARS} at "
                "the most; say it in one line, and the rest in the rationale."
            )
        for part in (card, *card.get("citations", ()), *card.get("probes", ())):
            uid = part.get("uid")
            if uid in seen:
                yield f"The uid {uid} stands twice; give each step, citation and probe its own."
            if uid:
                seen.add(uid)


def is_partial(content: Mapping[str, Any]) -> bool:
    """Tell whether content lacks what a submission of its version has."""
    version = _version(content)
    return not Draft202012Validator(submission_schema(version)).is_valid(content)


def _version(content: Mapping[str, Any]) -> int:
    version = content.get("schema_version", SCHEMA_VERSION)
    if version not in SCHEMA_VERSIONS or isinstance(version, bool):
        known = ", ".join(map(str, SCHEMA_VERSIONS))
        raise BadContent(f"$.schema_version is {version!r:.40}; the versions {known} are known.")
    return int(version)


def _too_large(value: Any, path: str = "$") -> Iterator[str]:
    """Yield the paths of integers that the database cannot keep."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _too_large(part, f"{path}.{key}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _too_large(part, f"{path}[{number}]")
    elif isinstance(value, int) and abs(value) > _LARGEST:
        yield path


@cache
def _validator(version: int) -> Draft202012Validator:
    schema = _loosened(copy.deepcopy(submission_schema(version)))
    for name, needed in _NEEDED.items():
        if name in schema["$defs"]:
            schema["$defs"][name]["required"] = needed
    return Draft202012Validator(schema)


def _loosened(schema: Any) -> Any:
    """Take out of a schema what only whole submissions fulfil, but keep targets and conditions.

    The conditions of `allOf` say which target belongs to which kind of citation, and are kept.
    """
    if isinstance(schema, list):
        return [_loosened(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    is_condition = "if" in schema and set(schema) <= {"if", "then", "else"}
    return {
        key: _kept(key, value)
        for key, value in schema.items()
        if is_condition or key not in _OF_WHOLES or (key == "required" and "run" in value)
    }


def _kept(key: str, value: Any) -> Any:
    if key == "$defs":
        return {
            name: part if name.endswith("_target") or name == "expectation" else _loosened(part)
            for name, part in value.items()
        }
    return value if key == "if" else _loosened(value)


# --- filling in -------------------------------------------------------------------------------


def _step(step: Mapping[str, Any]) -> Content:
    return {
        **_card(step),
        "kind": step["kind"],
        "details": details_of(step["kind"], step.get("details", {})),
        "options": [_option(option) for option in step.get("options", ())],
        "covers": sorted(set(step.get("covers", ()))),
        "relations": list(step.get("relations", ())),
    }


def _root_cause(card: Mapping[str, Any]) -> Content:
    return {**_card(card), "elsewhere": card.get("elsewhere", "")}


def _card(card: Mapping[str, Any]) -> Content:
    return {
        "uid": card.get("uid") or str(uuid.uuid4()),
        "claim": " ".join(card.get("claim", "").split()),
        "rationale": card.get("rationale", ""),
        "citations": [_citation(citation) for citation in card.get("citations", ())],
        "probes": [_probe(probe) for probe in card.get("probes", ())],
    }


def _option(option: Mapping[str, Any]) -> Content:
    empty = {"title": "", "for": "", "against": "", "considered_by": "", "chosen": False}
    return {**empty, "evidence": [], **option}


def _judgement(row: Mapping[str, Any]) -> Content:
    return {"misstep": "", "should_have": "", "is_decisive": False, **row}


def _citation(citation: Mapping[str, Any]) -> Content:
    length = len(citation["quote"])
    filled = {"prefix": "", "suffix": "", "start": 0, "end": length, "content_sha256": ""}
    return {"uid": str(uuid.uuid4()), **filled, **citation}


def _probe(probe: Mapping[str, Any]) -> Content:
    empty = {"with_test_patch": True, "extra_patch": "", "command": "", "test_ids": []}
    return {"uid": str(uuid.uuid4()), **empty, "result": None, **probe}
