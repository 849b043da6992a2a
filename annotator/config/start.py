"""Start the whole site on one machine: `python -m annotator.config.start` (`make run`).

Sets up what is missing, then runs the web server and the workers until Ctrl-C. It calls the same
management commands that a person would type, and stops every process it started.
"""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from django.core.exceptions import ImproperlyConfigured
from honcho.manager import Manager
from honcho.printer import Printer

from annotator.config import env
from annotator.config.embedded import PROJECT_FOLDER, DataFolder, ServerError, services

HOST = "127.0.0.1"
SAMPLE_BATCH = "sample"
SAMPLE_REPOSITORY = "retrace-samples/almanac"


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.config.settings.local")
    # Children name the same folder, wherever this was called from.
    data = env.folder("RETRACE_DATA", PROJECT_FOLDER / "data")
    os.environ["RETRACE_DATA"] = str(data)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _hang_up)
    try:
        port = env.integer("PORT", 8000)
        _check_port(port)
        with services(data):
            new_accounts = set_up(data)
            return _run(port, new_accounts)
    except (ServerError, ImproperlyConfigured) as error:
        print(f"retrace: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"retrace: `{shlex.join(error.cmd[1:])}` failed, see above.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _leave(signum: int, _: object) -> None:
    """End in an orderly way while things are set up; later the manager takes signals."""
    sys.exit(128 + signum)


def _hang_up(_signum: int, _: object) -> None:
    """End as if told to: the terminal is gone, and writing to it would fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    # In the manager's own children, which go with what they started, this does nothing.
    os.kill(os.getpid(), signal.SIGTERM)


class _Terminal:
    """Standard output that may go away: what cannot be written is dropped."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stdout.write(text)
            sys.stdout.flush()

    def flush(self) -> None:
        """Do nothing: it is flushed where it is written."""

    def isatty(self) -> bool:
        return sys.stdout.isatty()


def _check_port(port: int) -> None:
    """Raise ServerError if something listens there already."""
    if not 0 < port < 65536:
        raise ServerError(f"there is no port {port}; choose one from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ServerError(
                f"port {port} cannot be used ({error.strerror}). Stop what listens there, or "
                f"choose another one: make run PORT={port + 1}"
            ) from error


def set_up(data: Path) -> str:
    """Bring database, static files, accounts and sample batch up to date; return new accounts."""
    print(f"Data folder: {data}")
    _manage("migrate", "--verbosity", "0")
    _manage("collectstatic", "--noinput", "--verbosity", "0")
    new_accounts = _manage("accounts", "--create", capture=True)
    loaded = DataFolder(data).root / "sample-batch-loaded"
    if not loaded.exists():
        print("Loading the sample batch ...")
        _load_samples(data)
        loaded.touch()
    return new_accounts


def _load_samples(data: Path) -> None:
    """Load the sample batch through the commands that load any batch."""
    samples = PROJECT_FOLDER / "samples"
    repository = data / "samples" / "repository.git"
    if not repository.exists():
        build = [sys.executable, str(samples / "build_repository.py"), str(repository)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    batch = ("--batch", SAMPLE_BATCH)
    _manage("add_repository", SAMPLE_REPOSITORY, "--source", str(repository))
    _manage("load_tasks", str(samples / "tasks.jsonl"), *batch)
    _manage("load_recipes", str(samples / "recipes.jsonl"))
    _manage("load_trajectories", str(samples / "trajectories"), *batch)


def _manage(*arguments: str, capture: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, str(PROJECT_FOLDER / "manage.py"), *arguments],
        check=True,
        text=True,
        stdout=subprocess.PIPE if capture else None,
    )
    return done.stdout or ""


def _run(port: int, new_accounts: str) -> int:
    """Run web server and workers until one of them ends or Ctrl-C; return the exit status."""
    manager = Manager(Printer(_Terminal()))
    for name, command in processes(port).items():
        manager.add_process(name, shlex.join(command), cwd=str(PROJECT_FOLDER), env=os.environ)
    greeting = threading.Thread(target=_greet, args=(port, new_accounts), daemon=True)
    greeting.start()
    manager.loop()
    return int(manager.returncode or 0)


def processes(port: int) -> dict[str, list[str]]:
    python = sys.executable
    celery = [python, "-m", "celery", "--quiet", "--app", "annotator.config", "worker"]
    quiet = [
        "--concurrency", "1", "--loglevel", "WARNING", "--without-gossip", "--without-mingle",
    ]  # fmt: skip
    return {
        "web": [
            python, "-m", "gunicorn", "annotator.config.wsgi",
            "--bind", f"{HOST}:{port}", "--workers", "2", "--timeout", "60",
            "--log-level", "warning", "--no-control-socket",
        ],
        "default": [*celery, "--queues", "default", "--hostname", "default@%h", *quiet],
        "runs": [*celery, "--queues", "runs", "--hostname", "runs@%h", *quiet],
    }  # fmt: skip


def _greet(port: int, new_accounts: str) -> None:
    """Say where the site is once it answers."""
    address = f"http://localhost:{port}/"
    for _ in range(300):
        try:
            with urlopen(f"http://{HOST}:{port}/healthz", timeout=5):
                break
        except (URLError, OSError):
            time.sleep(0.1)
    lines = ["", f"Retrace is at {address}", ""]
    if new_accounts:
        lines += [
            "Accounts (shown once; `make accounts` shows them again):",
            new_accounts.rstrip(),
            "",
        ]
    lines += [
        "Try first: sign in as annotator1, claim a task of the sample batch, read step and diff",
        "side by side, press n for a reasoning step, select a line and press c to cite it.",
        "Ctrl-C stops everything; your data stays.",
        "",
    ]
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    sys.exit(main())
