"""Find the task that a trajectory is about."""

from __future__ import annotations

import re
from pathlib import PurePath

from django.db.models import CharField, F, Value

from trajectories.models import Task

_SUFFIX = re.compile(r"(?:\.traj)?(?:\.jsonl?|\.traj)?$")
# The part behind the last `__` of gpt4__django__django-13933.cost_2
_NAME_AND_NUMBER = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*?-\d+)(?!\d)")
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_USABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,299}")


class NoTask(Exception):
    """Which task is meant cannot be told; the message says what to do."""


def find_instance_id(in_file: str, label: str) -> str:
    """Return the instance id of a trajectory: the file's own, else the one its name holds.

    A name may hold more than the id (`flask-prefix__pallets__flask-5063.gpt4.traj`): an id that
    is loaded is found anywhere in it, then in the name of the folder; else the name is read as
    `…owner__name-123…`, and taken whole where it is not of that form.
    """
    if in_file.strip():
        if not _USABLE.fullmatch(in_file.strip()):
            raise NoTask(f"The instance id in the file is not usable: {in_file[:80]!r}.")
        return in_file.strip()
    path = PurePath(label)
    for name in (path.name, path.parent.name):
        if known := _known_id_in(name):
            return known
    return _id_from_name(_SUFFIX.sub("", path.name))


def _known_id_in(name: str) -> str:
    """Return the one loaded id that stands in the name, or an empty text."""
    if not name:
        return ""
    # Not more than one in a thousand names gets past the database's filter.
    holding = Task.objects.alias(name=Value(name, CharField())).filter(
        name__contains=F("instance_id")
    )
    found = [pk for pk in holding.values_list("instance_id", flat=True) if _stands_in(pk, name)]
    longest = [pk for pk in found if not any(pk != other and pk in other for other in found)]
    if len(longest) > 1:
        raise NoTask(
            f"The name holds several instance ids ({', '.join(sorted(longest))}): "
            "rename the file so that it holds one."
        )
    return longest[0] if longest else ""


def _stands_in(instance_id: str, name: str) -> bool:
    """Tell django-1181 from django-11815."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(instance_id)}(?![0-9])", name) is not None


def _id_from_name(stem: str) -> str:
    parts = stem.split("__")
    named = _NAME_AND_NUMBER.match(parts[-1])
    if len(parts) >= 2 and named and _OWNER.fullmatch(parts[-2]):
        return f"{parts[-2]}__{named.group(1)}"
    usable = re.sub(r"[^A-Za-z0-9._+-]+", "-", stem).strip("-._+")[:300]
    if not usable:
        raise NoTask("Neither the file nor its name holds an instance id: rename the file.")
    return usable


def repository_name(instance_id: str) -> str:
    """Guess `owner/name` from `owner__name-123`; empty where the id has another form."""
    match = re.fullmatch(r"([A-Za-z0-9-]+)__([A-Za-z0-9._-]+)-\d+", instance_id)
    return f"{match.group(1)}/{match.group(2)}" if match else ""
