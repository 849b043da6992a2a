from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from annotator.models.annotation import Annotation
from validation.models import Probe


class ReasoningKind(models.TextChoices):
    OBSERVATION = "observation"
    HYPOTHESIS = "hypothesis"
    EXPERIMENT = "experiment"
    DECISION = "decision"
    CHANGE = "change"
    VERIFICATION = "verification"
    DEAD_END = "dead_end", "Dead end"
    # Stands above the chain, once in an annotation: what the chain explains.
    ROOT_CAUSE = "root_cause", "Root cause"


CHAIN_KINDS = tuple(kind for kind in ReasoningKind if kind != ReasoningKind.ROOT_CAUSE)


class Relation(models.TextChoices):
    """What a reasoning step does to another one."""

    SUPPORTS = "supports"
    REFUTES = "refutes"
    ANSWERS = "answers"


class Judgement(models.TextChoices):
    """What a step of the trajectory was worth."""

    PRODUCTIVE = "productive"
    NEUTRAL = "neutral"
    MISSTEP = "misstep"


class ReasoningStep(models.Model):
    """One link of the chain from the issue to the change.

    `version` counts its edits; a save that names an older one is a conflict, never a loss.
    """

    annotation = models.ForeignKey(
        Annotation, on_delete=models.PROTECT, related_name="reasoning_steps"
    )
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    position = models.PositiveIntegerField(help_text="Order within the annotation; may have gaps.")
    kind = models.CharField(max_length=20, choices=ReasoningKind)
    claim = models.CharField(max_length=500, blank=True, help_text="One line.")
    rationale = models.TextField(blank=True, help_text="Markdown.")
    details = models.JSONField(
        default=dict, help_text="The fields of its kind: see annotator/details.py."
    )
    options = models.JSONField(
        default=list,
        help_text="Of a decision: [{title, for, against, considered_by, chosen, evidence}].",
    )
    relations = models.JSONField(
        default=list, help_text="[{type, to}]: uids of other reasoning steps."
    )
    covers = models.JSONField(default=list, help_text="Numbers of trajectory steps, sorted.")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["annotation", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["annotation"],
                condition=Q(kind=ReasoningKind.ROOT_CAUSE, deleted_at=None),
                name="reasoning_step_one_root_cause",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.claim}"

    def citation_uids(self) -> list[str]:
        """Return the citations that were not removed, as the card counts them (one query)."""
        live = self.citations.filter(deleted_at=None).order_by("pk")
        return [str(uid) for uid in live.values_list("uid", flat=True)]


class CitationKind(models.TextChoices):
    """What a citation points into; `Citation.target` holds the locator of that kind.

    file: tree, tree_id, path, start_line, end_line · patch: which, path, side, start_line,
    end_line · issue: – · thought: step · tool_call, observation: step, index · test: run, test_id ·
    probe: probe, run
    """

    FILE = "file"
    PATCH = "patch"
    ISSUE = "issue"
    THOUGHT = "thought"
    TOOL_CALL = "tool_call", "Tool call"
    OBSERVATION = "observation"
    TEST = "test", "Test outcome"
    PROBE = "probe", "Checked claim"


class Citation(models.Model):
    """Evidence that a reasoning step stands on, with the text that stood there when it was cited.

    `quote`, `prefix` and `suffix` are a W3C TextQuoteSelector; `start` and `end` a
    TextPositionSelector over the content whose SHA-256 is `content_sha256`.
    """

    reasoning_step = models.ForeignKey(
        ReasoningStep, on_delete=models.PROTECT, related_name="citations"
    )
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=20, choices=CitationKind)
    target = models.JSONField()
    quote = models.TextField()
    prefix = models.TextField(blank=True)
    suffix = models.TextField(blank=True)
    start = models.PositiveIntegerField(help_text="Characters from the start of the content.")
    end = models.PositiveIntegerField(help_text="Exclusive.")
    content_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["reasoning_step", "id"]
        constraints = [
            models.CheckConstraint(condition=~Q(quote=""), name="citation_has_quote"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} “{self.quote[:40]}”"


class StepProbe(models.Model):
    """A claim of a reasoning step that was, or is being, executed."""

    reasoning_step = models.ForeignKey(
        ReasoningStep, on_delete=models.PROTECT, related_name="step_probes"
    )
    probe = models.OneToOneField(Probe, on_delete=models.PROTECT, related_name="step_probe")
    # Of one that was loaded from a file: the result that it came with, until it is run here.
    imported = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["reasoning_step", "id"]

    def __str__(self) -> str:
        return f"{self.probe} of {self.reasoning_step}"
