"""What a submission holds, and what keeps an annotation from being one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.db.models import Prefetch, QuerySet
from jsonschema import Draft202012Validator

from annotator.citations.anchors import Anchors
from annotator.citations.checking import anchors_of_rows, problem_of
from annotator.details import details_of
from annotator.frozen_probes import frozen_probe, is_open
from annotator.models import Annotation, Citation, ReasoningKind, ReasoningStep, StepProbe
from annotator.overview import as_content
from annotator.versions import as_version
from trajectories.models import TaskRevision, Trajectory
from validation.models import Probe

SCHEMA_VERSION = 3
# Submissions keep the version that they were handed in with.
SCHEMA_VERSIONS = (1, 2, 3)
SCHEMA_FOLDER = Path(__file__).parent / "schema"

Content = dict[str, Any]


@cache
def submission_schema(version: int = SCHEMA_VERSION) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a submission's content."""
    file = SCHEMA_FOLDER / f"submission-{version}.json"
    schema: dict[str, Any] = json.loads(file.read_text())
    return schema


def schema_violations(content: Content) -> list[str]:
    """Return where the content breaks its version's schema, as `path: reason`; else nothing."""
    version = content.get("schema_version")
    known = version if version in SCHEMA_VERSIONS else SCHEMA_VERSION
    validator = Draft202012Validator(submission_schema(known))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)]


def canonical_sha256(content: Content) -> str:
    """Return the SHA-256 of the content as JSON with sorted keys and no white space."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def live_steps(annotation: Annotation) -> list[ReasoningStep]:
    """Return the chain in order, with citations and probes (five queries at most)."""
    return [step for step in live_rows(annotation) if step.kind != ReasoningKind.ROOT_CAUSE]


def live_rows(annotation: Annotation) -> list[ReasoningStep]:
    """Return the chain and the root cause, which may stand anywhere in the list."""
    citations = Citation.objects.filter(deleted_at=None).order_by("pk")
    return list(
        annotation.reasoning_steps.filter(deleted_at=None).prefetch_related(
            Prefetch("citations", queryset=citations, to_attr="live_citations"),
            Prefetch("step_probes", queryset=live_probes(), to_attr="live_probes"),
        )
    )


def live_probes() -> QuerySet[StepProbe]:
    """Select the checks that were not removed, with their probes and results."""
    probes = Prefetch("probe", Probe.objects.with_results())
    return StepProbe.objects.filter(deleted_at=None).order_by("pk").prefetch_related(probes)


def build_content(annotation: Annotation, version: int = SCHEMA_VERSION) -> Content:
    """Return the annotation as the JSON that a submission of that version freezes."""
    trajectory = annotation.assignment.membership.trajectory
    committed_at = annotation.diagnosis_committed_at
    rows = live_rows(annotation)
    root_cause = next((row for row in rows if row.kind == ReasoningKind.ROOT_CAUSE), None)
    content = {
        "schema_version": SCHEMA_VERSION,
        "task": _task(trajectory.task_revision),
        "trajectory": _trajectory(trajectory),
        "first_diagnosis": annotation.first_diagnosis,
        "diagnosis_committed_at": committed_at.isoformat() if committed_at else None,
        "edit_count": annotation.edit_count,
        "overview": as_content(annotation.overview),
        "root_cause": _root_cause(root_cause) if root_cause else None,
        "misstep_list": misstep_list_of(annotation),
        "judgements": [
            {"step": int(step), **judged}
            for step, judged in sorted(annotation.judgements.items(), key=lambda row: int(row[0]))
        ],
        "waivers": waivers_of(annotation),
        "reasoning_steps": [_step(row) for row in rows if row is not root_cause],
    }
    return as_version(content, version)


def waivers_of(annotation: Annotation) -> list[Content]:
    """Return what the annotator lets stand: check, place and reason."""
    return [_waiver(key, reason) for key, reason in sorted(annotation.waivers.items())]


def misstep_list_of(annotation: Annotation) -> int:
    """Return the version of the list of missteps that the batch uses."""
    policy = getattr(annotation.assignment.membership.batch, "policy", None)
    return policy.misstep_list if policy else 1


def schema_version_of(annotation: Annotation) -> int:
    """Return the version that the batch's submissions have."""
    policy = getattr(annotation.assignment.membership.batch, "policy", None)
    return policy.schema_version if policy else SCHEMA_VERSION


def _task(revision: TaskRevision) -> Content:
    return {
        "instance_id": revision.task.instance_id,
        "base_commit": revision.base_commit,
        "revision": revision.number,
        "content_sha256": revision.content_sha256,
    }


