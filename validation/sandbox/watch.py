"""The limits that every backend holds itself while a command runs: time, output, disk."""

from __future__ import annotations

import time
from pathlib import Path

from validation.sandbox import trees
from validation.sandbox.output import BoundedOutput
from validation.sandbox.protocol import Cancelled, Ended, Limits, OnOutput

CANCEL_SECONDS = 0.5
# Measuring folders may take a tenth of one processor, and no less than half a second passes.
DISK_SECONDS = 0.5
DISK_SHARE = 10


class Watch:
    """Keeps a command's output and notes the first limit that it broke."""

    def __init__(self, limits: Limits, writable: list[Path]) -> None:
        self.limits = limits
        self.output = BoundedOutput(limits.output_bytes)
        self.ended: Ended = "exited"
        self.detail = ""
        self.started = time.monotonic()
        self._writable = writable
        self._disk_before = 0
        self._next_disk = self._next_use = self.started + DISK_SECONDS

    @property
    def goes_on(self) -> bool:
        """Tell whether nothing was broken so far."""
        return self.ended == "exited"

    @property
    def duration(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self.started

    def begin(self) -> None:
        """Measure what the folders hold before the command writes to them."""
        self._disk_before = self._disk_usage()

    def take(self, chunk: bytes, on_output: OnOutput | None) -> None:
        """Keep the next bytes of the output."""
        self.output.add(chunk)
        if on_output is not None:
            on_output(chunk)

    def check(self, cancelled: Cancelled | None) -> bool:
        """Look at the limits whose turn it is; true when it is that of memory and CPU time."""
        limits, now = self.limits, time.monotonic()
        if now - self.started > limits.wall_seconds:
            self.stop("timed_out", f"It ran longer than {limits.wall_seconds:g} seconds.")
        elif self.output.printed > limits.printed_bytes:
            self.stop("output_limit", f"It printed more than {limits.printed_bytes} bytes.")
        elif now >= self._next_use:
            self._next_use = now + CANCEL_SECONDS
            if cancelled is None or not cancelled():
                return True
            self.stop("killed", "It was cancelled.")
        elif now >= self._next_disk:
            self._check_disk()
        return False

    def stop(self, ended: Ended, detail: str) -> None:
        """Note why the command has to be ended, unless that is known."""
        if self.ended == "exited":
            self.ended, self.detail = ended, detail

    def stop_for_memory(self) -> None:
        """Note that it wanted too much memory."""
        limit = self.limits.memory_bytes
        self.stop("out_of_memory", f"It needed more than {limit} bytes of memory.")

    def stop_for_cpu_time(self) -> None:
        """Note that it used too much processor time."""
        self.stop("timed_out", f"It used {self.limits.cpu_seconds} seconds of CPU time.")

    def notices(self, *, refused_processes: bool) -> tuple[str, ...]:
        """Say what a reader of the output should know besides."""
        notices = []
        if self.output.truncated:
            notices.append(f"The middle of {self.output.printed} bytes of output was left out.")
        if refused_processes:
            notices.append(f"It reached the limit of {self.limits.processes} processes.")
        return tuple(notices)

    def _check_disk(self) -> None:
        before = time.monotonic()
        limit = self.limits.disk_bytes
        try:
            if self._disk_usage() - self._disk_before > limit:
                self.stop("disk_limit", f"It wrote more than {limit} bytes.")
        except trees.TooDeep as error:
            self.stop("disk_limit", f"In what it wrote, {error}.")
        after = time.monotonic()
        self._next_disk = after + max(DISK_SECONDS, DISK_SHARE * (after - before))

    def _disk_usage(self) -> int:
        return sum(trees.disk_usage(folder) for folder in self._writable)
