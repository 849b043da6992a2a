"""The test suite: the same servers and code paths, in a data folder of its own."""

from __future__ import annotations

import os

from annotator.config import env
from annotator.config.embedded import postgres_settings, redis_url
from annotator.config.settings.base import *  # noqa: F403
from annotator.config.settings.base import PROJECT_FOLDER, STORAGES

# RETRACE_DATA may name the folder of a running site: tests never write there, only beside it.
RETRACE_DATA = env.folder("RETRACE_DATA", PROJECT_FOLDER / "data") / "tests"
STATIC_ROOT = RETRACE_DATA / "static"
STORAGES = {
    **STORAGES,
    "default": {**STORAGES["default"], "OPTIONS": {"location": RETRACE_DATA / "files"}},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

SECRET_KEY = "only for tests, which hold nothing worth signing for"
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

DATABASES = {"default": postgres_settings(RETRACE_DATA)}
# Parallel test processes (gw0, gw1 …) share the server, not its databases. The first four are for
# tests that start workers of their own.
_PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
REDIS_URL = f"{redis_url(RETRACE_DATA)}?virtual_host={4 + _PROCESS % 12}"
CELERY_BROKER_URL = REDIS_URL
CACHES = {"default": env.redis_cache(REDIS_URL)}
