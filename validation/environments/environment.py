"""A built environment, and how a run uses it."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from validation.environments.interpreters import Interpreter, InterpreterNotFound, find_node
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
    runtime: str = "python"
    # Its programs are this machine's own; see `ImageEnvironment` for others.
    image: str = ""

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
        return {**active_variables(self.interpreter, self.runtime), **recipe.environment}

    def prepare_tree(self, folder: Path) -> None:
        """Add to a checkout what the install left in the tree it was built on.

        Metadata of an editable install and compiled extensions.
        """
        add_delta(self.path / DELTA, folder)


def add_delta(delta: Path, folder: Path) -> None:
    """Add files to a checkout: only what it lacks, and never through a link in it."""
    names = sorted(os.listdir(delta))
    whole = [name for name in names if not os.path.lexists(folder / name)]
    if whole:  # one process is far quicker than we are with the ten thousand files of npm
        sources = [str(delta / name) for name in whole]
        subprocess.run(["cp", "--archive", "--", *sources, str(folder)], check=True)
    for name in names:
        if name not in whole and _is_folder(delta / name):
            for path in trees.paths(delta / name):
                trees.copy_below(delta, folder, f"{name}/{path}")


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def active_variables(interpreter: Interpreter, runtime: str = "python") -> dict[str, str]:
    """Return the variables that make the environment the active one."""
    folders = [f"{ENVIRONMENT}/bin"]
    if runtime == "node":
        folders.append(str(Path(interpreter.path).parent))
    variables = {"HOME": HOME, "LANG": "C.UTF-8", "PATH": ":".join([*folders, SEARCH_PATH])}
    return variables if runtime == "node" else {**variables, "VIRTUAL_ENV": ENVIRONMENT}


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
    runtime = about.get("runtime", "python")
    found = Environment(key, path, interpreter, runtime)
    return found if _is_there(interpreter, runtime) else None


def _is_there(interpreter: Interpreter, runtime: str) -> bool:
    if runtime != "node":
        return Path(interpreter.path).exists()
    # Another Node may be at the same path, and compiled modules fit only the one they are made for.
    with suppress(InterpreterNotFound):
        return find_node() == interpreter
    return False
