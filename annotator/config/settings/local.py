"""One machine: `make run` and every management command typed by hand.

Without DATABASE_URL or REDIS_URL the servers of the data folder are meant; who starts them is
`annotator.config.embedded`, never the import of this module.
"""

from __future__ import annotations

from annotator.config import env
from annotator.config.embedded import local_secret_key, postgres_settings, redis_url
from annotator.config.settings.base import *  # noqa: F403
from annotator.config.settings.base import RETRACE_DATA

SECRET_KEY = local_secret_key(RETRACE_DATA)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

DATABASES = {"default": postgres_settings(RETRACE_DATA)}
REDIS_URL = redis_url(RETRACE_DATA)
CELERY_BROKER_URL = REDIS_URL
CACHES = {"default": env.redis_cache(REDIS_URL)}
