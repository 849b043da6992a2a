"""What the checks found in a submission, and which findings its annotator lets stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from annotator.checks import ALL_CHECKS, Severity
from annotator.contexts.findings import JUDGEMENTS, LABELS, TONES
from annotator.contexts.places import GONE, Link
from annotator.models import CheckReport, Submission
from reviews.content import find_step, step_title

# A worker that has not reported by then will not; the page stops to ask.
PATIENCE: Final = timedelta(minutes=15)
# What a place names that is no reasoning step, and where the page shows it.
_CARDS: Final = {JUDGEMENTS: "the agent’s steps", "diagnosis": "the first diagnosis"}


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
        words = {
            Severity.BLOCK: "blocking",
            Severity.WARN: "warnings",
            Severity.INFORM: "to look at",
        }
        totals = {each: sum(row.severity is each for row in self.findings) for each in words}
        return tuple((TONES[each], words[each], n) for each, n in totals.items() if n)


def report_of(submission: Submission) -> CheckReport | None:
    """Return what a worker found, or None as long as none has run the checks."""
    return CheckReport.objects.filter(submission=submission).first()


def findings_view(submission: Submission) -> FindingsView:
    """Show the report of the checks (one query)."""
    report = report_of(submission)
    content = submission.content
    found = report.findings if report else []
    waived = report.waived if report else []
    return FindingsView(
        submission=submission,
        findings=tuple(_view(row, content) for row in found),
        waived=(
            *(_view(row, content) for row in waived),
            *_others(waived, content, report.checked if report else ()),
        ),
        checked=tuple(_check(each) for each in (report.checked if report else ())),
        is_done=report is not None,
        is_awaited=report is None and timezone.now() - submission.submitted_at < PATIENCE,
        failure=report.failure if report else "",
    )


def place_link(content: Mapping[str, Any], key: str) -> Link:
    """Name what a finding is about, with a link to where the review page shows it."""
    step, field, part = [*key.split("/", 2), "", ""][:3]
    words = " ".join(word for word in (field.replace("_", " "), part) if word)
    if not step:
        card = field if field in _CARDS else "" if part else "overview"
        return Link(_CARDS.get(field) or words or "the whole", f"#{card}" if card else "")
    if find_step(dict(content), step) is None:
        return Link(GONE)
    return Link(step_title(dict(content), step), f"#reasoning-{step}")


def _view(row: Mapping[str, Any], content: Mapping[str, Any]) -> FindingView:
    return FindingView(
        title=_check(row["check"])[0],
        message=row["message"],
        where=place_link(content, row["place"]),
        severity=Severity(row["severity"]),
        reason=row.get("reason", ""),
    )


def _others(
    waived: list[dict[str, Any]], content: Mapping[str, Any], checked: Collection[str]
) -> list[FindingView]:
    """Show the waivers that no finding of the report goes with."""
    named = {(row["check"], row["place"]) for row in waived}
    return [
        FindingView(
            title=_check(each["check"])[0],
            message="",
            where=place_link(content, each["place"]),
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
