"""Which Python or Node an environment is made with."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import uv

ASK_SECONDS = 60
FETCH_SECONDS = 600
FETCHED = ".pythons"
OLDEST_MAJOR = 3
ASK = (
    "import json, sys; print(json.dumps([sys.executable, sys.base_prefix, sys.version.split()[0]]))"
)


# "https://me:secret@pythons.example/cpython.tar.gz", with the parentheses or quotes around it
_ADDRESS = re.compile(r"[(`]?\b(?:https?|file)://[^\s)`]+[)`]?")
ASK_NODE = "JSON.stringify([process.execPath, process.versions.node])"


class InterpreterNotFound(Exception):
    """Tell that no Python of the version asked for, or no Node, can be had."""


class Interpreter(NamedTuple):
    """A Python or Node of the host: its program, the folder it lives in, its exact version."""

    path: str
    prefix: str
    version: str


def find_interpreter(version: str, folder: Path) -> Interpreter:
    """Return a Python of the asked minor version ("3.11.7" is met by any 3.11); "" is our own.

    One that is not on the machine is fetched by uv into the folder, where its source is reachable.
    """
    wanted = ".".join(version.split(".")[:2])
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    if wanted in ("", own):
        return _asked(Path(sys.base_prefix, "bin", f"python{own}"))
    if int(wanted.partition(".")[0]) < OLDEST_MAJOR:
        raise InterpreterNotFound(
            f"uv makes no environments of Python {wanted}: name a container image in the recipe."
        )
    return _asked(_of_pyenv(wanted) or _known_to_uv(wanted, folder) or _fetched(wanted, folder))


def find_node() -> Interpreter:
    """Return the Node that the search path of this worker leads to, with npm beside it."""
    program = shutil.which("node")
    if program is None:
        raise InterpreterNotFound(
            "Node is not on this machine: install it together with npm (the packages nodejs and"
            " npm), where the worker's PATH finds it."
        )
    return _asked_node(program, os.stat(program).st_mtime_ns)


@cache
def _asked_node(program: str, _: int) -> Interpreter:
    """Ask once for each program and time of its change; each run wants to know."""
    path, version = _answer([program, "-p", ASK_NODE])
    prefix = Path(path).parent.parent
    if not (prefix / "bin" / "npm").exists():
        raise InterpreterNotFound(
            f"Node {version} is on this machine, but not npm: install it (the package npm)."
        )
    return Interpreter(path, str(prefix), version)


def _of_pyenv(version: str) -> Path | None:
    """Return pyenv's newest; its programs on the search path answer only for a chosen version."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = (root / "versions").glob(f"{version}.*/bin/python{version}")
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def _known_to_uv(version: str, folder: Path) -> Path | None:
    options = ("--no-project", "--no-python-downloads")
    found = _uv_python(folder, "find", *options, version, seconds=ASK_SECONDS)
    return Path(found.stdout.strip()) if found.returncode == 0 else None


def _fetched(version: str, folder: Path) -> Path:
    done = _uv_python(folder, "install", "--no-bin", version, seconds=FETCH_SECONDS)
    path = _known_to_uv(version, folder)
    if path is None:
        raise InterpreterNotFound(
            f"Python {version} is not on this machine, and uv could not fetch it"
            f" ({_reason(done.stderr)}). "
            "Install it, or load a recipe that names another version."
        )
    return path


def _reason(output: str) -> str:
    """Return the last thing uv said, without the address of this host's own source of Pythons."""
    last = (output.strip().splitlines() or ["no reason given"])[-1].strip()
    return _ADDRESS.sub("its source", last.removeprefix("cause: "))


def _uv_python(
    folder: Path, action: str, *arguments: str, seconds: int
) -> subprocess.CompletedProcess[str]:
    command = [uv.find_uv_bin(), "python", action, *arguments]
    try:
        return subprocess.run(
            command,
            # From the root folder: the settings of this host count, not those of a project.
            cwd="/",
            env={**os.environ, "UV_PYTHON_INSTALL_DIR": str(folder / FETCHED)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no answer within {seconds} seconds")


def _asked(path: Path) -> Interpreter:
    return Interpreter(*_answer([str(path), "-I", "-c", ASK]))


def _answer(command: list[str]) -> list[str]:
    try:
        answer = subprocess.run(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ASK_SECONDS,
            check=True,
        )
        return [str(text) for text in json.loads(answer.stdout)]
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise InterpreterNotFound(f"{command[0]} does not answer: {error}") from None
