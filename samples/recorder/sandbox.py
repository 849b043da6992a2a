"""Run a command as an agent's would run: in /testbed, without network, with Python, pytest, Node.

bubblewrap gives each recording the same paths on every machine; nothing of the machine but its
programs and the Python environment of the caller can be seen in there.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_SECONDS = 60
_ENVIRONMENT = {
    "PATH": "/opt/bin:/opt/python/bin:/usr/bin:/bin",
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "LD_LIBRARY_PATH": "/opt/python/lib",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": "/testbed:/opt/packages",
    "PYTEST_ADDOPTS": "-p no:cacheprovider",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_PAGER": "cat",
    "PAGER": "cat",
    "TERM": "dumb",
}


@dataclass(frozen=True)
class Result:
    """What a command printed, both streams as they came, and how it ended."""

    output: str
    returncode: int


class SandboxMissing(RuntimeError):
    """bubblewrap is not installed or may not be used here."""


class Sandbox:
    """One working tree, shown as /testbed, and a folder for /tmp that lasts as long."""

    def __init__(self, tree: Path, temporary: Path) -> None:
        self.tree = tree
        self._prefix = [*_base_arguments(), *_bind("--bind", temporary, "/tmp")]
        self._prefix += [*_bind("--bind", tree, "/testbed"), "--chdir", "/testbed"]

    def run(self, command: str) -> Result:
        """Run one command line in a new shell."""
        result = subprocess.run(
            [*self._prefix, "bash", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        return Result(result.stdout.decode("utf-8", "replace"), result.returncode)


_PROBES = {"python": ["python", "-c", "import pytest"], "node": ["node", "--version"]}


def require_sandbox(*programs: str) -> None:
    """Raise SandboxMissing, with the reason, where commands cannot be executed.

    Of Python with pytest and Node, those named are tried; without any, Python.
    """
    if shutil.which("bwrap") is None:
        raise SandboxMissing("bubblewrap is not installed: apt-get install bubblewrap")
    for program in programs or ("python",):
        probe = subprocess.run(
            [*_base_arguments(), *_PROBES[program]], capture_output=True, text=True, check=False
        )
        if probe.returncode:
            raise SandboxMissing(f"bubblewrap cannot run {program}: {probe.stderr.strip()}")


def _base_arguments() -> list[str]:
    arguments = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    for name, value in _ENVIRONMENT.items():
        arguments += ["--setenv", name, value]
    arguments += [*_bind("--ro-bind", Path("/usr"), "/usr"), "--proc", "/proc", "--dev", "/dev"]
    for name in ("bin", "lib", "lib64", "sbin"):
        folder = Path("/", name)
        if folder.is_symlink():
            arguments += ["--symlink", str(folder.readlink()), str(folder)]
        elif folder.is_dir():
            arguments += _bind("--ro-bind", folder, str(folder))
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    arguments += _bind("--ro-bind", Path(sys.base_prefix), "/opt/python")
    for name in ("python", "python3"):
        arguments += ["--symlink", f"/opt/python/bin/{python}", f"/opt/bin/{name}"]
    packages = Path(sysconfig.get_path("purelib"))
    return [*arguments, *_bind("--ro-bind", packages, "/opt/packages"), "--tmpfs", "/tmp"]


def _bind(option: str, source: Path, target: str) -> list[str]:
    return [option, str(source), target]
