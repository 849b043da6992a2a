"""Make accounts."""

from __future__ import annotations

import secrets

from django.db import transaction

from accounts.events import record
from accounts.models import User


def generate_password() -> str:
    """Return a password that can be read aloud: four groups of four, 80 bits."""
    alphabet = "abcdefghijkmnpqrstuvwxyz23456789"
    groups = ("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


@transaction.atomic
def create_person(
    actor: User | None, *, username: str, role: str, first_name: str = "", last_name: str = ""
) -> tuple[User, str]:
    """Create an account; return it with its generated password, which is stored only hashed."""
    password = generate_password()
    person = User.objects.create_user(
        username=username,
        password=password,
        role=role,
        first_name=first_name,
        last_name=last_name,
    )
    record(actor, "account created", person, username=username, role=role)
    return person, password
