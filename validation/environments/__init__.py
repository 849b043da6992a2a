"""What tests run in: recipes, and the environments that are built from them once."""

from __future__ import annotations

from validation.environments.build import (
    BuildCommand,
    EnvironmentBuildFailed,
    ensure_environment,
    remove_abandoned_builds,
)
from validation.environments.environment import Environment, find_environment
from validation.environments.recipe import RecipeSpec, environment_key

__all__ = [
    "BuildCommand",
    "Environment",
    "EnvironmentBuildFailed",
    "RecipeSpec",
    "ensure_environment",
    "environment_key",
    "find_environment",
    "remove_abandoned_builds",
]
