"""Decide what a row adds to what is known of a task: nothing, or a new revision.

Every row ever seen is kept. A row seen before changes nothing; a field that a row lacks keeps
the value it had; test lists are compared as sets, since data sets order them differently.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.events import record
from accounts.models import User
from trajectories.models import Repository, Task, TaskRevision, TaskRow
from trajectories.task_rows import ParsedTask
from trajectories.text import storable, storable_json

Content = dict[str, Any]
CONTENT_FIELDS = (
    "base_commit",
    "environment_setup_commit",
    "version",
    "problem_statement",
    "hints_text",
    "patch",
    "test_patch",
    "fail_to_pass",
    "pass_to_pass",
    "upstream_created_at",
    "difficulty",
    "extra",
)
NOTHING_KNOWN: Content = {
    **dict.fromkeys(CONTENT_FIELDS, ""),
    "fail_to_pass": None,
    "pass_to_pass": None,
    "extra": {},
}
UNKNOWN_REPOSITORY = "unknown/unknown"


class OtherRepository(Exception):
    """A row names another repository than its task has."""


@dataclass(frozen=True)
class SavedRow:
    """What became of a row: `changed` names the fields, empty if the row told nothing new."""

    task: Task
    revision: TaskRevision
    is_new_task: bool
    changed: tuple[str, ...]


@transaction.atomic
def save_row(parsed: ParsedTask, *, dataset: str, actor: User | None) -> SavedRow:
    """Keep a row, with a new revision of its task if it tells anything new.

    Two loads of one task wait for each other on the task's row.
    """
    repository = get_repository(parsed.repo)
    task, is_new = Task.objects.get_or_create(
        instance_id=parsed.instance_id, defaults={"repository": repository}
    )
    task = lock_task(task.pk)
    seen = TaskRow.objects.filter(task=task, row_sha256=parsed.row_sha256).select_related(
        "revision"
    )
    if row := seen.first():
        return SavedRow(task, row.revision, is_new, ())
    _settle_repository(task, repository)
    revision, changed = _revise(task, parsed, dataset)
    TaskRow.objects.create(
        task=task,
        revision=revision,
        row_sha256=parsed.row_sha256,
        dataset=dataset,
        row=storable_json(parsed.row),
    )
    if changed:
        record(actor, "task revised", task, revision=revision.number, changed=changed)
    return SavedRow(task, revision, is_new, changed)


def lock_task(pk: int) -> Task:
    """Return the task, locked until the transaction ends, with its current revision."""
    locked = Task.objects.select_for_update(of=("self",)).select_related("current_revision")
    return locked.get(pk=pk)


def get_repository(name: str) -> Repository:
    """Return the repository, fetched from GitHub unless an admin says otherwise."""
    source = "" if name == UNKNOWN_REPOSITORY else f"https://github.com/{name}.git"
    return Repository.objects.get_or_create(name=name, defaults={"source": source})[0]


def is_placeholder(revision: TaskRevision | None) -> bool:
    """Tell a revision that no row has filled yet: a trajectory was loaded before its task."""
    return revision is not None and not revision.base_commit


def _settle_repository(task: Task, repository: Repository) -> None:
    if task.repository_id == repository.pk:
        return
    if not is_placeholder(task.current_revision):
        raise OtherRepository(
            f"The row says {repository}, but {task.instance_id} belongs to {task.repository}"
        )
    task.repository = repository
    task.save(update_fields=["repository"])


def _revise(task: Task, parsed: ParsedTask, dataset: str) -> tuple[TaskRevision, tuple[str, ...]]:
    """Return the revision that says what the row says, made if there is none."""
    current = task.current_revision
    before = NOTHING_KNOWN if current is None else content_of(current)
    content = merge(before, content_of_row(parsed))
    sha256 = content_sha256(content)
    known = TaskRevision.objects.filter(task=task, content_sha256=sha256).first()
    if known is not None:
        return known, ()
    changed = tuple(
        name for name in CONTENT_FIELDS if _comparable(before[name]) != _comparable(content[name])
    )
    if current is not None and is_placeholder(current):
        return _fill(current, content_sha256=sha256, dataset=dataset, **content), changed
    number = 1 if current is None else current.number + 1
    revision = TaskRevision.objects.create(
        task=task, number=number, content_sha256=sha256, dataset=dataset, **content
    )
    task.current_revision = revision
    task.save(update_fields=["current_revision"])
    return revision, changed


def _fill(placeholder: TaskRevision, **values: Any) -> TaskRevision:
    """Fill a placeholder: nothing ran or was cited on it, and trajectories point at it."""
    for name, value in values.items():
        setattr(placeholder, name, value)
    placeholder.save(update_fields=list(values))
    return placeholder


def content_of_row(parsed: ParsedTask) -> Content:
    """Return a row's content under the model's names, as the database can hold it."""
    content: Content = {
        name: getattr(parsed, name) for name in CONTENT_FIELDS if name != "upstream_created_at"
    }
    content["upstream_created_at"] = parsed.created_at
    for name, value in content.items():
        if isinstance(value, str):
            content[name] = storable(value)
        elif value is not None:
            content[name] = storable_json(value)
    return content


def content_of(revision: TaskRevision) -> Content:
    return {name: getattr(revision, name) for name in CONTENT_FIELDS}


def merge(before: Mapping[str, Any], row: Content) -> Content:
    """Lay the row over what was known; what the row does not know stays."""
    content = {
        name: before[name] if value is None or value == "" else value for name, value in row.items()
    }
    known_extra = {key: item for key, item in row["extra"].items() if item not in (None, "")}
    content["extra"] = {**before["extra"], **known_extra}
    return content


def content_sha256(content: Mapping[str, Any]) -> str:
    """Hash what a revision says; the order of test ids does not count."""
    plain = {name: _comparable(content[name]) for name in CONTENT_FIELDS}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _comparable(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value
