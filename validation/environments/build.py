"""Build environments, each once, however many workers want it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from validation.environments.building import (
    SETTINGS,
    Build,
    EnvironmentBuildFailed,
    OnCommand,
    OnPhase,
    SourceTree,
    made,
)
from validation.environments.environment import Environment, find_environment
from validation.environments.indexes import package_indexes
from validation.environments.interpreters import (
    Interpreter,
    InterpreterNotFound,
    find_interpreter,
    find_node,
)
from validation.environments.keeping import BUILDING
from validation.environments.locks import NotLocked, locked
from validation.environments.node import NodeBuild
from validation.environments.python import PythonBuild
from validation.environments.recipe import RecipeSpec
from validation.environments.registries import npm_registries
from validation.sandbox import Cancelled, Limits, Sandbox, remove_tree
from validation.sandbox.protocol import GIBIBYTE

BUILD_LIMITS = Limits(wall_seconds=1800.0, disk_bytes=10 * GIBIBYTE, file_bytes=4 * GIBIBYTE)


def ensure_environment(
    recipe: RecipeSpec,
    key: str,
    source_tree: SourceTree,
    folder: Path,
    sandbox: Sandbox,
    *,
    on_phase: OnPhase | None = None,
    on_command: OnCommand | None = None,
    cancelled: Cancelled | None = None,
    limits: Limits = BUILD_LIMITS,
) -> Environment:
    """Return the environment of a recipe, building it unless somebody has.

    `source_tree(folder)` writes the base tree into an empty folder. Raises EnvironmentBuildFailed.
    """
    folder = folder.absolute()
    found = find_environment(folder, key)
    if found is not None:
        return found
    try:
        interpreter = _interpreter(recipe, folder)
    except InterpreterNotFound as error:
        raise EnvironmentBuildFailed(str(error)) from None
    try:
        with locked(folder, key, cancelled):
            found = find_environment(folder, key)
            if found is not None:
                return found
            _remove_left_overs(folder, key)
            building = Path(tempfile.mkdtemp(prefix=f"{BUILDING}{key}-", dir=folder))
            try:
                build = _build(recipe, interpreter, building, sandbox, limits)
                build.on_phase, build.on_command, build.cancelled = on_phase, on_command, cancelled
                build.make(source_tree, folder)
                building.rename(folder / key)
            finally:
                remove_tree(building)
    except NotLocked:
        raise EnvironmentBuildFailed("It was cancelled.", cancelled=True) from None
    return Environment(key, folder / key, interpreter, recipe.runtime)


def _interpreter(recipe: RecipeSpec, folder: Path) -> Interpreter:
    if recipe.runtime == "node":
        return find_node()
    return find_interpreter(recipe.python_version, folder)


def _build(
    recipe: RecipeSpec, interpreter: Interpreter, folder: Path, sandbox: Sandbox, limits: Limits
) -> Build:
    if recipe.runtime == "node":
        indexes = npm_registries(interpreter, made(folder / SETTINGS) / "npmrc")
        return NodeBuild(recipe, interpreter, folder, sandbox, limits, indexes)
    return PythonBuild(recipe, interpreter, folder, sandbox, limits, package_indexes())


def _remove_left_overs(folder: Path, key: str) -> None:
    """Remove what killed builds of this key left, and an environment whose Python is gone."""
    for left_over in (*folder.glob(f"{BUILDING}{key}-*"), folder / key):
        if os.path.lexists(left_over):
            remove_tree(left_over)
