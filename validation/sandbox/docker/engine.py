"""The connection to the engine, and its errors in our words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from validation.sandbox.protocol import SandboxError, SandboxUnavailable

# The engine answers at once, or something is wrong with it. Pulling has no limit.
ANSWER_SECONDS = 60.0
# Who only asks whether it is there must not be kept from other work by an engine that hangs.
ASKING_SECONDS = 4.0
SOCKETS = ("/var/run/docker.sock", "/run/podman/podman.sock")
MESSAGE_CHARACTERS = 500


class ContainerLost(SandboxError):
    """Tell that a container is not there any more, though nobody of ours removed it."""


def address() -> str:
    """Return the address of the engine's socket: DOCKER_HOST, or the first that exists."""
    named = os.environ.get("DOCKER_HOST", "")
    if named:
        if not named.startswith("unix://"):
            raise SandboxUnavailable(
                f"DOCKER_HOST is {named}: working trees are mounted, so the engine must be on this"
                " machine. Name its socket: DOCKER_HOST=unix:///var/run/docker.sock"
            )
        return named
    of_user = Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"), "podman/podman.sock")
    for path in (*map(Path, SOCKETS), of_user):
        if path.exists():
            return f"unix://{path}"
    raise SandboxUnavailable(
        "No container engine runs on this machine. Start one (sudo systemctl start docker, or"
        " systemctl --user start podman.socket), or name its socket in DOCKER_HOST."
    )


@contextmanager
def connected(answer_seconds: float = ANSWER_SECONDS) -> Iterator[Any]:
    """Lend a client of the engine. Raise SandboxUnavailable where there is none to talk to.

    Whatever goes wrong with the engine meanwhile is a SandboxError, no answer in time included.
    """
    # First, so that nothing is imported where there is no engine.
    where = address()
    try:
        # Only workers of the queue `runs` have the package.
        import docker
        import docker.errors
    except ImportError:
        raise SandboxUnavailable(
            "The Python package docker is not installed: pip install -r requirements/runs.txt"
        ) from None
    try:
        client = docker.APIClient(base_url=where, version="auto", timeout=answer_seconds)
    except docker.errors.DockerException as error:
        raise SandboxUnavailable(_refused(where, error)) from error
    try:
        with speaking():
            yield client
    finally:
        client.close()


@contextmanager
def speaking() -> Iterator[None]:
    """Turn the client's many exceptions into ours."""
    import docker.errors
    import requests.exceptions

    try:
        yield
    except docker.errors.NotFound as error:
        raise ContainerLost(f"The container engine lost it: {_said(error)}") from error
    except docker.errors.APIError as error:
        raise SandboxError(f"The container engine refused: {_said(error)}") from error
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        raise SandboxError(f"The container engine does not answer: {_short(error)}") from error


def _refused(where: str, error: Exception) -> str:
    path = where.removeprefix("unix://")
    if Path(path).exists() and not os.access(path, os.R_OK | os.W_OK):
        return (
            f"The container engine's socket {path} is closed to this account. Whoever may use it is"
            " root on this machine; if that is meant: sudo usermod -aG docker ACCOUNT"
        )
    return (
        f"The container engine at {where} does not answer ({_short(error)})."
        " Start it: sudo systemctl start docker"
    )


def _said(error: Any) -> str:
    return str(error.explanation or error)[:MESSAGE_CHARACTERS]


def _short(error: object) -> str:
    return str(error)[:MESSAGE_CHARACTERS]
