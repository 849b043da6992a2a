"""The embedded servers, started for real in folders of their own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from annotator.config.embedded import DataFolder, PostgresServer, RedisServer, ServerError, services
from annotator.config.embedded.server import check_socket_path

PROJECT_FOLDER = Path(__file__).resolve().parents[2]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can lock itself out")

pytestmark = pytest.mark.usefixtures("own_servers")


@pytest.fixture
def own_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the data folder, whatever servers this machine offers besides."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home directory for its owner alone, with a short path and above it only open folders."""
    folder = Path("/tmp") / f"retrace-home-{os.getpid()}"
    folder.mkdir(mode=0o700)
    yield folder
    shutil.rmtree(folder)


def connect(data: Path, user: str = "retrace") -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(host=str(data / "run"), user=user, dbname="retrace")


def test_data_is_found_again_after_a_stop(home: Path) -> None:
    data = home / "data"
    with services(data), connect(data) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        redis.Redis(unix_socket_path=str(data / "run" / "redis.sock")).set("kept", "42")
    assert not PostgresServer(DataFolder(data)).is_running()
    assert not RedisServer(DataFolder(data)).is_running()
    with services(data), connect(data) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        assert redis.Redis(unix_socket_path=str(data / "run" / "redis.sock")).get("kept") == b"42"


def test_servers_run_until_the_last_holder_leaves_and_dead_holders_do_not_count(
    home: Path,
) -> None:
    data = home / "data"
    postgres = PostgresServer(DataFolder(data))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data)],
        cwd=PROJECT_FOLDER,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with services(data, for_tests=True):
        pass
    assert postgres.is_running(), "another process still held it"
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with services(data, for_tests=True):
        assert postgres.is_running()
    assert not postgres.is_running(), "a killed process held it for ever"


HOLD = """
import sys, time
from pathlib import Path
from annotator.config.embedded import services
with services(Path(sys.argv[1]), for_tests=True):
    print("held", flush=True)
    time.sleep(600)
"""


@needs_root
@pytest.mark.parametrize("owner", ["root", "nobody"])
def test_root_below_a_closed_home_directory(home: Path, owner: str) -> None:
    """Also where the home is another person's: there root's power ends at the namespace."""
    account = pwd.getpwnam(owner)
    os.chown(home, account.pw_uid, account.pw_gid)
    accounts_before = Path("/etc/passwd").read_bytes()
    data = home / "data"
    with services(data, for_tests=True):
        with connect(data) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert Path("/etc/passwd").read_bytes() == accounts_before


@pytest.mark.parametrize("folder", ["", "run", "postgres", "redis", "logs", "run/leases"])
def test_folders_are_for_their_owner_alone(home: Path, folder: str) -> None:
    data = home / "data"
    with services(data, for_tests=True):
        assert stat.S_IMODE((data / folder).stat().st_mode) == 0o700


@needs_root
def test_another_local_user_is_not_let_in_even_at_the_socket(
    home: Path, as_nobody: Callable[[str], subprocess.CompletedProcess[str]]
) -> None:
    data = home / "data"
    with services(data, for_tests=True):
        # Open every folder and socket on the way, so that only authentication is left.
        for path in (home, data, data / "run", *(data / "run").glob(".s.*")):
            path.chmod(0o777)
        (data / "run" / "redis.sock").chmod(0o700)
        for user in ("retrace", "daemon", "nobody", "postgres"):
            done = as_nobody(
                f"import psycopg; psycopg.connect(host={str(data / 'run')!r}, user={user!r},"
                " dbname='retrace')"
            )
            assert "authentication failed" in done.stderr, done
        address = str(data / "run" / "redis.sock")
        done = as_nobody(f"socket.socket(socket.AF_UNIX).connect({address!r})")
        assert "PermissionError" in done.stderr


@pytest.fixture
def as_nobody(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Run Python source as the user nobody, who may not even read this environment."""

    def run(source: str) -> subprocess.CompletedProcess[str]:
        preload = "import psycopg, socket, os\n"
        become = "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        return subprocess.run(
            [sys.executable, "-c", preload + become + source],
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_nothing_listens_on_the_network(home: Path) -> None:
    data = home / "data"
    with services(data, for_tests=True):
        redis_pid = int((data / "run" / "redis.pid").read_text())
        postgres_pid = int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        for pid in (redis_pid, postgres_pid):
            assert psutil.Process(pid).net_connections(kind="inet") == []


def test_too_long_a_socket_path_is_refused_with_the_remedy() -> None:
    with pytest.raises(ServerError, match="set RETRACE_DATA to a folder with a shorter path"):
        check_socket_path(Path("/" + "x" * 120) / "redis.sock")


def test_a_command_starts_the_servers_for_its_own_duration(home: Path) -> None:
    data = home / "data"
    environment = {**os.environ, "RETRACE_DATA": str(data)}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [sys.executable, "manage.py", "showmigrations", "accounts"],
        cwd=PROJECT_FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "0001_initial" in done.stdout, done.stderr
    assert not PostgresServer(DataFolder(data)).is_running()
