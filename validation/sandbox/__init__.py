"""Where untrusted code runs: one protocol, and the backends that hold it."""

from __future__ import annotations

from validation.sandbox.bubblewrap import Bubblewrap
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

BACKENDS: tuple[Sandbox, ...] = (Bubblewrap(),)


def choose_sandbox() -> Sandbox:
    """Return the first backend that can be used here; code never runs without one."""
    reasons = []
    for sandbox in BACKENDS:
        reason = sandbox.unavailable()
        if reason is None:
            return sandbox
        reasons.append(reason)
    raise SandboxUnavailable(" ".join(reasons))


__all__ = [
    "BACKENDS",
    "Cancelled",
    "Command",
    "Ended",
    "Limits",
    "Mount",
    "OnOutput",
    "Result",
    "Sandbox",
    "SandboxError",
    "SandboxUnavailable",
    "choose_sandbox",
    "remove_tree",
]
