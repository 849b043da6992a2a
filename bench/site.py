"""The site as `make run` starts it, with the floors beside it in the same gunicorn."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from annotator.config.start import HOST, processes
from bench.loading import PROJECT_FOLDER

START_SECONDS = 60
STOP_SECONDS = 20


@dataclass
class Site:
    """A running web server and a running worker."""

    port: int
    data: Path
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def floors(self) -> Path:
        return self.data / "floors"

    def restart_web(self) -> None:
        """Forget what the web server's processes and the store of computed things hold."""
        if "web" in self.started:
            _stop([self.started.pop("web")])
        shutil.rmtree(self.data / "kept", ignore_errors=True)
        self._start("web")
        self._wait()

    def memory(self) -> dict[str, int]:
        """Return proportional set sizes in bytes, by process of the site, children included."""
        sizes = {}
        for name, started in self.started.items():
            parent = psutil.Process(started.pid)
            family = [parent, *parent.children(recursive=True)]
            sizes[name] = sum(process.memory_full_info().pss for process in family)
        return sizes

    def _start(self, name: str) -> None:
        command = [
            "bench.wsgi" if word == "annotator.config.wsgi" else word
            for word in processes(self.port)[name]
        ]
        self.started[name] = subprocess.Popen(
            command,
            cwd=PROJECT_FOLDER,
            env={**os.environ, "BENCH_FLOORS": str(self.floors)},
            start_new_session=True,
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                with urlopen(f"http://{HOST}:{self.port}/healthz", timeout=5):
                    return
            except (URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"The site does not answer at {self.url} after {START_SECONDS} s.")


@contextmanager
def running_site(data: Path) -> Iterator[Site]:
    """Start the web server and the worker of the queue `default`; stop both in the end."""
    site = Site(_free_port(), data)
    site.floors.mkdir(exist_ok=True)
    try:
        site._start("default")
        site.restart_web()
        yield site
    finally:
        _stop(list(site.started.values()))


def set_up() -> None:
    """Bring database and static files up to date, by the commands of `make run`."""
    for command in (["migrate"], ["collectstatic", "--noinput"]):
        subprocess.run(
            [sys.executable, "manage.py", *command, "--verbosity", "0"],
            cwd=PROJECT_FOLDER,
            check=True,
        )


def _stop(started: list[subprocess.Popen[bytes]]) -> None:
    for process in started:
        process.terminate()
    for process in started:
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
