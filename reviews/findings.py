"""What the checks found in a submission, and which findings its annotator lets stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils import timezone

from annotator.checks import ALL_CHECKS, Severity
from annotator.contexts.findings import LABELS, TONES
from annotator.contexts.places import GONE, Link, Places
from annotator.hunks import HunkRef, read_hunk
from annotator.models import CheckReport, Submission
from reviews.content import Content, find_step, step_title

# A worker that has not reported by then will not; the page stops to ask.
PATIENCE: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class FindingView:
    """A finding as it stood at submission; `reason` is why the annotator lets it stand."""

    title: str
    message: str
    where: Link
    severity: Severity | None
    reason: str = ""
    # Waived, but the check ran and finds nothing there.
    is_moot: bool = False

    @property
    def tone(self) -> str:
        return TONES[self.severity] if self.severity else ""

    @property
    def label(self) -> str:
        return LABELS[self.severity] if self.severity else ""


@dataclass(frozen=True)
class FindingsView:
    """The report of the checks, and the waivers, which the submission holds itself."""

    submission: Submission
    findings: tuple[FindingView, ...]
    waived: tuple[FindingView, ...]
    # Title of each check that ran, and what it looks at.
    checked: tuple[tuple[str, str], ...]
    is_done: bool
    is_awaited: bool
    failure: str = ""

    @property
    def counts(self) -> tuple[tuple[str, str, int], ...]:
        """Return tone, words and number of findings for each severity that there is."""
        totals = {each: sum(row.severity is each for row in self.findings) for each in Severity}
        words = {
            Severity.BLOCK: "blocking",
            Severity.WARN: "warning" if totals[Severity.WARN] == 1 else "warnings",
            Severity.INFORM: "to look at",
        }
        return tuple((TONES[each], words[each], n) for each, n in totals.items() if n)


def report_of(submission: Submission) -> CheckReport | None:
    """Return what a worker found, or None as long as none has run the checks."""
    return CheckReport.objects.filter(submission=submission).first()


def findings_view(submission: Submission, places: Places) -> FindingsView:
    """Show the report of the checks (one query); `places` are those of the page it stands on."""
    report = report_of(submission)
    content = submission.content
    found = report.findings if report else []
    waived = report.waived if report else []
    return FindingsView(
        submission=submission,
        findings=tuple(_view(row, content, places) for row in found),
        waived=(
            *(_view(row, content, places) for row in waived),
            *_others(waived, content, places, report.checked if report else ()),
        ),
        checked=tuple(_check(each) for each in (report.checked if report else ())),
        is_done=report is not None,
        is_awaited=report is None and timezone.now() - submission.submitted_at < PATIENCE,
        failure=report.failure if report else "",
    )


def place_link(content: Content, key: str, places: Places) -> Link:
    """Name what a finding is about, with a link to where that is shown."""
    step, field, part = [*key.split("/", 2), "", ""][:3]
    if step:
        is_there = find_step(content, step) is not None
        return (
            Link(step_title(content, step), f"#{places.anchor}{step}") if is_there else Link(GONE)
        )
    match field:
        case "judgements":
            name = f"step {part}" if part else "the agent’s steps"
            return Link(name, "#judgements")
        case "first_diagnosis":
            return Link("the first diagnosis", "#diagnosis" if content["first_diagnosis"] else "")
        case "tests" if part:
            return places.test(part)
        case "hunks" if part:
            return _hunk(part, places)
        case "root_cause" | "steps" | "":
            return Link(
                {"root_cause": "the root cause", "steps": "the chain"}.get(field, "the whole")
            )
        case _:
            return Link(field.replace("_", " "), "#overview")


def _hunk(key: str, places: Places) -> Link:
    with suppress(ValidationError):
        return places.hunk(HunkRef(**read_hunk(key)))
    return Link(key)


def _view(row: Mapping[str, Any], content: Content, places: Places) -> FindingView:
    return FindingView(
        title=_check(row["check"])[0],
        message=row["message"],
        where=place_link(content, row["place"], places),
        severity=Severity(row["severity"]),
        reason=row.get("reason", ""),
    )


def _others(
    waived: list[dict[str, Any]], content: Content, places: Places, checked: Collection[str]
) -> list[FindingView]:
    """Show the waivers that no finding of the report goes with."""
    named = {(row["check"], row["place"]) for row in waived}
    return [
        FindingView(
            title=_check(each["check"])[0],
            message="",
            where=place_link(content, each["place"], places),
            severity=None,
            reason=each["reason"],
            is_moot=each["check"] in checked,
        )
        for each in content.get("waivers", ())
        if (each["check"], each["place"]) not in named
    ]


def _check(check_id: str) -> tuple[str, str]:
    """Return title and description of a check; one that is not there any more is its id."""
    check = next((each for each in ALL_CHECKS if each.id == check_id), None)
    return (check.title, check.tells) if check else (check_id, "")
