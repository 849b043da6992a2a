"""The four accounts that a first start makes, and the file their passwords can be read from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from accounts.models import Role, User
from accounts.services import create_person

FIRST_ACCOUNTS = (
    ("admin", Role.ADMIN),
    ("reviewer", Role.REVIEWER),
    ("annotator1", Role.ANNOTATOR),
    ("annotator2", Role.ANNOTATOR),
)


class Account(NamedTuple):
    username: str
    role: str
    password: str


def passwords_file() -> Path:
    folder: Path = settings.RETRACE_DATA
    return folder / "accounts.json"


def read_first_accounts() -> list[Account]:
    """Return the accounts with the passwords they were made with; empty before the first start."""
    try:
        return [Account(**entry) for entry in json.loads(passwords_file().read_text())]
    except FileNotFoundError:
        return []


def make_first_accounts() -> list[Account]:
    """Make the accounts if the site has none at all; return those made by this call."""
    if User.objects.exists():
        return []
    with transaction.atomic():
        made = [
            Account(username, role.value, create_person(None, username=username, role=role)[1])
            for username, role in FIRST_ACCOUNTS
        ]
        _write(made)
    return made


def _write(accounts: list[Account]) -> None:
    path = passwords_file()
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump([account._asdict() for account in accounts], file, indent=1)
