"""Build environments, each once, inside the sandbox.

A build runs foreign code (setup scripts, install commands), so it happens in the sandbox like a
run, only with network. What it could reach afterwards is kept from it: wheels are cached by a step
that runs no foreign code (wheels only), and steps that do get an empty cache that is thrown away.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import uv

from validation.environments import environment as places
from validation.environments.environment import (
    ENVIRONMENT,
    TESTBED,
    Environment,
    active_variables,
    find_environment,
    interpreter_mounts,
)
from validation.environments.indexes import PackageIndexes, package_indexes
from validation.environments.interpreters import (
    Interpreter,
    InterpreterNotFound,
    find_interpreter,
)
from validation.environments.keeping import (
    BUILDING,
    CACHE,
    SHARED_CACHE,
    TOOLS,
    WHEELS_LOCK,
    note_wheels,
)
from validation.environments.locks import NotLocked, locked
from validation.environments.recipe import RecipeSpec
from validation.sandbox import (
    Cancelled,
    Command,
    Limits,
    Mount,
    Result,
    Sandbox,
    remove_tree,
    trees,
)
from validation.sandbox.protocol import GIBIBYTE

BUILD_LIMITS = Limits(wall_seconds=1800.0, disk_bytes=10 * GIBIBYTE, file_bytes=4 * GIBIBYTE)
REASON_LINES = 5
# What uv and pip say when the index does not answer, as opposed to "no such version".
UNREACHABLE = re.compile(
    rb"error sending request|dns error|tcp connect error|Connection refused|Could not connect"
    rb"|Temporary failure in name resolution|Network is unreachable|NewConnectionError"
    rb"|Max retries exceeded|operation timed out|HTTP status server error"
)


# " + flask==2.3.3", " + calc==1.0 (from https://packages.example/calc-1.0-py3-none-any.whl)"
ADDED = re.compile(
    rb" \+ (?P<name>[\w.-]+)==(?P<version>[\w.!+-]+)(?: \(from (?P<url>[^\s)]+)\))?\s*$"
)


@dataclass(frozen=True)
class BuildCommand:
    """One command of a build and how it ended (output without addresses of package indexes)."""

    phase: str
    command: str
    exit_code: int | None
    output: bytes
    started_at: datetime
    duration_seconds: float


class EnvironmentBuildFailed(Exception):
    """Tell why an environment could not be built, with everything its build printed."""

    def __init__(
        self,
        reason: str,
        log: str = "",
        *,
        index_unreachable: bool = False,
        cancelled: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.log = log
        self.index_unreachable = index_unreachable
        self.cancelled = cancelled


SourceTree = Callable[[Path], object]
OnCommand = Callable[[BuildCommand], object]


def ensure_environment(
    recipe: RecipeSpec,
    key: str,
    source_tree: SourceTree,
    folder: Path,
    sandbox: Sandbox,
    *,
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
        interpreter = find_interpreter(recipe.python_version, folder)
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
                build = _Build(recipe, interpreter, building, sandbox, limits)
                build.on_command, build.cancelled = on_command, cancelled
                build.make(source_tree, folder)
                building.rename(folder / key)
            finally:
                remove_tree(building)
    except NotLocked:
        raise EnvironmentBuildFailed("It was cancelled.", cancelled=True) from None
    return Environment(key, folder / key, interpreter)


class _Build:
    """One build, in a folder that is renamed to its key when all went well."""

    on_command: OnCommand | None = None
    cancelled: Cancelled | None = None

    def __init__(
        self,
        recipe: RecipeSpec,
        interpreter: Interpreter,
        folder: Path,
        sandbox: Sandbox,
        limits: Limits,
    ) -> None:
        self._recipe = recipe
        self._interpreter = interpreter
        self._sandbox = sandbox
        self._limits = limits
        self._deadline = time.monotonic() + limits.wall_seconds
        self._indexes: PackageIndexes = package_indexes()
        self._environment = _made(folder / places.FOLDER)
        self._tree = _made(folder / "tree")
        self._cache = _made(folder / "cache")
        self._folder = folder
        self._log: list[str] = []

    def make(self, source_tree: SourceTree, shared: Path) -> None:
        """Do every step, in the order the field does: packages first, then the project."""
        source_tree(self._tree)
        before = set(trees.paths(self._tree))
        self._install_packages(shared)
        for phase, commands in (
            ("pre_install", self._recipe.pre_install),
            ("install", self._recipe.install),
        ):
            for command in commands:
                self._need(phase, ("/bin/bash", "-c", command))
        trees.take_back(self._environment)
        self._keep_delta(before)
        remove_tree(self._tree)
        remove_tree(self._cache)
        self._write_down()

    def _install_packages(self, shared: Path) -> None:
        venv = ("uv", "venv", "--seed", "--allow-existing", "--python", self._interpreter.path)
        install = ("uv", "pip", "install", "--python", ENVIRONMENT)
        packages = ("--", *self._recipe.packages)
        cache = _made(shared / SHARED_CACHE)
        # One at a time: the cache belongs to the id of whoever fills it.
        with locked(shared, WHEELS_LOCK, self.cancelled):
            self._need("environment", (*venv, ENVIRONMENT), cache)
            if not self._recipe.packages:
                return
            pins = self._resolve((*install, "--dry-run", *packages))
            if not pins:  # seeded already
                return
            result = self._do("packages", (*install, "--no-build", "--no-deps", "--", *pins), cache)
            note_wheels(shared, [re.split("==| @ ", pin)[0] for pin in pins])
        if _failed(result):
            if result.ended != "exited" or UNREACHABLE.search(result.output):
                raise self._failure(result, (*install, *packages))
            # Something has no wheel and must be built, which runs its code.
            self._need("packages", (*install, *packages))

    def _resolve(self, argv: tuple[str, ...]) -> list[str]:
        """Return the exact versions to install, each as a requirement.

        Asked for with wheels only, uv would take an older release where the newest has none.
        """
        result = self._need("resolve", argv)
        added = (ADDED.match(line) for line in result.output.splitlines())
        return [
            f"{match['name'].decode()} @ {match['url'].decode()}"
            if match["url"]
            else f"{match['name'].decode()}=={match['version'].decode()}"
            for match in added
            if match
        ]

    def _need(self, phase: str, argv: tuple[str, ...], cache: Path | None = None) -> Result:
        result = self._do(phase, argv, cache)
        if _failed(result):
            raise self._failure(result, argv)
        return result

    def _do(self, phase: str, argv: tuple[str, ...], cache: Path | None = None) -> Result:
        started_at = datetime.now(UTC)
        result = self._sandbox.run(
            self._command(argv, cache or self._cache), cancelled=self.cancelled
        )
        output = self._indexes.redact(result.output)
        text = self._indexes.redact(_shown(argv).encode()).decode()
        self._log.append(f"$ {text}\n{output.decode(errors='replace')}{result.detail}\n")
        if self.on_command is not None:
            self.on_command(
                BuildCommand(
                    phase, text, result.exit_code, output, started_at, result.duration_seconds
                )
            )
        return result

    def _command(self, argv: tuple[str, ...], cache: Path) -> Command:
        return Command(
            argv=argv,
            mounts=(
                Mount(self._environment, ENVIRONMENT, writable=True),
                Mount(self._tree, TESTBED, writable=True),
                Mount(cache, CACHE, writable=True),
                Mount(Path(uv.find_uv_bin()).resolve(), f"{TOOLS}/uv"),
                *interpreter_mounts(self._interpreter),
                *self._indexes.mounts,
            ),
            environment=self._variables(),
            working_directory=TESTBED,
            limits=self._limits_left(),
            network=True,
        )

    def _variables(self) -> dict[str, str]:
        active = active_variables()
        return {
            **self._recipe.environment,
            **active,
            **self._indexes.variables,
            "PATH": f"{active['PATH']}:{TOOLS}",
            "PIP_CACHE_DIR": f"{CACHE}/pip",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "UV_CACHE_DIR": f"{CACHE}/uv",
            # Runs cannot write to the environment, so they find their bytecode ready.
            "UV_COMPILE_BYTECODE": "1",
            # A hard link would let whoever writes to the environment write to the cache.
            "UV_LINK_MODE": "copy",
            "UV_NO_PROGRESS": "1",
            "UV_PYTHON_DOWNLOADS": "never",
        }

    def _limits_left(self) -> Limits:
        left = max(1.0, self._deadline - time.monotonic())
        return replace(self._limits, wall_seconds=left)

    def _failure(self, result: Result, argv: tuple[str, ...]) -> EnvironmentBuildFailed:
        output = self._indexes.redact(result.output)
        lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
        ending = result.detail or f"It ended with exit status {result.exit_code}."
        said = "\n".join(lines[-REASON_LINES:])
        return EnvironmentBuildFailed(
            f"`{_shown(argv)}` failed. {ending}\n{said}".strip(),
            "".join(self._log),
            index_unreachable=bool(UNREACHABLE.search(output)),
            cancelled=result.ended == "killed",
        )

    def _keep_delta(self, before: set[str]) -> None:
        """Keep the files that the install added to the tree: later trees need them too."""
        delta = _made(self._folder / places.DELTA)
        for path in trees.paths(self._tree):
            parts = path.split("/")
            if path in before or parts[0] == ".git" or "__pycache__" in parts:
                continue
            trees.copy_below(self._tree, delta, path)

    def _write_down(self) -> None:
        (self._folder / places.BUILD_LOG).write_text("".join(self._log), encoding="utf-8")
        about = {
            "interpreter": self._interpreter._asdict(),
            "size_bytes": trees.disk_usage(self._folder),
        }
        (self._folder / places.ABOUT).write_text(json.dumps(about), encoding="utf-8")


def _failed(result: Result) -> bool:
    return result.ended != "exited" or result.exit_code != 0


def _shown(argv: tuple[str, ...]) -> str:
    return argv[2] if argv[:2] == ("/bin/bash", "-c") else " ".join(argv)


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _remove_left_overs(folder: Path, key: str) -> None:
    """Remove what killed builds of this key left, and an environment whose Python is gone."""
    for left_over in (*folder.glob(f"{BUILDING}{key}-*"), folder / key):
        if os.path.lexists(left_over):
            remove_tree(left_over)
