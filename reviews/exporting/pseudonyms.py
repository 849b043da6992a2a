"""Ids that stand for people in a data set."""

from __future__ import annotations

from django.utils.crypto import salted_hmac

LENGTH = 16


def pseudonym(user_id: int) -> str:
    """Return the same id for the same person in every export of this site.

    It is keyed with SECRET_KEY: who does not have that cannot try out account numbers.
    """
    digest = salted_hmac("retrace export", str(user_id), algorithm="sha256").hexdigest()
    return f"person-{digest[:LENGTH]}"
