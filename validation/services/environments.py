"""Have the environment that a run needs, and keep a record of each build."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.utils import timezone

from trajectories.git import Mirror, make_worktree
from validation import environments as builds
from validation.models import Environment, EnvironmentState, Recipe
from validation.sandbox import Sandbox
from validation.services.failures import InfrastructureFailure
from validation.services.leases import LeaseLost
from validation.services.recipes import spec_of
from validation.services.results import CommandRecord, Journal, printable


def environment_of(
    recipe: Recipe,
    mirror: Mirror,
    base_commit: str,
    *,
    sandbox: Sandbox,
    journal: Journal,
    cancelled: Callable[[], bool],
) -> builds.Environment:
    """Return the built environment, building it first where needed. Raise InfrastructureFailure."""
    spec = spec_of(recipe)
    _check(recipe)
    key = builds.environment_key(spec, mirror.tree_of(base_commit))
    folder = settings.RETRACE_DATA / "environments"
    if found := builds.find_environment(folder, key):
        return found
    row, _ = Environment.objects.update_or_create(
        key=key,
        defaults={"recipe": recipe, "state": EnvironmentState.BUILDING, "reason": "", "log": ""},
    )
    try:
        built = builds.ensure_environment(
            spec,
            key,
            partial(make_worktree, mirror, base_commit),
            folder,
            sandbox,
            on_command=partial(_write_down, journal),
            cancelled=cancelled,
        )
    except builds.EnvironmentBuildFailed as error:
        if error.cancelled:
            raise LeaseLost("while the environment was built") from error
        _close(row, EnvironmentState.FAILED, error.log, reason=str(error))
        raise InfrastructureFailure(
            f"The environment could not be built: {error}", may_pass=error.index_unreachable
        ) from error
    _close(row, EnvironmentState.READY, built.log)
    return built


def _check(recipe: Recipe) -> None:
    if recipe.image and not (recipe.packages or recipe.install or recipe.pre_install):
        raise InfrastructureFailure(
            f"The recipe only names the container image {recipe.image}, which needs a container"
            " engine: load a recipe with packages and install commands (manage.py load_recipes).",
            may_pass=False,
        )


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
    row.log = log.replace("\0", "�")
    row.reason = reason.replace("\0", "�")
    row.built_at = timezone.now()
    row.save()
