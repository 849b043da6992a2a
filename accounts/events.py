"""Write the event log."""

from __future__ import annotations

from django.db import models

from accounts.models import Event, User


def record(actor: User | None, verb: str, obj: models.Model, **data: object) -> Event:
    """Append one event about `obj`; call it inside the transaction that changes `obj`.

    `actor` is None for what a worker or a management command does on its own.
    """
    return Event.objects.create(
        actor=actor,
        verb=verb,
        object_type=obj._meta.label_lower,
        object_id=str(obj.pk),
        data=data,
    )
