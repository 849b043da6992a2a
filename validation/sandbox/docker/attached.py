"""Watch over one container from its start to its end."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from typing import Any

from validation.sandbox.docker.engine import ContainerLost, speaking
from validation.sandbox.docker.frames import Frames
from validation.sandbox.docker.reaper import remove
from validation.sandbox.protocol import Cancelled, OnOutput, Result, SandboxError
from validation.sandbox.watch import Watch

CHUNK = 64 * 1024
TICK_SECONDS = 0.1
# Between the end of the stream and the engine's noticing that the container has ended.
ENDING_SECONDS = 10
# How long an engine that went away may take to come back, so that its container can be removed.
RETURN_SECONDS = 5
KILLED_BY_CPU_LIMIT = 128 + signal.SIGXCPU


class Attached:
    """A container that was created, and the stream of what it prints."""

    def __init__(self, client: Any, container: str, watch: Watch) -> None:
        self._client = client
        self._container = container
        self._watch = watch
        self._frames = Frames()
        self._cpu_seconds: float | None = None
        self._peak_memory = 0
        self._refused_processes = False

    def result(self, on_output: OnOutput | None, cancelled: Cancelled | None) -> Result:
        """Start the container and return how it ended."""
        self._watch.begin()
        # Before the start, so that nothing is missed.
        stream = self._client.attach_socket(
            self._container, params={"stdout": 1, "stderr": 1, "stream": 1}
        )
        try:
            self._client.start(self._container)
            self._watch.started = time.monotonic()
            self._follow(stream.fileno(), on_output, cancelled)
        finally:
            stream.close()
        duration = self._watch.duration
        return self._verdict(self._final_state(), duration)

    def _follow(
        self, descriptor: int, on_output: OnOutput | None, cancelled: Cancelled | None
    ) -> None:
        while self._watch.goes_on:
            if select.select([descriptor], [], [], TICK_SECONDS)[0]:
                data = _read(descriptor)
                if not data:
                    self._frames.end()
                    return
                for printed in self._frames.take(data):
                    self._watch.take(printed, on_output)
            if self._watch.check(cancelled):
                self._measure()

    def _measure(self) -> None:
        # A container that is ending has no figures, and then some engines say it is not there.
        with suppress(ContainerLost), speaking():
            self._note(self._client.stats(self._container, stream=False, one_shot=True))
        cpu, limit = self._cpu_seconds, self._watch.limits.cpu_seconds
        if cpu is not None and cpu > limit:
            self._watch.stop_for_cpu_time()

    def _note(self, stats: dict[str, Any]) -> None:
        usage = (stats.get("cpu_stats") or {}).get("cpu_usage") or {}
        if usage.get("total_usage"):
            self._cpu_seconds = usage["total_usage"] / 1e9
        memory = stats.get("memory_stats") or {}
        cached = (memory.get("stats") or {}).get("inactive_file", 0)
        used = memory.get("max_usage") or memory.get("usage", 0) - cached
        self._peak_memory = max(self._peak_memory, used)
        processes = (stats.get("pids_stats") or {}).get("current", 0)
        if processes >= self._watch.limits.processes:
            self._refused_processes = True

    def _final_state(self) -> dict[str, Any]:
        """Return the engine's word on how the container ended, after ending it where need be."""
        if not self._watch.goes_on:
            self._kill()
        deadline = time.monotonic() + ENDING_SECONDS
        while True:
            state: dict[str, Any] = self._client.inspect_container(self._container)["State"]
            if not state.get("Running"):
                return state
            if time.monotonic() > deadline:
                if self._watch.goes_on:
                    raise SandboxError("The container engine ended the output, but not the run.")
                raise SandboxError("The container engine could not kill the container.")
            time.sleep(0.02)

    def _kill(self) -> None:
        # It may have ended by itself at this moment, which engines call a conflict.
        with suppress(SandboxError), speaking():
            self._client.kill(self._container)

    def _verdict(self, state: dict[str, Any], duration: float) -> Result:
        watch, exit_code = self._watch, state.get("ExitCode")
        if state.get("OOMKilled"):
            watch.ended = "exited"
            watch.stop_for_memory()
        if exit_code == KILLED_BY_CPU_LIMIT:
            watch.stop_for_cpu_time()
        if watch.goes_on and (state.get("Error") or not isinstance(exit_code, int)):
            raise SandboxError(f"The container engine reports: {state.get('Error') or 'no status'}")
        return Result(
            exit_code=exit_code if watch.goes_on else None,
            output=watch.output.kept(),
            output_truncated=watch.output.truncated,
            duration_seconds=duration,
            ended=watch.ended,
            detail=watch.detail,
            notices=watch.notices(refused_processes=self._refused_processes),
            cpu_seconds=self._cpu_seconds,
            peak_memory_bytes=self._peak_memory or None,
        )


def remove_for_sure(client: Any, container: str) -> None:
    """Remove a container, waiting a little for an engine that is away; the reaper does the rest."""
    deadline = time.monotonic() + RETURN_SECONDS
    while True:
        try:
            remove(client, container)
            return
        except SandboxError:
            if time.monotonic() > deadline:
                return
            time.sleep(0.2)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, CHUNK)
    except ConnectionError:
        raise SandboxError("The container engine went away in the middle of a run.") from None
