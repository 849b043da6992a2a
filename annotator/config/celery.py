"""The Celery application: `celery --app annotator.config worker --queues default` (or `runs`)."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.config.settings.local")

app = Celery("retrace")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