def _trajectory(trajectory: Trajectory) -> Content:
    return {
        "format": trajectory.format,
        "source_file_sha256": trajectory.source_file.sha256,
        "item_key": trajectory.item_key,
        "n_steps": trajectory.n_steps,
    }


def _waiver(key: str, reason: str) -> Content:
    check, _, place = key.partition("|")
    return {"check": check, "place": place, "reason": reason}


def _root_cause(step: ReasoningStep) -> Content:
    return {
        "uid": str(step.uid),
        "claim": step.claim,
        "rationale": step.rationale,
        **details_of(step.kind, step.details),
        **_evidence(step),
    }


def _step(step: ReasoningStep) -> Content:
    is_decision = step.kind == ReasoningKind.DECISION
    return {
        "uid": str(step.uid),
        "kind": step.kind,
        "claim": step.claim,
        "rationale": step.rationale,
        "details": details_of(step.kind, step.details),
        # A step that is no decision any more keeps its options in the draft, for a change of mind.
        "options": [_option(option) for option in step.options] if is_decision else [],
        "covers": step.covers,
        "relations": step.relations,
        **_evidence(step),
    }


def _option(option: Content) -> Content:
    """Return an option; those of earlier versions of the schema lack the last two fields."""
    return {"considered_by": "", "evidence": [], **option}


def _evidence(step: ReasoningStep) -> Content:
    return {
        "citations": [_citation(citation) for citation in step.live_citations],  # type: ignore[attr-defined]
        "probes": [frozen_probe(each) for each in step.live_probes],  # type: ignore[attr-defined]
    }


def _citation(citation: Citation) -> Content:
    return {
        "uid": str(citation.uid),
        "kind": citation.kind,
        "target": citation.target,
        "quote": citation.quote,
        "prefix": citation.prefix,
        "suffix": citation.suffix,
        "start": citation.start,
        "end": citation.end,
        "content_sha256": citation.content_sha256,
    }


@dataclass(frozen=True)
class Problem:
    """What keeps an annotation from being handed in: a sentence.

    `check` is the id of the check that looks for the same, or empty where none does.
    """

    sentence: str
    check: str = ""


def problems(annotation: Annotation) -> list[Problem]:
    """Return what has to be mended before handing in, whatever the batch has switched off."""
    steps = live_steps(annotation)
    found = (
        [] if steps else [Problem("There is no reasoning step yet; press n to write the first.")]
    )
    if _needs_diagnosis(annotation):
        diagnosis = "The first diagnosis is not committed yet; this batch asks for it."
        found.append(Problem(diagnosis, "diagnosis-committed"))
    trajectory = annotation.assignment.membership.trajectory
    cited = (citation for step in steps for citation in step.live_citations)  # type: ignore[attr-defined]
    anchors = anchors_of_rows(cited, trajectory)
    for number, step in enumerate(steps, start=1):
        found += [
            Problem(f"R{number} {says}", check)
            for check, says in _step_problems(step, trajectory, anchors)
        ]
    # The schema has the last word, where nothing that a person can name is wrong.
    return found or [Problem(each) for each in schema_violations(build_content(annotation))]


def _needs_diagnosis(annotation: Annotation) -> bool:
    policy = getattr(annotation.assignment.membership.batch, "policy", None)
    return bool(policy and policy.blind_first and annotation.diagnosis_committed_at is None)


def _step_problems(
    step: ReasoningStep, trajectory: Trajectory, anchors: Anchors
) -> Iterator[tuple[str, str]]:
    """Yield check ids with what is wrong with a reasoning step."""
    if not step.claim.strip():
        yield "claim-present", "has no claim; say in one line what it states."
    if step.kind == ReasoningKind.DECISION:
        yield from (("decision-shape", says) for says in _option_problems(step.options))
    unknown = [str(number) for number in step.covers if not 1 <= number <= trajectory.n_steps]
    if unknown:
        yield (
            "steps-agree",
            f"covers step {', '.join(unknown)}, but the trajectory has {trajectory.n_steps} steps.",
        )
    if any(is_open(each) for each in step.live_probes):  # type: ignore[attr-defined]
        yield "", "has a check that still runs; wait for its result, or remove it."
    for citation in step.live_citations:  # type: ignore[attr-defined]
        if problem := problem_of(citation, trajectory, anchors):
            yield "citation-resolves", f"cites “{citation.quote[:60]}”: {problem}"


def _option_problems(options: list[Content]) -> Iterator[str]:
    if len(options) < 2:
        yield "is a decision with fewer than two options; name what it was decided against."
    elif sum(bool(option["chosen"]) for option in options) != 1:
        yield "is a decision without a chosen option; mark the one that was taken."
    if any(not option["title"].strip() for option in options):
        yield "has an option without a title."
