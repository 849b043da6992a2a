"""What an embedded server has to offer."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import psutil


class ServerError(Exception):
    """A server could not be started; the message says which, why and what to do."""


class Server(Protocol):
    name: str

    def is_running(self) -> bool: ...

    def start(self) -> None:
        """Start it and wait until it answers, or raise ServerError."""

    def stop(self) -> None:
        """Stop it in an orderly way and wait until it is gone."""


# sun_path holds 108 bytes with its closing NUL.
LONGEST_SOCKET_PATH = 107


def check_socket_path(path: Path) -> None:
    """Raise ServerError if the kernel could not bind a Unix socket at `path`."""
    if len(bytes(path)) > LONGEST_SOCKET_PATH:
        raise ServerError(
            f"the path of the socket {path} is longer than {LONGEST_SOCKET_PATH} bytes; "
            "set RETRACE_DATA to a folder with a shorter path."
        )


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll `condition` until it holds; return whether it did within `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def is_alive(process: psutil.Process) -> bool:
    """Tell whether it still runs; a zombie, which waits for its own parent, does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def log_tail(path: Path, lines: int = 5) -> str:
    """Return the last lines of a log, for an error message."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return f"(no log at {path})"
    return "\n".join(text.splitlines()[-lines:])


def package_folder(package: str) -> Path:
    """Return where a wheel lies without importing it, or raise ServerError."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ServerError(f"the Python package {package} is not installed; run `make install`.")
    return Path(spec.origin).parent
