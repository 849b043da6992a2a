"""Which Python an environment is made with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import uv

FIND_SECONDS = 60
ASK = (
    "import json, sys; print(json.dumps([sys.executable, sys.base_prefix, sys.version.split()[0]]))"
)


class InterpreterNotFound(Exception):
    """Tell that no Python of the version asked for is on this machine."""


class Interpreter(NamedTuple):
    """A Python of the host: its program, the folder it lives in, its exact version."""

    path: str
    prefix: str
    version: str


def find_interpreter(version: str) -> Interpreter:
    """Return a Python of the asked minor version ("3.11.7" is met by any 3.11); "" is our own."""
    wanted = ".".join(version.split(".")[:2])
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    if wanted in ("", own):
        path = Path(sys.base_prefix, "bin", f"python{own}")
    else:
        path = _found_by_pyenv(wanted) or _found_by_uv(wanted)
    return _asked(path)


def _found_by_pyenv(version: str) -> Path | None:
    """Return pyenv's newest; its programs on the search path answer only for a chosen version."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = (root / "versions").glob(f"{version}.*/bin/python{version}")
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def _found_by_uv(version: str) -> Path:
    # From the root folder: uv must not be led by a project's own settings.
    options = ("--no-project", "--no-config", "--no-python-downloads")
    found = subprocess.run(
        [uv.find_uv_bin(), "python", "find", *options, version],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=FIND_SECONDS,
        check=False,
    )
    if found.returncode != 0:
        raise InterpreterNotFound(
            f"Python {version} is not on this machine. Install it: uv python install {version}"
        )
    return Path(found.stdout.strip())


def _asked(path: Path) -> Interpreter:
    try:
        answer = subprocess.run(
            [str(path), "-I", "-c", ASK],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=FIND_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise InterpreterNotFound(f"The Python at {path} does not answer: {error}") from None
    return Interpreter(*json.loads(answer.stdout))
