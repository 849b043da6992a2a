from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.events import record
from accounts.models import User
from annotator.querysets import AssignmentQuerySet
from trajectories.models import Batch, BatchTrajectory


class BatchPolicy(models.Model):
    """How the trajectories of a batch are annotated."""

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, related_name="policy")
    guideline = models.TextField(blank=True, help_text="Markdown.")
    overlap = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text="Annotators per trajectory.",
    )
    # What a submission of this batch holds; see docs/schema.md.
    schema_version = models.PositiveSmallIntegerField(
        default=3, choices=[(2, "2: steps and evidence"), (3, "3: the whole reasoning")]
    )
    # Which list of kinds of misstep is offered; see annotator/missteps.py.
    misstep_list = models.PositiveSmallIntegerField(default=1)
    checks = models.JSONField(default=dict, help_text="Check id to false where it is off.")
    due_on = models.DateField(null=True, blank=True)
    weekly_hours_target = models.PositiveSmallIntegerField(null=True, blank=True)
    # Gold patch, verdicts and hints stay hidden until a first diagnosis is committed.
    blind_first = models.BooleanField(default=False)
    # A longer pause in use counts only if the person says that they were working; docs/time.md.
    idle_minutes = models.PositiveSmallIntegerField(
        default=5, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )

    class Meta:
        verbose_name_plural = "batch policies"

    def __str__(self) -> str:
        return f"policy of {self.batch}"


class AssignmentState(models.TextChoices):
    ACTIVE = "active", "In progress"
    SUBMITTED = "submitted"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    RELEASED = "released"


WRITABLE_STATES = (AssignmentState.ACTIVE, AssignmentState.CHANGES_REQUESTED)


class WrongState(Exception):
    """The assignment is not in a state that allows the change."""


class Assignment(models.Model):
    """One annotator's job on one trajectory of a batch."""

    membership = models.ForeignKey(
        BatchTrajectory, on_delete=models.PROTECT, related_name="assignments"
    )
    annotator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assignments"
    )
    slot = models.PositiveSmallIntegerField(help_text="From 1 to the batch's overlap.")
    state = models.CharField(max_length=20, choices=AssignmentState, default=AssignmentState.ACTIVE)
    claimed_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["-claimed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "slot"],
                condition=~Q(state=AssignmentState.RELEASED),
                name="assignment_slot_once",
            ),
            models.UniqueConstraint(
                fields=["membership", "annotator"],
                condition=~Q(state=AssignmentState.RELEASED),
                name="assignment_annotator_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.annotator} on {self.membership}"

    @property
    def is_writable(self) -> bool:
        return self.state in WRITABLE_STATES

    def submit(self, actor: User) -> None:
        self._move(actor, AssignmentState.SUBMITTED, allowed=WRITABLE_STATES)

    def release(self, actor: User) -> None:
        """Give the slot back; what was written stays with the released assignment."""
        self._move(actor, AssignmentState.RELEASED, allowed=WRITABLE_STATES)

    def approve(self, actor: User) -> None:
        self._move(actor, AssignmentState.APPROVED, allowed=(AssignmentState.SUBMITTED,))

    def request_changes(self, actor: User) -> None:
        self._move(actor, AssignmentState.CHANGES_REQUESTED, allowed=(AssignmentState.SUBMITTED,))

    def reject(self, actor: User) -> None:
        self._move(actor, AssignmentState.REJECTED, allowed=(AssignmentState.SUBMITTED,))

    def _move(self, actor: User, state: AssignmentState, *, allowed: tuple[str, ...]) -> None:
        """Change the state if it is one of `allowed`, with its event, or raise WrongState."""
        before = self.state
        changed = Assignment.objects.filter(pk=self.pk, state__in=allowed).update(
            state=state, changed_at=timezone.now()
        )
        if not changed:
            self.refresh_from_db(fields=["state"])
            raise WrongState(f"This assignment is {self.get_state_display().lower()}.")
        self.state = state
        record(actor, f"assignment {state.value}", self, before=before, after=state.value)
