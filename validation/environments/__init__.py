"""What tests run in: recipes, and the environments that are built from them once."""

from __future__ import annotations

from validation.environments.build import ensure_environment
from validation.environments.building import BuildCommand, EnvironmentBuildFailed
from validation.environments.environment import Environment, find_environment
from validation.environments.image import (
    ImageEnvironment,
    ensure_image_environment,
    find_image_environment,
    image_key,
)
from validation.environments.keeping import (
    Kept,
    in_use,
    kept_environments,
    make_room,
    remove_abandoned_builds,
    remove_environment,
    size_of,
)
from validation.environments.locks import NotLocked
from validation.environments.recipe import RecipeSpec, environment_key

__all__ = [
    "BuildCommand",
    "Environment",
    "EnvironmentBuildFailed",
    "ImageEnvironment",
    "Kept",
    "NotLocked",
    "RecipeSpec",
    "ensure_environment",
    "ensure_image_environment",
    "environment_key",
    "find_environment",
    "find_image_environment",
    "image_key",
    "in_use",
    "kept_environments",
    "make_room",
    "remove_abandoned_builds",
    "remove_environment",
    "size_of",
]
