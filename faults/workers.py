"""Two workers of the queue `runs` that are started anew whenever they die."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path

import psutil

from annotator.config.embedded import PROJECT_FOLDER
from annotator.config.start import processes

_LOOK_SECONDS = 0.2


class Workers:
    """Keeps `n` workers alive until left, as an init system would."""

    def __init__(self, n: int, log: Path) -> None:
        self._n = n
        self._log = log.open("ab")
        self._alive: dict[int, subprocess.Popen[bytes]] = {}
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="workers", daemon=True)
        self.n_started = 0

    def __enter__(self) -> Workers:
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._keeper.join()
        for worker in self._alive.values():
            worker.terminate()
        for worker in self._alive.values():
            try:
                worker.wait(timeout=30)
            except subprocess.TimeoutExpired:
                kill_group(worker.pid)
                worker.wait()
        self._log.close()

    def pids(self) -> list[int]:
        """Return the ids of the workers that live."""
        return [worker.pid for worker in self._alive.values() if worker.poll() is None]

    def below(self) -> list[psutil.Process]:
        """Return every process that a worker started, directly or not."""
        found: list[psutil.Process] = []
        for pid in self.pids():
            try:
                found += psutil.Process(pid).children(recursive=True)
            except psutil.NoSuchProcess:
                continue
        return found

    def _keep(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            for number in range(self._n):
                known = self._alive.get(number)
                if known is None or known.poll() is not None:
                    self._alive[number] = self._start(number)

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        self.n_started += 1
        command = processes(0)["runs"]
        name = command.index("--hostname") + 1
        command[name] = f"runs{number}@%h"
        return subprocess.Popen(
            command,
            cwd=PROJECT_FOLDER,
            env=os.environ,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )


def kill_group(pid: int) -> None:
    """Kill a worker with what is in its session, as a machine that loses power does."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
