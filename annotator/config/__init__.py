"""The Django project: settings, URLs, Celery, WSGI. It names the rooms only by string."""

from __future__ import annotations

from annotator.config.celery import app as celery_app

__all__ = ["celery_app"]
