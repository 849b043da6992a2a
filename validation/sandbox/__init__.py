"""Where untrusted code runs: one protocol, and the backends that hold it."""

from __future__ import annotations

from validation.sandbox.bubblewrap import NO_IMAGES, Bubblewrap
from validation.sandbox.docker import PUBLISHED, Docker, Image, published_image, reap
from validation.sandbox.protocol import (
    Cancelled,
    Command,
    Ended,
    Limits,
    Mount,
    OnOutput,
    Result,
    Sandbox,
    SandboxError,
    SandboxUnavailable,
)
from validation.sandbox.trees import remove_tree

# "auto" takes the first that can be used. Bubblewrap needs no engine, whose socket is root.
BACKENDS: tuple[Sandbox, ...] = (Bubblewrap(), Docker())


def choose_sandbox(wanted: str = "auto", *, for_image: bool = False) -> Sandbox:
    """Return the first wanted backend that can be used here; code never runs without one.

    `for_image`: the command names a container image, which not every backend can run.
    """
    reasons, may_pass = [], False
    for sandbox in _wanted(wanted):
        if for_image and not sandbox.runs_images:
            continue
        reason = sandbox.unavailable()
        if reason is None:
            return sandbox
        reasons.append(reason)
        may_pass = may_pass or sandbox.worked_before
    raise SandboxUnavailable(" ".join(reasons) or NO_IMAGES, may_pass=may_pass)


def survey(wanted: str = "auto") -> dict[str, str | None]:
    """Return the wanted backends by name, each with why it cannot be used here, if so."""
    return {sandbox.name: sandbox.unavailable() for sandbox in _wanted(wanted)}


def _wanted(wanted: str) -> list[Sandbox]:
    return [sandbox for sandbox in BACKENDS if wanted in ("auto", sandbox.name)]


__all__ = [
    "BACKENDS",
    "PUBLISHED",
    "Cancelled",
    "Command",
    "Docker",
    "Ended",
    "Image",
    "Limits",
    "Mount",
    "OnOutput",
    "Result",
    "Sandbox",
    "SandboxError",
    "SandboxUnavailable",
    "choose_sandbox",
    "published_image",
    "reap",
    "remove_tree",
    "survey",
]
