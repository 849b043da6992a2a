"""More than one machine: everything comes from the environment (`.env.example` lists it)."""

from __future__ import annotations

from annotator.config import env
from annotator.config.settings.base import *  # noqa: F403

SECRET_KEY = env.text("SECRET_KEY")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

DATABASES = {
    "default": {
        **env.postgres_database(env.text("DATABASE_URL")),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
REDIS_URL = env.text("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL
CACHES = {"default": env.redis_cache(REDIS_URL)}

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Off only for a trial without TLS, on a network that nobody else can reach.
_https = env.flag("HTTPS", True)
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
