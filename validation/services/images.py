"""Have the container image that a run needs, and what its checkout lacks of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from trajectories.git import Mirror
from validation import environments as builds
from validation.models import Environment, EnvironmentState, Recipe
from validation.sandbox import PUBLISHED, Docker, Image, SandboxError, published_image
from validation.services.leases import LeaseLost


def image_of(recipe: Recipe, instance_id: str) -> str:
    """Return the name of a recipe's image; "swebench" is what SWE-bench published for the task."""
    return published_image(instance_id) if recipe.image == PUBLISHED else recipe.image


@contextmanager
def image_environment(
    recipe: Recipe,
    name: str,
    sandbox: Docker,
    mirror: Mirror,
    base_commit: str,
    folder: Path,
    cancelled: Callable[[], bool],
) -> Iterator[builds.ImageEnvironment]:
    """Hold the environment of an image while it is used. Raises SandboxError, LeaseLost."""
    image = _pulled(sandbox, name, cancelled)
    tree = mirror.tree_of(base_commit)
    key = builds.image_key(image, tree)
    with ExitStack() as held:
        try:
            held.enter_context(builds.in_use(folder, key, cancelled))
            found = builds.find_image_environment(folder, key)
            if found is None:
                base = _blobs(mirror, tree)
                found = builds.ensure_image_environment(
                    sandbox, image, key, base, folder, cancelled
                )
                _make_room(folder, sandbox)
        except builds.NotLocked as error:
            raise LeaseLost("while the image was prepared") from error
        _write_down(recipe, image, key, builds.size_of(found.path))
        yield found


def _pulled(sandbox: Docker, name: str, cancelled: Callable[[], bool]) -> Image:
    try:
        return sandbox.image(name, cancelled)
    except SandboxError as error:
        if cancelled():
            raise LeaseLost("while the image was pulled") from error
        raise


def _make_room(folder: Path, sandbox: Docker) -> None:
    removed = builds.make_room(folder, settings.RETRACE_ENVIRONMENTS_BYTES, sandbox)
    Environment.objects.filter(key__in=removed).update(size_bytes=None)


def _blobs(mirror: Mirror, tree: str) -> dict[str, str]:
    """Return git's ids of all files of a tree, by their path."""
    listed = mirror.git("ls-tree", "-r", "-z", tree).split(b"\0")
    entries = (entry.partition(b"\t") for entry in listed if entry)
    return {os.fsdecode(path): about.split()[2].decode() for about, _, path in entries}


def _write_down(recipe: Recipe, image: Image, key: str, size_bytes: int) -> None:
    now = timezone.now()
    used = {"state": EnvironmentState.READY, "last_used_at": now, "size_bytes": size_bytes}
    log = f"{image.name}\n{image.digest}\n"
    Environment.objects.update_or_create(
        key=key,
        defaults=used,
        create_defaults={**used, "recipe": recipe, "log": log, "built_at": now},
    )
