"""Run the checks over an annotation."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from annotator.checks.base import Check, Finding, Severity, Subject

logger = logging.getLogger(__name__)
_ORDER = {Severity.BLOCK: 0, Severity.WARN: 1, Severity.INFORM: 2}


@dataclass(frozen=True)
class Waived:
    """A finding that the annotator lets stand, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True)
class Report:
    """What the checks found, the gravest first, what is waived, and the ids of what was checked.

    `broken` names checks that failed themselves: they say nothing about the annotation.
    """

    findings: tuple[Finding, ...]
    waived: tuple[Waived, ...]
    checked: tuple[str, ...]
    broken: tuple[str, ...] = ()

    @property
    def blocking(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.severity is Severity.BLOCK)

    def as_json(self) -> dict[str, Any]:
        """Return the report as it is stored."""
        return {
            "findings": [finding_as_json(each) for each in self.findings],
            "waived": [
                {**finding_as_json(each.finding), "reason": each.reason} for each in self.waived
            ],
            "checked": list(self.checked),
        }


def finding_as_json(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "severity": finding.severity.value, "place": finding.place.key}


def run_checks(
    subject: Subject, checks: Iterable[Check], switched_off: Collection[str] = ()
) -> Report:
    """Return what the checks find. One that fails is logged and named, and stops no other."""
    found: list[Finding] = []
    checked, broken = [], []
    for check in checks:
        if check.id in switched_off:
            continue
        try:
            found += check.find(subject)
        except Exception:
            logger.exception("The check %s failed", check.id)
            broken.append(check.id)
        else:
            checked.append(check.id)
    reasons = dict(_waivers(subject))
    standing = [each for each in found if not _is_waived(each, reasons)]
    waived = [Waived(e, reasons[e.check, e.place.key]) for e in found if _is_waived(e, reasons)]
    standing.sort(key=lambda each: _ORDER[each.severity])
    return Report(tuple(standing), tuple(waived), tuple(checked), tuple(broken))


def _waivers(subject: Subject) -> Iterator[tuple[tuple[str, str], str]]:
    for waiver in subject.content.get("waivers", ()):
        if waiver["reason"].strip():
            yield (waiver["check"], waiver["place"]), waiver["reason"]


def _is_waived(finding: Finding, reasons: Collection[tuple[str, str]]) -> bool:
    return finding.is_waivable and (finding.check, finding.place.key) in reasons
