"""People and the log of what they did."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class Role(models.TextChoices):
    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    ADMIN = "admin"


class User(AbstractUser):
    """A person who signs in; the role decides which pages exist for them."""

    role = models.CharField(max_length=20, choices=Role, default=Role.ANNOTATOR)

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username

    @property
    def is_annotator(self) -> bool:
        return self.role == Role.ANNOTATOR

    @property
    def is_reviewer(self) -> bool:
        return self.role == Role.REVIEWER

    @property
    def is_admin(self) -> bool:
        return self.role == Role.ADMIN


class Event(models.Model):
    """Who did what to which object, when. Rows are added by `accounts.events.record` only.

    A trigger in the database refuses UPDATE and DELETE.
    """

    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="events")
    verb = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=60)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["object_type", "object_id"], name="event_object")]

    def __str__(self) -> str:
        return f"{self.verb} {self.object_type} {self.object_id}"
