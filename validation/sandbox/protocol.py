"""The protocol between whoever wants untrusted code to run and the backend that contains it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

MEBIBYTE = 1024**2
GIBIBYTE = 1024**3

Ended = Literal["exited", "timed_out", "out_of_memory", "output_limit", "disk_limit", "killed"]
OnOutput = Callable[[bytes], None]
Cancelled = Callable[[], bool]


class SandboxError(Exception):
    """Tell that the sandbox itself failed, whatever the command would have done."""


class SandboxUnavailable(SandboxError):
    """Tell why no sandbox can be used here, and the one command that mends it.

    `may_pass`: it could be used a moment ago, so trying again makes sense.
    """

    def __init__(self, reason: str, *, may_pass: bool = False) -> None:
        super().__init__(reason)
        self.may_pass = may_pass


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or folder of the host as the command sees it.

    A writable one belongs to the command alone: where the worker is root, its files are given to
    the unprivileged id the command runs as.
    """

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a command may use up before it is ended.

    `output_bytes` is how much of the output is kept (beginning and end), `printed_bytes` how much
    may be printed at all; `file_bytes` bounds one file, `disk_bytes` the growth of all writable
    mounts together and each of the private temporary folders.
    """

    wall_seconds: float = 1800.0
    cpu_seconds: int = 3600
    memory_bytes: int = 4 * GIBIBYTE
    processes: int = 512
    file_bytes: int = GIBIBYTE
    disk_bytes: int = 4 * GIBIBYTE
    output_bytes: int = 16 * MEBIBYTE
    printed_bytes: int = GIBIBYTE


@dataclass(frozen=True, slots=True)
class Command:
    """One command line, and everything it may see.

    `image` names the container image whose files it sees; empty: this machine's own programs.
    """

    argv: tuple[str, ...]
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: str = "/testbed"
    limits: Limits = field(default_factory=Limits)
    network: bool = False
    image: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended and what it printed.

    `output` holds stdout and stderr as they came, cut in the middle where it was too long.
    `exit_code` is None unless the command ended by itself (128 + n for signal n). `detail` says in
    one sentence why it was ended, `notices` what else a reader of the output should know.
    """

    exit_code: int | None
    output: bytes
    output_truncated: bool
    duration_seconds: float
    ended: Ended
    detail: str = ""
    notices: tuple[str, ...] = ()
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None


class Sandbox(Protocol):
    """A way to run a command that may do anything it likes, without harm."""

    name: str
    # Whether commands may name an image.
    runs_images: bool
    # Whether it could be used in this process; what keeps it from that now may pass.
    worked_before: bool

    def unavailable(self) -> str | None:
        """Say why this backend cannot be used here and how to mend it, or None if it can."""
        ...

    def run(
        self,
        command: Command,
        *,
        on_output: OnOutput | None = None,
        cancelled: Cancelled | None = None,
    ) -> Result:
        """Run the command to its end and leave no process behind.

        A command that fails or is ended is a result; SandboxError means that it could not be run.
        `cancelled` is asked about twice a second on the calling thread.
        """
        ...
