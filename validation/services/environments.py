"""Have the environment that a run needs, and keep a record of each build."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts import events
from accounts.models import User
from trajectories.git import Mirror, make_worktree
from validation import environments as builds
from validation.models import Environment, EnvironmentState, Recipe
from validation.sandbox import Docker, Sandbox, SandboxError
from validation.services.failures import InfrastructureFailure
from validation.services.images import image_environment
from validation.services.leases import LeaseLost
from validation.services.recipes import spec_of
from validation.services.results import CommandRecord, Journal, printable

# What a build does, in words; another phase is named as the recipe does.
_PHASES = {
    "environment": "an empty environment",
    "resolve": "versions to choose",
    "pre_install": "what the project needs",
    "install": "the project",
}


@contextmanager
def environment_of(
    recipe: Recipe,
    mirror: Mirror,
    base_commit: str,
    *,
    sandbox: Sandbox,
    journal: Journal,
    cancelled: Callable[[], bool],
    image: str = "",
) -> Iterator[builds.Environment | builds.ImageEnvironment]:
    """Hold the environment of a run while it is used, building it first where needed.

    `image` names the recipe's image, used where the sandbox runs images. Raises
    InfrastructureFailure, SandboxError.
    """
    if image and isinstance(sandbox, Docker):
        folder = environments_folder()
        with image_environment(
            recipe, image, sandbox, mirror, base_commit, folder, cancelled
        ) as found:
            yield found
        return
    wish = _Wish(recipe, mirror, base_commit, sandbox, journal, cancelled)
    key = builds.environment_key(spec_of(recipe), mirror.tree_of(base_commit))
    with ExitStack() as held:
        try:
            held.enter_context(builds.in_use(environments_folder(), key, cancelled))
        except builds.NotLocked as error:
            raise LeaseLost("while the environment was removed") from error
        yield _found(recipe, key) or _built(wish, key)


@dataclass(frozen=True)
class _Wish:
    """What a run knows when it wants an environment."""

    recipe: Recipe
    mirror: Mirror
    base_commit: str
    sandbox: Sandbox
    journal: Journal
    cancelled: Callable[[], bool]


def environments_folder() -> Path:
    """Return where built environments and wheels are."""
    folder: Path = settings.RETRACE_DATA / "environments"
    return folder


class NotRemoved(Exception):
    """Tell why an environment was not removed."""


def remove_built(row: Environment, *, user: User | None = None) -> None:
    """Remove an environment from this machine's disk. Raises NotRemoved."""
    folder = environments_folder()
    if not (folder / row.key).exists():
        raise NotRemoved(f"Environment {row} is not on the disk of this machine.")
    try:
        if not builds.remove_environment(folder, row.key):
            raise NotRemoved(f"Environment {row} is in use by a run.")
    except (OSError, SandboxError) as error:
        raise NotRemoved(f"Environment {row} could not be removed: {error}.") from error
    with transaction.atomic():
        _note_removed([row.key])
        events.record(user, "environment removed", row)


def remove_abandoned_builds() -> None:
    """Remove what killed builds left."""
    builds.remove_abandoned_builds(environments_folder())


def _found(recipe: Recipe, key: str) -> builds.Environment | None:
    found = builds.find_environment(environments_folder(), key)
    if found is None:
        return None
    used = {
        "state": EnvironmentState.READY,
        "reason": "",
        "last_used_at": timezone.now(),
        "size_bytes": builds.size_of(found.path),
    }
    # The folder may be older than the database, or its builder have died before it said so.
    Environment.objects.update_or_create(
        key=key,
        defaults=used,
        create_defaults={**used, "recipe": recipe, "log": _storable(found.log)},
    )
    return found


def _built(wish: _Wish, key: str) -> builds.Environment:
    wish.journal.name_environment(key)
    row, _ = Environment.objects.update_or_create(
        key=key,
        defaults={
            "recipe": wish.recipe,
            "state": EnvironmentState.BUILDING,
            "reason": "",
            "log": "",
            "size_bytes": None,
        },
    )
    try:
        built = builds.ensure_environment(
            spec_of(wish.recipe),
            key,
            partial(make_worktree, wish.mirror, wish.base_commit),
            environments_folder(),
            wish.sandbox,
            on_phase=partial(_say, row),
            on_command=partial(_write_down, wish.journal),
            cancelled=wish.cancelled,
        )
    except builds.EnvironmentBuildFailed as error:
        if error.cancelled:
            raise LeaseLost("while the environment was built") from error
        _close(row, EnvironmentState.FAILED, error.log, reason=str(error))
        raise InfrastructureFailure(
            f"The environment could not be built: {error}", may_pass=error.index_unreachable
        ) from error
    row.size_bytes, row.last_used_at = builds.size_of(built.path), timezone.now()
    _close(row, EnvironmentState.READY, built.log)
    limit = settings.RETRACE_ENVIRONMENTS_BYTES
    _note_removed(builds.make_room(environments_folder(), limit, wish.sandbox))
    return built


def _note_removed(keys: list[str]) -> None:
    # Their rows stay, with the log of the build; what has no size is not on the disk.
    Environment.objects.filter(key__in=keys).update(size_bytes=None)


def _say(row: Environment, phase: str) -> None:
    """Tell who waits how far the build is. That it cannot be told now is no reason to stop it."""
    try:
        Environment.objects.filter(pk=row.pk).update(reason=_PHASES.get(phase, phase))
    except DatabaseError:
        connection.close()


def _write_down(journal: Journal, command: builds.BuildCommand) -> None:
    journal.commands.append(
        CommandRecord(
            phase=f"build: {command.phase}",
            command=command.command,
            exit_code=command.exit_code,
            output=printable(command.output),
            started_at=command.started_at,
            duration_seconds=command.duration_seconds,
        )
    )


def _close(row: Environment, state: EnvironmentState, log: str, *, reason: str = "") -> None:
    row.state = state
    row.log = _storable(log)
    row.reason = _storable(reason)
    row.built_at = timezone.now()
    row.save()


def _storable(text: str) -> str:
    """Return a text as PostgreSQL stores it."""
    return text.replace("\0", "�")
