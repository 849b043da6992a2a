"""Hostile programs in the real sandbox: each is contained, named rightly and leaves nothing.

Every program runs once for a worker that is root and once for one that is an ordinary user.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.validation.sandboxes import (
    HOSTILE,
    MEBIBYTE,
    Ground,
    contents,
    control_groups,
    made_ground,
    traces,
    workers,
)
from validation.sandbox import Mount, Result, remove_tree, trees


@pytest.fixture(params=workers())
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    before = traces()
    with made_ground(request.param) as made:
        if not Path(made.interpreter.path).exists():
            pytest.skip("an ordinary user can reach no Python on this machine")
        read_only = contents(made.folder / "hostile")
        yield made
        assert made.left_over_processes() == []
        assert control_groups() == []
        assert contents(made.folder / "hostile") == read_only
    assert traces() - before == set()
    assert not made.folder.exists()


def assert_refused(result: Result, *, at_least: int) -> None:
    """Check that the program came to its end, tried what it should, and reached nothing."""
    lines = result.output.decode().splitlines()
    assert (result.ended, result.exit_code) == ("exited", 0), result
    assert [line for line in lines if line.startswith("REACHED")] == []
    assert len([line for line in lines if line.startswith("refused")]) >= at_least, lines


def test_a_fork_bomb_stops_at_the_limit_of_processes(ground: Ground) -> None:
    result = ground.run("fork_bomb", wall_seconds=1.5)

    assert result.ended == "timed_out"
    if result.cpu_seconds is not None:  # a control group counted
        assert result.notices == ("It reached the limit of 40 processes.",)


def test_no_more_processes_can_be_had_than_the_limit_allows(ground: Ground) -> None:
    """Also where the worker is root, whom the kernel's own limit by user does not bind."""
    result = ground.run("forks")

    assert (result.ended, result.exit_code) == ("exited", 0), result
    refused, had = result.output.decode().splitlines()
    assert refused.startswith("refused one more: ")
    assert int(had.removeprefix("had ")) <= 40


def test_what_is_left_lying_about_goes_with_the_command(ground: Ground) -> None:
    """The fixture looks at files, shared memory, processes and mounts of the host afterwards."""
    before = {path for path in _unix_sockets() if "left-behind" in path}

    first, second = ground.run("leaves_things"), ground.run("leaves_things")

    lines = first.output.decode().splitlines()
    assert (first.ended, lines[-1]) == ("exited", "done"), first
    assert "left a file in /testbed" in lines
    for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/home/runner"):
        assert not Path(folder, "left-behind").exists()
    # A segment that had outlived the first would be found, with its number, by the second.
    numbers = [line for line in lines if "memory" in line or "queue" in line]
    assert [line for line in second.output.decode().splitlines() if line in numbers] == numbers
    assert {path for path in _unix_sockets() if "left-behind" in path} == before


def test_paths_that_change_under_the_hands_of_the_reader_lead_nowhere(ground: Ground) -> None:
    secret = ground.folder / "secret"
    secret.write_text("kept")

    result = ground.run("swaps_paths", str(secret))
    read_back = ground.folder / "read-back"
    read_back.mkdir()
    for path in (*trees.paths(ground.tree), "link/secret", "folder/../../secret", "loop/x"):
        trees.copy_below(ground.tree, read_back, path)
    remove_tree(ground.tree)

    assert (result.ended, result.output) == ("exited", b"swapped\n")
    assert not (read_back / "link" / "secret").exists() or (read_back / "link").is_symlink()
    assert (read_back / "folder" / "file").read_text() == "own"
    assert secret.read_text() == "kept"
    assert not (read_back / "fifo").exists()


def test_a_memory_hog_is_out_of_memory(ground: Ground) -> None:
    result = ground.run("memory_hog", memory_bytes=64 * MEBIBYTE)

    # Without a control group a process is refused memory instead, and says so itself.
    assert result.ended == "out_of_memory" or b"MemoryError" in result.output


def test_several_processes_together_are_out_of_memory(ground: Ground) -> None:
    result = ground.run("many_hogs", memory_bytes=128 * MEBIBYTE)

    assert result.ended == "out_of_memory"
    assert result.exit_code is None


@pytest.mark.parametrize("program", ["disk_filler", "empty_files", "deep_folders"])
def test_filling_the_disk_ends_at_the_limit(ground: Ground, program: str) -> None:
    result = ground.run(program)

    assert result.ended == "disk_limit"


def test_private_folders_are_bounded(ground: Ground) -> None:
    assert_refused(ground.run("private_folders"), at_least=3)


def test_one_file_is_bounded(ground: Ground) -> None:
    assert_refused(ground.run("big_file"), at_least=1)


def test_endless_output_is_ended_and_kept_within_bounds(ground: Ground) -> None:
    result = ground.run("endless_output", output_bytes=100_000, printed_bytes=50 * MEBIBYTE)

    assert result.ended == "output_limit"
    assert result.output_truncated
    assert len(result.output) < 101_000
    assert result.output.startswith(b"the beginning\n")
    assert b"bytes of output left out" in result.output


def test_a_program_that_ignores_signals_is_timed_out(ground: Ground) -> None:
    result = ground.run("ignores_signals", wall_seconds=1.5)

    assert result.ended == "timed_out"
    assert result.output == b"ignoring\n"
    assert result.exit_code is None


def test_a_cancelled_program_is_killed(ground: Ground) -> None:
    result = ground.run("ignores_signals", cancelled=lambda: True)

    assert result.ended == "killed"


def test_a_daemon_dies_with_its_program(ground: Ground) -> None:
    result = ground.run("daemonises")

    assert (result.ended, result.exit_code, result.output) == ("exited", 3, b"done\n")
    assert result.duration_seconds < 10


