"""The checks of evidence: what is cited, named, counted and claimed against what is there."""

from __future__ import annotations

from annotator.checks.base import Check
from annotator.checks.citations import CitationResolves
from annotator.checks.coverage import HunkExplained, RootCauseCited, TestAccounted
from annotator.checks.names import LineNumberCited, NameExists
from annotator.checks.outcomes import EvidenceAtTree, OutcomeAgrees, ProbeAsClaimed

EVIDENCE_CHECKS: tuple[Check, ...] = (
    CitationResolves(),
    EvidenceAtTree(),
    OutcomeAgrees(),
    ProbeAsClaimed(),
    RootCauseCited(),
    HunkExplained(),
    TestAccounted(),
    NameExists(),
    LineNumberCited(),
)
