"""What the checks found in a draft, as the workspace lists it."""

from __future__ import annotations

from dataclasses import dataclass

from annotator.checks import ALL_CHECKS, Finding, Report, Severity, check_annotation
from annotator.models import Annotation

JUDGEMENTS = "judgements"
TONES = {Severity.BLOCK: "bad", Severity.WARN: "warn", Severity.INFORM: ""}
LABELS = {
    Severity.BLOCK: "keeps it from being handed in",
    Severity.WARN: "warning",
    Severity.INFORM: "to look at",
}


@dataclass(frozen=True)
class FindingRow:
    """A finding with the card that it is about, and the reason where it is waived."""

    finding: Finding
    title: str
    reason: str = ""

    @property
    def card(self) -> str:
        """The uid of the step, `judgements`, or empty for the overview."""
        place = self.finding.place
        return place.step or (JUDGEMENTS if place.field == JUDGEMENTS else "")

    @property
    def href(self) -> str:
        if self.finding.place.step:
            return f"#r-{self.finding.place.step}"
        return f"#{self.card or 'overview'}"

    @property
    def tone(self) -> str:
        return TONES[self.finding.severity]

    @property
    def label(self) -> str:
        return LABELS[self.finding.severity]

    @property
    def offers_run(self) -> bool:
        return self.finding.offer.startswith("run")


@dataclass(frozen=True)
class Findings:
    """All that the checks found, what is waived, and how many of what there are."""

    annotation: Annotation
    rows: tuple[FindingRow, ...]
    waived: tuple[FindingRow, ...]
    n_checked: int
    broken: tuple[str, ...]
    is_writable: bool

    def _count(self, severity: Severity) -> int:
        return sum(row.finding.severity is severity for row in self.rows)

    @property
    def n_blocking(self) -> int:
        return self._count(Severity.BLOCK)

    @property
    def n_warnings(self) -> int:
        return self._count(Severity.WARN)

    @property
    def n_informing(self) -> int:
        return self._count(Severity.INFORM)


def findings_context(annotation: Annotation, *, is_writable: bool) -> Findings:
    """Check a draft as it is stored now."""
    return findings_of(annotation, check_annotation(annotation), is_writable=is_writable)


def findings_of(annotation: Annotation, report: Report, *, is_writable: bool) -> Findings:
    titles = {check.id: check.title for check in ALL_CHECKS}
    return Findings(
        annotation=annotation,
        rows=tuple(FindingRow(each, titles.get(each.check, "")) for each in report.findings),
        waived=tuple(
            FindingRow(each.finding, titles.get(each.finding.check, ""), each.reason)
            for each in report.waived
        ),
        n_checked=len(report.checked),
        broken=report.broken,
        is_writable=is_writable,
    )
