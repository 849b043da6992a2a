"""Choose the sandbox that a run goes into: what the settings allow and its recipe needs."""

from __future__ import annotations

from django.conf import settings

from validation.broker import WorkerInfo
from validation.models import Recipe
from validation.sandbox import Sandbox, SandboxUnavailable, choose_sandbox, reap, survey


def wanted_sandbox() -> Sandbox:
    """Return the sandbox of this machine by its settings. Raise SandboxUnavailable."""
    return choose_sandbox(settings.RETRACE_SANDBOX)


def sandbox_for(recipe: Recipe | None) -> Sandbox:
    """Return the sandbox for a recipe: one that runs its image, else one that it can do without.

    Raise SandboxUnavailable.
    """
    if recipe is None or not recipe.image:
        return wanted_sandbox()
    try:
        return choose_sandbox(settings.RETRACE_SANDBOX, for_image=True)
    except SandboxUnavailable as error:
        if recipe.packages or recipe.install or recipe.pre_install:
            return wanted_sandbox()
        raise SandboxUnavailable(
            f"The recipe only names the container image {recipe.image}, which needs a container"
            f" engine. {error} Or load a recipe with packages and install commands"
            " (manage.py load_recipes).",
            may_pass=error.may_pass,
        ) from error


def worker_info(name: str) -> WorkerInfo:
    """Find out which sandboxes this machine can run, as the status page shows it."""
    found = survey(settings.RETRACE_SANDBOX)
    usable = [name for name, reason in found.items() if reason is None]
    reasons = [f"{name}: {reason}" for name, reason in found.items() if reason is not None]
    if usable:
        return WorkerInfo(name, ", ".join(usable), "", tuple(reasons))
    return WorkerInfo(name, "", " ".join(reasons))


def remove_abandoned_containers() -> None:
    """Remove what killed workers left in the engine, if this machine may use one."""
    if settings.RETRACE_SANDBOX != "bubblewrap":
        reap()
