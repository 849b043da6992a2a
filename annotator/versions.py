"""Submissions of earlier versions of the schema: version 3 with what they lack left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annotator.details import details_of

Content = dict[str, Any]
_WHOLE = ("task", "trajectory", "first_diagnosis", "diagnosis_committed_at", "edit_count")


def as_version(content: Mapping[str, Any], version: int) -> Content:
    """Return content of version 3 as an earlier version holds it. Pure; raises nothing."""
    if version >= 3:
        return dict(content)
    judged = {row["step"]: row["judgement"] for row in content["judgements"]}
    kept = {name: content[name] for name in _WHOLE}
    steps = [_step(step, judged, version) for step in content["reasoning_steps"]]
    return {"schema_version": version, **kept, "reasoning_steps": steps}


def _step(step: Mapping[str, Any], judged: Mapping[int, str], version: int) -> Content:
    names = ("uid", "kind", "claim", "rationale")
    probes = {"probes": step["probes"]} if version == 2 else {}
    # Version 1 knows no claims that were executed, so nothing can cite them.
    citations = [cited for cited in step["citations"] if version == 2 or cited["kind"] != "probe"]
    return {
        **{name: step[name] for name in names},
        "citations": citations,
        "options": [
            {name: option[name] for name in ("title", "for", "against", "chosen")}
            for option in step["options"]
        ],
        "covers": [{"step": n, "judgement": judged.get(n, "")} for n in step["covers"]],
        **probes,
    }


def as_latest(content: Mapping[str, Any]) -> Content:
    """Return content of any version in the shape of version 3; what it never had is empty.

    Fields that a pre-annotation leaves out stay out.
    """
    if content.get("schema_version", 3) >= 3:
        return dict(content)
    steps = content.get("reasoning_steps", ())
    judgements = {
        cover["step"]: cover["judgement"]
        for step in steps
        for cover in step.get("covers", ())
        if cover["judgement"]
    }
    return {
        **content,
        "schema_version": 3,
        "judgements": [
            {
                "step": number,
                "judgement": judgement,
                "misstep": "",
                "should_have": "",
                "is_decisive": False,
            }
            for number, judgement in sorted(judgements.items())
        ],
        "reasoning_steps": [_latest_step(step) for step in steps],
    }


def _latest_step(step: Mapping[str, Any]) -> Content:
    return {
        "probes": [],
        "relations": [],
        **step,
        "details": details_of(step["kind"], {}),
        "options": [
            {**option, "considered_by": "", "evidence": []} for option in step.get("options", ())
        ],
        "covers": [cover["step"] for cover in step.get("covers", ())],
    }
