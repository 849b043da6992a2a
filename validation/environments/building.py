"""What builds of every kind have in common.

A build runs foreign code (setup scripts, install commands), so it happens in the sandbox like a
run, only with network. What it could reach afterwards is kept from it: steps that run foreign code
get an empty cache that is thrown away.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from validation.environments import environment as places
from validation.environments.environment import (
    ENVIRONMENT,
    TESTBED,
    active_variables,
    interpreter_mounts,
)
from validation.environments.indexes import PackageIndexes
from validation.environments.interpreters import Interpreter
from validation.environments.keeping import CACHE, TOOLS
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

# Settings of the host that a build needs as files; they are gone before a build is kept.
SETTINGS = "settings"
REASON_LINES = 5
# What uv, pip and npm say when the index does not answer, as opposed to "no such version".
UNREACHABLE = re.compile(
    rb"error sending request|dns error|tcp connect error|Connection refused|Could not connect"
    rb"|Temporary failure in name resolution|Network is unreachable|NewConnectionError"
    rb"|Max retries exceeded|operation timed out|HTTP status server error"
    rb"|npm (?:ERR!|error) code (?:EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENOTFOUND|ETIMEDOUT|E5\d\d)"
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
OnPhase = Callable[[str], object]


class Build:
    """One build, in a folder that is renamed to its key when all went well."""

    on_phase: OnPhase | None = None
    on_command: OnCommand | None = None
    cancelled: Cancelled | None = None

    def __init__(
        self,
        recipe: RecipeSpec,
        interpreter: Interpreter,
        folder: Path,
        sandbox: Sandbox,
        limits: Limits,
        indexes: PackageIndexes,
    ) -> None:
        self.recipe = recipe
        self.interpreter = interpreter
        self._sandbox = sandbox
        self._limits = limits
        self._deadline = time.monotonic() + limits.wall_seconds
        self._indexes = indexes
        self._environment = made(folder / places.FOLDER)
        self._tree = made(folder / "tree")
        self._cache = made(folder / "cache")
        self._folder = folder
        self._log: list[str] = []

    def make(self, source_tree: SourceTree, shared: Path) -> None:
        """Do every step, in the order the field does: packages first, then the project."""
        source_tree(self._tree)
        before = set(trees.paths(self._tree))
        self.install_packages(shared)
        for phase, commands in (
            ("pre_install", self.recipe.pre_install),
            ("install", self.recipe.install),
        ):
            for command in commands:
                self.need(phase, ("/bin/bash", "-c", command))
        trees.take_back(self._environment)
        self._keep_delta(before)
        remove_tree(self._tree)
        remove_tree(self._cache)
        remove_tree(self._folder / SETTINGS)
        self._write_down()

    def install_packages(self, shared: Path) -> None:
        """Make the environment and put the recipe's packages into it."""
        raise NotImplementedError

    def tools(self) -> tuple[Mount, ...]:
        """Return the programs of ours that a build of this kind calls."""
        return ()

    def tool_variables(self) -> dict[str, str]:
        """Return what those programs are told."""
        return {}

    def need(self, phase: str, argv: tuple[str, ...], cache: Path | None = None) -> Result:
        result = self.do(phase, argv, cache)
        if failed(result):
            raise self.failure(result, argv)
        return result

    def do(self, phase: str, argv: tuple[str, ...], cache: Path | None = None) -> Result:
        started_at = datetime.now(UTC)
        if self.on_phase is not None:
            self.on_phase(phase)
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
                *self.tools(),
                *interpreter_mounts(self.interpreter),
                *self._indexes.mounts,
            ),
            environment=self._variables(),
            working_directory=TESTBED,
            limits=self._limits_left(),
            network=True,
        )

    def _variables(self) -> dict[str, str]:
        active = active_variables(self.interpreter, self.recipe.runtime)
        return {
            **self.recipe.environment,
            **active,
            **self._indexes.variables,
            "PATH": f"{active['PATH']}:{TOOLS}",
            **self.tool_variables(),
        }

    def _limits_left(self) -> Limits:
        left = max(1.0, self._deadline - time.monotonic())
        return replace(self._limits, wall_seconds=left)

    def failure(self, result: Result, argv: tuple[str, ...]) -> EnvironmentBuildFailed:
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
        delta = made(self._folder / places.DELTA)
        for path in trees.paths(self._tree):
            parts = path.split("/")
            if path in before or parts[0] == ".git" or "__pycache__" in parts:
                continue
            trees.copy_below(self._tree, delta, path)

    def _write_down(self) -> None:
        (self._folder / places.BUILD_LOG).write_text("".join(self._log), encoding="utf-8")
        about = {
            "runtime": self.recipe.runtime,
            "interpreter": self.interpreter._asdict(),
            "size_bytes": trees.disk_usage(self._folder),
        }
        (self._folder / places.ABOUT).write_text(json.dumps(about), encoding="utf-8")


def failed(result: Result) -> bool:
    return result.ended != "exited" or result.exit_code != 0


def _shown(argv: tuple[str, ...]) -> str:
    return argv[2] if argv[:2] == ("/bin/bash", "-c") else " ".join(argv)


def made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder
