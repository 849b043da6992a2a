from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import models


class Repository(models.Model):
    """A repository that tasks are taken from, and where its bare mirror is fetched from."""

    name = models.CharField(max_length=200, unique=True, help_text="owner/name")
    source = models.CharField(max_length=1000, help_text="URL or local path")
    fetched_at = models.DateTimeField(null=True, blank=True)
    # Why the last fetch failed; empty once one succeeded.
    fetch_error = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "repositories"

    def __str__(self) -> str:
        return self.name

    @property
    def mirror_path(self) -> Path:
        """The bare mirror's folder; it exists once the repository has been fetched."""
        mirrors: Path = settings.RETRACE_DATA / "mirrors"
        return mirrors / f"{self.name.replace('/', '__')}.git"
