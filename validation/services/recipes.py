"""Keep recipes and find the one for a task."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from django.db import transaction

from accounts import events
from accounts.models import User
from trajectories.models import Repository, Task, TaskRevision
from validation.environments import RecipeSpec
from validation.models import Recipe, RecipeUse, Runtime
from validation.recipes import (
    RecipeEntry,
    RecipeError,
    read_recipes,
    recipe_of_row,
)

MAX_FILE_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class LoadedEntry:
    """What became of one entry of a recipe file. `line` counts from 1."""

    path: str
    line: int
    status: Literal["loaded", "unchanged", "refused"]
    subject: str = ""
    reason: str = ""


def load_recipe_file(path: Path, *, user: User | None = None) -> list[LoadedEntry]:
    """Load every usable entry of a file and tell what became of each."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return [_refused(path, 0, "The file is larger than 50 MB: this is no file of recipes.")]
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return [_refused(path, 0, f"The file cannot be read: {error}.")]
    return _load_text(path, text, user)


def load_recipe_text(text: str, *, user: User | None = None) -> list[LoadedEntry]:
    """Load every usable entry of a text, as of a file."""
    return _load_text(Path("pasted"), text, user)


def _load_text(path: Path, text: str, user: User | None) -> list[LoadedEntry]:
    loaded = []
    for item in read_recipes(text):
        if item.entry is None:
            loaded.append(_refused(path, item.line, item.reason))
        else:
            loaded.append(_load(path, item.line, item.entry, user))
    return loaded or [_refused(path, 0, "The file has no entries.")]


def _refused(path: Path, line: int, reason: str) -> LoadedEntry:
    return LoadedEntry(str(path), line, "refused", reason=reason)


def _load(path: Path, line: int, entry: RecipeEntry, user: User | None) -> LoadedEntry:
    subject = entry.instance_id or f"{entry.repository} {entry.version}".strip()
    try:
        changed = assign_recipe(entry, user=user)
    except RecipeError as error:
        return LoadedEntry(str(path), line, "refused", subject, str(error))
    return LoadedEntry(str(path), line, "loaded" if changed else "unchanged", subject)


@transaction.atomic
def assign_recipe(entry: RecipeEntry, *, user: User | None = None) -> bool:
    """Let a task, or a repository at a version, use a recipe. Return whether that is new."""
    recipe = store_recipe(entry.spec)
    target = _target(entry)
    use = RecipeUse.objects.select_for_update().filter(**target).first()
    if use is not None and use.recipe_id == recipe.pk:
        return False
    RecipeUse.objects.update_or_create(**target, defaults={"recipe": recipe})
    events.record(user, "recipe assigned", recipe, **_named(entry))
    return True


def _target(entry: RecipeEntry) -> dict[str, Any]:
    if entry.instance_id:
        task = Task.objects.filter(instance_id=entry.instance_id).first()
        if task is None:
            raise RecipeError(
                f"There is no task {entry.instance_id}: load its row first (load_tasks)."
            )
        return {"task": task}
    repository = Repository.objects.filter(name=entry.repository).first()
    if repository is None:
        raise RecipeError(
            f"There is no repository {entry.repository}: load a task of it first, or add it"
            " (add_repository)."
        )
    return {"repository": repository, "version": entry.version}


def _named(entry: RecipeEntry) -> dict[str, object]:
    return {
        "instance_id": entry.instance_id,
        "repository": entry.repository,
        "version": entry.version,
    }


def store_recipe(spec: RecipeSpec) -> Recipe:
    """Return the row of a recipe; equal recipes are one row."""
    values = {**asdict(spec), **{key: list(getattr(spec, key)) for key in _LISTS}}
    return Recipe.objects.get_or_create(digest=spec.digest, defaults=values)[0]


_LISTS = ("pre_install", "packages", "install")


def spec_of(recipe: Recipe) -> RecipeSpec:
    """Return a stored recipe as the plain value that environments are built from."""
    return RecipeSpec(
        runtime="node" if recipe.runtime == Runtime.NODE else "python",
        python_version=recipe.python_version,
        pre_install=tuple(recipe.pre_install),
        packages=tuple(recipe.packages),
        install=tuple(recipe.install),
        environment=dict(recipe.environment),
        test_command=recipe.test_command,
        log_parser=recipe.log_parser,
        image=recipe.image,
    )


def recipe_for(revision: TaskRevision) -> Recipe | None:
    """Return the recipe to test a task with: loaded for it, else its row's, else its version's.

    Raise RecipeError where the row's own cannot be used.
    """
    own = RecipeUse.objects.filter(task=revision.task_id).select_related("recipe").first()
    if own is not None:
        return own.recipe
    spec = recipe_of_row(revision.extra)
    if spec is not None:
        return store_recipe(spec)
    uses = RecipeUse.objects.filter(
        repository=revision.task.repository_id, version__in={revision.version, ""}
    ).select_related("recipe")
    # A recipe for this very version goes before one for all versions ("" sorts first).
    shared = uses.order_by("-version").first()
    return shared.recipe if shared else None
