"""`make run` from its first word to its last process, after set-up has made the environment."""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener, urlopen

import pytest
from lxml import html

from annotator.config.embedded import DataFolder, PostgresServer, RedisServer, services
from tests.paths import PROJECT_FOLDER
from tests.running_site import (
    GREETED,
    RunningSite,
    environment,
    free_port,
    manage,
    processes_of,
    running_site,
    servers_of,
    short_folder,
    start_command,
    survivors,
)

pytestmark = pytest.mark.xdist_group("start")

PASSWORD = re.compile(r"^[a-z0-9]{4}(-[a-z0-9]{4}){3}$")
ACCOUNTS = ["admin", "annotator1", "annotator2", "reviewer"]


@pytest.fixture(scope="module")
def first_start() -> Iterator[RunningSite]:
    """A first start, used while it runs by whoever comes first, then stopped by Ctrl-C."""
    with short_folder() as folder, running_site(folder / "data") as site:
        yield site


@pytest.fixture(scope="module")
def stopped(first_start: RunningSite) -> RunningSite:
    """The same after its end: a data folder that a next start finds."""
    if first_start.process.poll() is None:
        first_start.stop()
    return first_start


def test_first_start_prints_address_and_four_accounts(first_start: RunningSite) -> None:
    assert f"Retrace is at {first_start.url}/" in first_start.output
    assert sorted(first_start.passwords) == ACCOUNTS
    assert all(PASSWORD.match(password) for password in first_start.passwords.values())
    with urlopen(f"{first_start.url}/sign-in/") as answer:
        assert "Sign in" in answer.read().decode()


def test_accounts_can_be_read_again_while_the_site_runs(first_start: RunningSite) -> None:
    shown = manage(first_start.data, "accounts").stdout
    for username, password in first_start.passwords.items():
        assert re.search(rf"{username} .*{password}", shown)


def test_busy_port_is_one_clear_line(first_start: RunningSite) -> None:
    with short_folder() as other:
        done = try_to_start(other / "data", str(first_start.port))
        assert not servers_of(other / "data")
    assert done.returncode == 1
    [line] = (done.stdout + done.stderr).splitlines()
    assert line.startswith(f"retrace: port {first_start.port} cannot be used")
    assert f"PORT={first_start.port + 1}" in line


@pytest.mark.parametrize(("port", "said"), [("99999", "no port 99999"), ("x", "PORT is 'x'")])
def test_impossible_port_is_one_clear_line(port: str, said: str) -> None:
    with short_folder() as folder:
        done = try_to_start(folder / "data", port)
    assert done.returncode == 1
    [line] = (done.stdout + done.stderr).splitlines()
    assert said in line


def try_to_start(data: Path, port: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        start_command(),
        cwd=PROJECT_FOLDER,
        env=environment(data, PORT=port),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_ctrl_c_stops_everything_it_started(first_start: RunningSite) -> None:
    started = first_start.processes()
    names = {process.name() for process in started}
    assert {"postgres", "redis-server"} <= names, names
    assert first_start.stop(signal.SIGINT) == 130
    assert survivors(started) == []
    assert not any((first_start.data / "run" / "leases").iterdir())


def test_second_start_finds_the_data_and_prints_no_passwords(stopped: RunningSite) -> None:
    with running_site(stopped.data) as site:
        assert "Retrace is at" in site.output
        assert site.passwords == {}
        assert "Loading the sample batch" not in site.output
        started = site.processes()
        assert site.stop(signal.SIGTERM) == 143
        assert survivors(started) == []
    assert stopped.passwords["admin"] in manage(stopped.data, "accounts").stdout
    assert not servers_of(stopped.data), "the command left the servers running"


def test_hang_up_stops_everything_it_started(stopped: RunningSite) -> None:
    with running_site(stopped.data) as site:
        started = site.processes()
        assert site.stop(signal.SIGHUP) == 143
        assert survivors(started) == []


def test_closed_terminal_stops_everything_it_started(stopped: RunningSite) -> None:
    """The terminal goes away for every process of the job at once, and for what they print."""
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *start_command()],
        cwd=PROJECT_FOLDER,
        env=environment(stopped.data, PORT=str(free_port())),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    printed = ""
    while GREETED not in printed:
        printed += os.read(keyboard, 4096).decode()
    started = processes_of(process.pid, stopped.data)
    os.close(keyboard)
    process.wait(60)
    assert survivors(started) == []


def test_told_to_end_during_set_up_leaves_nothing_behind() -> None:
    with short_folder() as folder:
        data = folder / "data"
        process = subprocess.Popen(
            start_command(),
            cwd=PROJECT_FOLDER,
            env=environment(data, PORT=str(free_port())),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Data folder")
        started = processes_of(process.pid, data)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
        assert survivors(started) == []


def test_servers_that_already_run_are_used(stopped: RunningSite) -> None:
    with short_folder() as other, services(other / "data", for_tests=True):
        folder = DataFolder(other / "data")
        addresses = {
            "DATABASE_URL": f"postgresql://retrace@/retrace?host={folder.run}",
            "REDIS_URL": RedisServer(folder).url,
        }
        with running_site(other / "site", **addresses) as site:
            assert sorted(site.passwords) == ACCOUNTS
            assert not (other / "site" / "postgres").exists()
            assert not servers_of(other / "site")
            site.stop()
        assert PostgresServer(folder).is_running(), "it stopped a server that is not its own"
        assert RedisServer(folder).is_running()


def sign_in(site: RunningSite, username: str, password: str) -> OpenerDirector:
    """Sign in as a person does; return what keeps the cookies."""
    browser = build_opener(HTTPCookieProcessor())
    address = f"{site.url}/sign-in/"
    with browser.open(address) as answer:
        page = html.fromstring(answer.read())
    [token] = page.xpath("//main//input[@name='csrfmiddlewaretoken']/@value")
    fields = {"login": username, "password": password, "csrfmiddlewaretoken": token}
    with browser.open(address, urlencode(fields).encode()) as answer:
        assert "Sign out" in answer.read().decode()
    return browser


def links(browser: OpenerDirector, address: str, prefix: str) -> list[str]:
    with browser.open(address) as answer:
        page = html.fromstring(answer.read())
    return [href for href in page.xpath("//main//a/@href") if href.startswith(prefix)]


@pytest.fixture
def path_without_bwrap(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in os.environ["PATH"].split(":"):
        if not Path(place).is_dir():
            continue
        for program in Path(place).iterdir():
            if program.name != "bwrap" and not (folder / program.name).exists():
                (folder / program.name).symlink_to(program)
    assert shutil.which("bwrap", path=str(folder)) is None
    return folder


def test_without_bubblewrap_the_site_runs_and_runs_are_refused_with_the_reason(
    stopped: RunningSite, path_without_bwrap: Path
) -> None:
    with running_site(stopped.data, PATH=str(path_without_bwrap)) as site:
        browser = sign_in(site, "admin", stopped.passwords["admin"])
        [trajectory] = links(browser, f"{site.url}/batches/sample/", "/trajectories/")[:1]
        with browser.open(f"{site.url}{trajectory}tests/") as answer:
            assert "Tests cannot be run" in answer.read().decode()
        instance = "retrace-samples__almanac-14"
        done = manage(
            stopped.data, "validate", instance, "--wait", "--tree", "base",
            PATH=str(path_without_bwrap),
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert "bubblewrap" in said
        assert "apt-get install bubblewrap" in said
