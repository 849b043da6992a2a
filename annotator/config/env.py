"""Read settings from environment variables, loudly: a value that cannot be used stops the start."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """Return the variable, the default if it is unset or empty, or raise ImproperlyConfigured."""
    value = os.environ.get(name) or default
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set; .env.example says what it is for.")
    return value


def flag(name: str, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; use true or false.")


def integer(name: str, default: int) -> int:
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} is {value!r}; use a whole number.")
    return int(value)


def choice(name: str, choices: tuple[str, ...]) -> str:
    """Return the variable, the first choice if it is unset, or raise ImproperlyConfigured."""
    value = os.environ.get(name, "").strip().lower() or choices[0]
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}; use {', '.join(choices)}.")
    return value


def words(name: str, default: str = "") -> list[str]:
    """Split a comma-separated variable, without empty parts."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def folder(name: str, default: Path) -> Path:
    value = os.environ.get(name, "").strip()
    return Path(value).expanduser().resolve() if value else default


def postgres_database(url: str) -> dict[str, object]:
    """Turn `postgresql://user:password@host:port/name?sslmode=…` into a DATABASES entry."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or len(parts.path) < 2:
        raise ImproperlyConfigured(
            "DATABASE_URL must look like postgresql://user:password@host:5432/name."
        )
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or options.pop("port", "")),
        "OPTIONS": options,
    }


def redis_cache(url: str) -> dict[str, object]:
    """Return the CACHES entry for the server that the broker's URL names.

    Celery spells a Unix socket redis+socket:// and its database virtual_host, redis-py unix://
    and db.
    """
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url.replace("redis+socket://", "unix://", 1).replace("virtual_host=", "db=", 1),
        "KEY_PREFIX": "retrace",
    }
