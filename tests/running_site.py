"""The whole site as `make run` starts it, as a subprocess with a data folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.paths import PROJECT_FOLDER

START_SECONDS = 180
STOP_SECONDS = 60
# The last line of the greeting.
GREETED = "Ctrl-C stops everything"
# What the tests' own settings put there, or a machine that offers servers.
FOREIGN = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PORT")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def short_folder() -> Iterator[Path]:
    """Give a folder whose path leaves room for the names of Unix sockets."""
    folder = Path(tempfile.mkdtemp(prefix="retrace-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def environment(data: Path, **more: str) -> dict[str, str]:
    """Return the environment of a person who calls `make run` with this data folder."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return {**kept, "RETRACE_DATA": str(data), "PYTHONUNBUFFERED": "1", **more}


def start_command() -> list[str]:
    return [sys.executable, "-m", "annotator.config.start"]


def manage(data: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT_FOLDER,
        env=environment(data, **more),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


@dataclass
class RunningSite:
    """The started site; `output` is all it has printed so far."""

    data: Path
    port: int
    process: subprocess.Popen[str]
    output: str = ""
    _greeted: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def passwords(self) -> dict[str, str]:
        """The accounts it printed, by user name."""
        words = (line.split() for line in self.output.splitlines() if line.startswith("  "))
        return {line[0]: line[2] for line in words if len(line) == 3}

    def wait_until_greeted(self) -> None:
        assert self._greeted.wait(START_SECONDS), self.output
        assert self.process.poll() is None, self.output

    def processes(self) -> list[psutil.Process]:
        return processes_of(self.process.pid, self.data)

    def stop(self, signum: int = signal.SIGINT) -> int:
        """Send a signal to the one process a person knows of; return its exit status."""
        self.process.send_signal(signum)
        return self.wait()

    def wait(self) -> int:
        status = self.process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        return status

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if GREETED in line:
                self._greeted.set()
        self._greeted.set()


@contextmanager
def running_site(data: Path, port: int | None = None, **more: str) -> Iterator[RunningSite]:
    """Start the site, wait until it says where it is, and stop it in the end."""
    port = port or free_port()
    process = subprocess.Popen(
        start_command(),
        cwd=PROJECT_FOLDER,
        env=environment(data, PORT=str(port), **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A terminal's job; Ctrl-C of who runs the tests is not meant for it.
        start_new_session=True,
    )
    site = RunningSite(data, port, process)
    try:
        site.wait_until_greeted()
        yield site
    finally:
        if process.poll() is None:
            site.stop()


def processes_of(pid: int, data: Path) -> list[psutil.Process]:
    """Return everything a start began: its children, and the servers that left its terminal."""
    return [*psutil.Process(pid).children(recursive=True), *servers_of(data)]


def servers_of(data: Path) -> list[psutil.Process]:
    """Return the PostgreSQL and Redis of a data folder that run, with their children."""
    found = []
    for pidfile in (data / "postgres" / "postmaster.pid", data / "run" / "redis.pid"):
        try:
            server = psutil.Process(int(pidfile.read_text().split()[0]))
            found += [server, *server.children(recursive=True)]
        except (OSError, psutil.NoSuchProcess):
            continue
    return found


def survivors(processes: list[psutil.Process]) -> list[str]:
    """Return what still runs of `processes`, by command line; a moment is given to each."""
    _, alive = psutil.wait_procs(processes, timeout=5)
    return [
        " ".join(process.cmdline()) or process.name()
        for process in alive
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    ]
