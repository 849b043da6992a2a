from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from accounts.events import record
from accounts.models import Event, User


def test_event_names_actor_verb_and_object(admin_user: User, annotator: User) -> None:
    event = record(admin_user, "account created", annotator, role="annotator")
    assert (event.actor, event.object_type, event.object_id) == (
        admin_user,
        "accounts.user",
        str(annotator.pk),
    )


@pytest.mark.parametrize("change", ["update", "delete"])
def test_database_refuses_to_change_an_event(admin_user: User, change: str) -> None:
    record(admin_user, "account created", admin_user)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        if change == "update":
            Event.objects.update(verb="nothing happened")
        else:
            Event.objects.all().delete()
