"""Builds of environments of Python, by uv.

Wheels are cached by a step that runs no foreign code (wheels only); only where something has no
wheel, a step that may run its code builds it, without that cache.
"""

from __future__ import annotations

import re
from pathlib import Path

import uv

from validation.environments.building import UNREACHABLE, Build, failed, made
from validation.environments.environment import ENVIRONMENT
from validation.environments.keeping import (
    CACHE,
    SHARED_CACHE,
    TOOLS,
    WHEELS_LOCK,
    note_wheels,
)
from validation.environments.locks import locked
from validation.sandbox import Mount

# " + flask==2.3.3", " + calc==1.0 (from https://packages.example/calc-1.0-py3-none-any.whl)"
ADDED = re.compile(
    rb" \+ (?P<name>[\w.-]+)==(?P<version>[\w.!+-]+)(?: \(from (?P<url>[^\s)]+)\))?\s*$"
)


class PythonBuild(Build):
    """One build of an environment that a Python is in."""

    def install_packages(self, shared: Path) -> None:
        """Make the environment and install the packages, from wheels where there are wheels."""
        venv = ("uv", "venv", "--seed", "--allow-existing", "--python", self.interpreter.path)
        install = ("uv", "pip", "install", "--python", ENVIRONMENT)
        packages = ("--", *self.recipe.packages)
        cache = made(shared / SHARED_CACHE)
        # One at a time: the cache belongs to the id of whoever fills it.
        with locked(shared, WHEELS_LOCK, self.cancelled):
            self.need("environment", (*venv, ENVIRONMENT), cache)
            if not self.recipe.packages:
                return
            pins = self._resolve((*install, "--dry-run", *packages))
            if not pins:  # seeded already
                return
            result = self.do("packages", (*install, "--no-build", "--no-deps", "--", *pins), cache)
            note_wheels(shared, [re.split("==| @ ", pin)[0] for pin in pins])
        if failed(result):
            if result.ended != "exited" or UNREACHABLE.search(result.output):
                raise self.failure(result, (*install, *packages))
            # Something has no wheel and must be built, which runs its code.
            self.need("packages", (*install, *packages))

    def _resolve(self, argv: tuple[str, ...]) -> list[str]:
        """Return the exact versions to install, each as a requirement.

        Asked for with wheels only, uv would take an older release where the newest has none.
        """
        result = self.need("resolve", argv)
        added = (ADDED.match(line) for line in result.output.splitlines())
        return [
            f"{match['name'].decode()} @ {match['url'].decode()}"
            if match["url"]
            else f"{match['name'].decode()}=={match['version'].decode()}"
            for match in added
            if match
        ]

    def tools(self) -> tuple[Mount, ...]:
        """Return uv."""
        return (Mount(Path(uv.find_uv_bin()).resolve(), f"{TOOLS}/uv"),)

    def tool_variables(self) -> dict[str, str]:
        """Return what uv and pip are told."""
        return {
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