def test_other_processes_are_out_of_sight(ground: Ground) -> None:
    assert_refused(ground.run("reads_proc"), at_least=6)


def test_services_of_the_host_are_out_of_reach(ground: Ground) -> None:
    """Neither sockets like PostgreSQL's in the data folder nor loopback ports like Redis's."""
    path = ground.folder / "s"
    with (
        socket.create_server(("127.0.0.1", 0)) as port,
        socket.socket(socket.AF_UNIX) as unix,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        unix.bind(str(path))
        abstract.bind(f"\0{ground.token}")
        for listener in (unix, abstract):
            listener.listen()
        addresses = (str(port.getsockname()[1]), str(path), f"@{ground.token}")

        assert_refused(ground.run("reaches_sockets", *addresses), at_least=8)


LISTENER = """
import fcntl, socket, struct, sys
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    sys.stdin.read()
"""


def test_another_network_namespace_is_out_of_reach(ground: Ground) -> None:
    """Such as the one of a neighbouring command, in which a service listens."""
    namespace = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", LISTENER]
    with subprocess.Popen(namespace, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as listener:
        assert listener.stdin and listener.stdout
        port = listener.stdout.readline().decode().strip()

        result = ground.run("reaches_sockets", port)

        listener.stdin.close()
    assert_refused(result, at_least=6)


def test_the_embedded_servers_are_out_of_reach(ground: Ground, data_folder: Path) -> None:
    sockets = [path for path in _unix_sockets() if Path(path).exists()]
    assert sockets, "the suite's own PostgreSQL and Redis listen on sockets"

    assert_refused(ground.run("reaches_sockets", *sockets), at_least=len(sockets))


def _unix_sockets() -> list[str]:
    """Return the paths of all Unix sockets on this machine."""
    lines = Path("/proc/net/unix").read_text().splitlines()[1:]
    return sorted({fields[7] for line in lines if (fields := line.split())[7:]} - {"@"})[:20]


def test_secrets_of_the_host_are_out_of_sight(
    ground: Ground, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETRACE_SECRET", "x")
    (data_folder / "secret").write_text("x")
    here = str(Path(__file__).parent)

    result = ground.run("reads_secrets", str(data_folder / "secret"), str(data_folder), here)

    assert_refused(result, at_least=8)


def test_links_lead_nowhere_and_are_not_followed_afterwards(ground: Ground) -> None:
    secret = ground.folder / "secret"
    secret.write_text("kept")
    secret.chmod(0o640)
    before = secret.stat()

    result = ground.run("plants_links", str(secret))
    assert_refused(result, at_least=5)
    read_back = ground.folder / "read-back"
    read_back.mkdir()
    copied = [path for path in trees.paths(ground.tree) if path.count("/") == 0]
    for path in copied:
        trees.copy_below(ground.tree, read_back, path)
    trees.take_back(read_back)
    remove_tree(ground.tree)

    assert (read_back / "secret").is_symlink()
    assert not (read_back / "fifo").exists()
    assert not ground.tree.exists()
    after = secret.stat()
    assert (after.st_uid, after.st_mode, secret.read_text()) == (
        before.st_uid,
        before.st_mode,
        "kept",
    )


def test_what_later_runs_read_cannot_be_written(ground: Ground) -> None:
    environment = ground.folder / "environment"
    (environment / "bin").mkdir(parents=True)

    result = ground.run(
        "writes_environment",
        *("/environment", "/environment/bin", ground.interpreter.prefix, "/hostile"),
        mounts=(Mount(environment, "/environment"),),
    )

    assert_refused(result, at_least=18)
    assert list(environment.rglob("*")) == [environment / "bin"]


@pytest.mark.parametrize(
    ("program", "doors"),
    [("debugs", 5), ("mounts", 16), ("kernel_doors", 17), ("gains_rights", 14)],
)
def test_rights_cannot_be_had(ground: Ground, program: str, doors: int) -> None:
    assert_refused(ground.run(program), at_least=doors)


def test_a_program_that_kills_its_parent_kills_itself(ground: Ground) -> None:
    result = ground.run("kills_parent")

    assert result.ended == "exited"
    assert result.output.endswith(b"still here\n") or result.exit_code == 137


def test_a_killed_worker_leaves_nothing(ground: Ground) -> None:
    """The worker dies without a chance to clean up; what it ran must die all the same."""
    reading, writing = os.pipe()
    worker = os.fork()
    if worker == 0:
        ground.become_worker()
        ground.run("ignores_signals", cancelled=lambda: os.write(writing, b"x") != 1)
        os._exit(0)
    os.close(writing)
    os.read(reading, 1)  # it runs by now
    running = ground.left_over_processes()
    assert running

    os.kill(worker, 9)
    os.waitpid(worker, 0)
    for process in running:
        process.wait(timeout=10)
    os.close(reading)
    ground.execute(("true",))
    assert control_groups(worker) == []


@pytest.mark.parametrize("ground", workers()[:1], indirect=True)
def test_commands_side_by_side_do_not_meet(ground: Ground) -> None:
    results: list[Result] = []
    threads = [
        threading.Thread(target=lambda: results.append(ground.run("reads_proc"))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 3
    for result in results:
        assert_refused(result, at_least=6)


@pytest.fixture(scope="module", autouse=True)
def count(request: pytest.FixtureRequest) -> Iterator[None]:
    """Say how many hostile programs there are and as whom they ran."""
    yield
    programs = len(list(HOSTILE.glob("*.py"))) - 1  # one is what they share
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\n{programs} hostile programs, as {' and as '.join(workers())}")
