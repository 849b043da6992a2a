"""Watch over one sandboxed command from its start to the death of its last process."""

from __future__ import annotations

import json
import os
import select
import selectors
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from validation.sandbox.cgroups import ControlGroup
from validation.sandbox.protocol import (
    Cancelled,
    Limits,
    OnOutput,
    Result,
    SandboxError,
)
from validation.sandbox.watch import Watch

CHUNK = 64 * 1024
TICK_SECONDS = 0.1
DEATH_SECONDS = 30
MESSAGE_BYTES = 500
KILLED_BY_CPU_LIMIT = 128 + signal.SIGXCPU


class Streams(NamedTuple):
    """Descriptors to read: what the command prints, and what bubblewrap reports."""

    output: int
    status: int


class Supervisor:
    """Reads the output, holds the limits, and ends everything."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        streams: Streams,
        limits: Limits,
        group: ControlGroup | None,
        writable: list[Path],
    ) -> None:
        self._process = process
        self._streams = streams
        self._status = bytearray()
        self._watched = Watch(limits, writable)
        self._group = group
        self._first_process: int | None = None
        self._peak_memory = 0

    def result(self, on_output: OnOutput | None, cancelled: Cancelled | None) -> Result:
        """Return how the command ended, once nothing of it runs any more."""
        try:
            self._watched.begin()
            self._watch(on_output, cancelled)
        finally:
            self._end(on_output)
        return self._verdict(self._watched.duration)

    def _watch(self, on_output: OnOutput | None, cancelled: Cancelled | None) -> None:
        end = os.pidfd_open(self._process.pid)
        with selectors.DefaultSelector() as selector, os.fdopen(end, "rb", buffering=0):
            for descriptor in (*self._streams, end):
                selector.register(descriptor, selectors.EVENT_READ)
            # Not until the streams end: a daemon may hold them open when the command is done.
            while self._process.poll() is None and self._watched.goes_on:
                for key, _ in selector.select(TICK_SECONDS):
                    if key.fd != end and not self._read(key.fd, on_output):
                        selector.unregister(key.fd)
                if self._watched.check(cancelled):
                    self._check_use()

    def _read(self, descriptor: int, on_output: OnOutput | None) -> bool:
        """Read what is there; False at its end."""
        chunk = os.read(descriptor, CHUNK)
        if descriptor == self._streams.status:
            self._status += chunk
            self._note_first_process()
        elif chunk:
            self._watched.take(chunk, on_output)
        return bool(chunk)

    def _note_first_process(self) -> None:
        """Keep hold of the sandbox's process 1: when it is dead, so is everything in there."""
        pid = self._reported("child-pid")
        if self._first_process is None and pid is not None:
            with suppress(ProcessLookupError):
                self._first_process = os.pidfd_open(pid)

    def _reported(self, name: str) -> int | None:
        """Return a number from bubblewrap's reports, one JSON object per line."""
        for line in self._status.splitlines():
            with suppress(ValueError):
                value = json.loads(line).get(name)
                if isinstance(value, int):
                    return value
        return None

    def _check_use(self) -> None:
        if self._group is None or not self._group.bounds_memory:
            self._check_memory()
        elif self._group.out_of_memory():
            self._watched.stop_for_memory()
        cpu_seconds = self._group.cpu_seconds() if self._group is not None else None
        if cpu_seconds is not None and cpu_seconds > self._watched.limits.cpu_seconds:
            self._watched.stop_for_cpu_time()

    def _check_memory(self) -> None:
        """Add up the processes' shares of memory, where no control group does."""
        pid = self._reported("child-pid")
        total = 0
        with suppress(psutil.NoSuchProcess):
            for process in psutil.Process(pid).children(recursive=True) if pid else ():
                with suppress(psutil.Error):
                    total += process.memory_full_info().pss
        self._peak_memory = max(self._peak_memory, total)
        if total > self._watched.limits.memory_bytes:
            self._watched.stop_for_memory()

    def _end(self, on_output: OnOutput | None) -> None:
        """Kill what still runs, wait until it is dead, and read what it had printed."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._drain(self._streams.status, None)
        if self._first_process is not None:
            self._await_death(self._first_process)
        if self._group is not None:
            self._group.kill()
        self._drain(self._streams.output, on_output)

    def _await_death(self, first_process: int) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(first_process, signal.SIGKILL)
        # The kernel reports the death of process 1 after that of all others in there.
        gone, _, _ = select.select([first_process], [], [], DEATH_SECONDS)
        os.close(first_process)
        if not gone:
            raise SandboxError("the sandbox's processes could not be killed")

    def _drain(self, stream: int, on_output: OnOutput | None) -> None:
        """Read what is left. Not to its end: another thread's child may hold the pipe open."""
        os.set_blocking(stream, False)
        with suppress(BlockingIOError):
            while self._read(stream, on_output):
                pass

    def _verdict(self, duration: float) -> Result:
        if self._group is not None and self._group.out_of_memory():
            self._watched.ended = "exited"
            self._watched.stop_for_memory()
        exit_code = self._reported("exit-code")
        if exit_code == KILLED_BY_CPU_LIMIT:
            self._watched.stop_for_cpu_time()
        if self._watched.ended == "exited" and exit_code is None:
            # bubblewrap reports a code only for a command that it really started.
            said = self._watched.output.kept()[-MESSAGE_BYTES:].decode(errors="replace").strip()
            raise SandboxError(said or "bubblewrap ended without saying why")
        return Result(
            exit_code=exit_code if self._watched.ended == "exited" else None,
            output=self._watched.output.kept(),
            output_truncated=self._watched.output.truncated,
            duration_seconds=duration,
            ended=self._watched.ended,
            detail=self._watched.detail,
            notices=self._watched.notices(
                refused_processes=self._group is not None and self._group.refused_processes()
            ),
            cpu_seconds=self._group.cpu_seconds() if self._group is not None else None,
            peak_memory_bytes=self._peak(),
        )

    def _peak(self) -> int | None:
        peak = self._group.peak_memory_bytes() if self._group is not None else None
        return peak or self._peak_memory or None
