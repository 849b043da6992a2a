"""Say where a repository's mirror is fetched from."""

from __future__ import annotations

import re
from pathlib import Path

from django.db import transaction

from accounts.events import record
from accounts.models import User
from trajectories.models import Repository

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_URL = re.compile(r"(?:https?|ssh|git)://[^\s]+|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^\s]+")


class BadRepository(ValueError):
    """A name or source that cannot be a repository; the message says why."""


def set_source(name: str, source: str, *, actor: User | None = None) -> tuple[Repository, bool]:
    """Set a repository's source, adding the repository if it is new (second value)."""
    if not _NAME.fullmatch(name) or len(name) > 200:
        raise BadRepository(f"{name!r} is no repository name: write it as owner/name.")
    source = _checked_source(source)
    with transaction.atomic():
        repository, is_new = Repository.objects.select_for_update().get_or_create(
            name=name, defaults={"source": source}
        )
        if is_new or repository.source != source:
            record(actor, "repository source set", repository, old=repository.source, new=source)
        repository.source = source
        repository.fetch_error = ""
        repository.save(update_fields=["source", "fetch_error"])
    return repository, is_new


def _checked_source(source: str) -> str:
    if len(source) > 1000:
        raise BadRepository("The source is longer than 1000 characters.")
    if _URL.fullmatch(source):
        return source
    path = Path(source).expanduser().resolve()
    if not path.is_dir():
        raise BadRepository(f"{source!r} is neither an URL nor a folder on this machine.")
    if not (path / ".git").exists() and not (path / "objects").is_dir():
        raise BadRepository(f"{path} holds no git repository: run `git init` and commit there.")
    return str(path)
