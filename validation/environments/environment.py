"""A built environment, and how a run uses it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from validation.environments.interpreters import Interpreter
from validation.environments.recipe import RecipeSpec
from validation.sandbox import Mount, trees
from validation.sandbox.layout import HOME, SEARCH_PATH

# Scripts and editable installs keep these paths, so builds and runs see the same ones.
ENVIRONMENT = "/environment"
TESTBED = "/testbed"

ABOUT = "about.json"
BUILD_LOG = "build.log"
DELTA = "delta"
FOLDER = "environment"


@dataclass(frozen=True)
class Environment:
    """One environment on disk: read-only for every run that uses it."""

    key: str
    path: Path
    interpreter: Interpreter

    @property
    def python(self) -> str:
        """Return the path of its Python inside the sandbox."""
        return f"{ENVIRONMENT}/bin/python"

    @property
    def log(self) -> str:
        """Return what its build printed."""
        return (self.path / BUILD_LOG).read_text(encoding="utf-8", errors="replace")

    def mounts(self) -> tuple[Mount, ...]:
        """Return what a run must mount besides its own tree at /testbed."""
        environment = Mount(self.path / FOLDER, ENVIRONMENT)
        return (environment, *interpreter_mounts(self.interpreter))

    def variables(self, recipe: RecipeSpec) -> dict[str, str]:
        """Return the variables of a run: the environment is active, the recipe's own are set."""
        return {**active_variables(), **recipe.environment}

    def prepare_tree(self, folder: Path) -> None:
        """Add to a checkout what the install left in the tree it was built on.

        Metadata of an editable install and compiled extensions: only what the checkout lacks, and
        never through a link in it.
        """
        delta = self.path / DELTA
        for path in trees.paths(delta):
            trees.copy_below(delta, folder, path)


def active_variables() -> dict[str, str]:
    """Return the variables that make the environment the active one."""
    return {
        "HOME": HOME,
        "LANG": "C.UTF-8",
        "PATH": f"{ENVIRONMENT}/bin:{SEARCH_PATH}",
        "VIRTUAL_ENV": ENVIRONMENT,
    }


def interpreter_mounts(interpreter: Interpreter) -> tuple[Mount, ...]:
    """Mount the base interpreter at its own path, where the environment's links expect it."""
    prefix = Path(interpreter.prefix)
    if prefix.is_relative_to("/usr"):
        return ()
    return (Mount(prefix.resolve(), str(prefix)),)


def find_environment(folder: Path, key: str) -> Environment | None:
    """Return an environment that is built, if its interpreter is still there; note its use."""
    path = folder.absolute() / key
    try:
        about = json.loads((path / ABOUT).read_bytes())
        os.utime(path)
    except FileNotFoundError:
        return None
    interpreter = Interpreter(**about["interpreter"])
    return Environment(key, path, interpreter) if Path(interpreter.path).exists() else None
