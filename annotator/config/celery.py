"""The Celery application: `celery --app annotator.config worker --queues default` (or `runs`)."""

from __future__ import annotations

import os
import warnings

from celery import Celery
from celery.platforms import SecurityWarning  # type: ignore[attr-defined]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.config.settings.local")

# Celery warns root of messages that carry code; ours carry ids, as JSON, and what is foreign runs
# in a sandbox under another id.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("retrace")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
