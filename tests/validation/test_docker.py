"""The container engine when things go wrong with it, and images."""

from __future__ import annotations

import io
import os
import shutil
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.validation.engine import Engine, make_image
from tests.validation.engines import stand_in
from tests.validation.sandboxes import Ground, made_ground, workers
from validation.sandbox import (
    Docker,
    Result,
    SandboxError,
    SandboxUnavailable,
    choose_sandbox,
    published_image,
    reap,
    survey,
)
from validation.sandbox.docker import archives
from validation.sandbox.docker.frames import Frames

IMAGE = "example/project:1.0"
SLEEP = ("/bin/sh", "-c", "echo begun; sleep 30; echo done")


@pytest.fixture
def engine() -> Iterator[Engine]:
    with stand_in() as engine:
        yield engine


@pytest.fixture
def ground(engine: Engine) -> Iterator[Ground]:
    with made_ground(workers()[0], Docker()) as made:
        yield made


def in_the_background(act: Callable[[], object]) -> Callable[[], BaseException | object]:
    """Start to act; return what waits for the answer or the error."""
    answers: list[object] = []

    def run() -> None:
        try:
            answers.append(act())
        except Exception as error:
            answers.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def wait() -> object:
        thread.join(60)
        return answers[0]

    return wait


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# --- the engine ------------------------------------------------------------------------------


def test_a_machine_without_an_engine_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    reason = Docker().unavailable()

    assert reason is not None
    assert "does not answer" in reason and "systemctl start docker" in reason


def test_an_engine_that_hangs_keeps_nobody_from_other_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/s")
        began = time.monotonic()

        assert "does not answer" in (Docker().unavailable() or "")
        assert reap() == 0
        assert time.monotonic() - began < 15


def test_an_engine_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://engine.example:2375")

    assert "must be on this machine" in (Docker().unavailable() or "")


def test_an_engine_without_a_filter_of_system_calls_is_refused(engine: Engine) -> None:
    engine.info["SecurityOptions"] = ["name=seccomp,profile=unconfined"]

    assert "filters no system calls" in (Docker().unavailable() or "")


@pytest.mark.parametrize("limit", ["MemoryLimit", "PidsLimit"])
def test_an_engine_that_holds_no_limits_is_refused(engine: Engine, limit: str) -> None:
    engine.info[limit] = False

    assert f"{limit} is off" in (Docker().unavailable() or "")


def test_rootless_docker_is_refused(engine: Engine) -> None:
    engine.info["SecurityOptions"].append("name=rootless")

    assert "Rootless Docker" in (Docker().unavailable() or "")


def test_what_the_engine_gives_a_command_is_seen_for_ourselves(engine: Engine) -> None:
    """An engine that leaves a right or the network to its containers, whatever was asked for."""
    engine.faults.add("keeps network")

    assert "no network" in (Docker().unavailable() or "")
    engine.faults.clear()
    assert Docker().unavailable() is None


def test_an_engine_that_does_not_see_our_files_is_refused(engine: Engine) -> None:
    engine.faults.add("sees other files")

    assert "does not see this machine's files" in (Docker().unavailable() or "")


def test_an_engine_that_went_away_may_come_back(ground: Ground, engine: Engine) -> None:
    assert ground.execute(("true",)).exit_code == 0
    engine.stop()

    with pytest.raises(SandboxUnavailable) as caught:
        ground.execute(("true",))

    assert caught.value.may_pass
    engine.start()
    assert ground.execute(("true",)).exit_code == 0


def test_an_engine_that_was_never_there_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")

    with made_ground(workers()[0], Docker()) as ground, pytest.raises(SandboxUnavailable) as caught:
        ground.execute(("true",))
    assert not caught.value.may_pass


def test_an_engine_restarted_in_the_middle_is_no_result(ground: Ground, engine: Engine) -> None:
    answer = in_the_background(lambda: ground.execute(SLEEP))
    wait_until(lambda: any(item.status == "running" for item in engine.containers.values()))

    engine.stop()
    engine.start()
    error = answer()

    # Either the engine's word on a container that it killed itself, or an error; never a verdict.
    if isinstance(error, Result):
        assert error.exit_code == 137
    else:
        assert isinstance(error, SandboxError)
    wait_until(lambda: not engine.containers)


def test_an_engine_gone_for_good_leaves_its_container_to_the_reaper(
    ground: Ground, engine: Engine
) -> None:
    answer = in_the_background(lambda: ground.execute(SLEEP))
    wait_until(lambda: any(item.status == "running" for item in engine.containers.values()))

    engine.stop()

    assert isinstance(answer(), SandboxError)
    assert len(engine.containers) == 1


def test_a_container_removed_by_somebody_else_is_no_result(ground: Ground, engine: Engine) -> None:
    answer = in_the_background(lambda: ground.execute(SLEEP))
    wait_until(lambda: any(item.status == "running" for item in engine.containers.values()))

    for container in list(engine.containers.values()):
        engine.containers.pop(container.id)
        container.remove()

    error = answer()
    assert isinstance(error, SandboxError)
    assert "No such container" in str(error)


@pytest.mark.parametrize(
    ("fault", "said"),
    [("malformed frames", "none of its"), ("cut frames", "broke off")],
)
def test_a_broken_stream_is_no_result(
    ground: Ground, engine: Engine, fault: str, said: str
) -> None:
    assert ground.execute(("true",)).exit_code == 0
    engine.faults.add(fault)

    with pytest.raises(SandboxError, match=said):
        ground.execute(SLEEP)
    assert engine.containers == {}


# --- the container ---------------------------------------------------------------------------


def test_the_request_asks_for_no_right_at_all(ground: Ground, engine: Engine) -> None:
    ground.execute(("true",), memory_bytes=123 * 2**20, processes=17)
    body = engine.created[-1]
    host = body["HostConfig"]

    assert host["CapDrop"] == ["ALL"] and host["SecurityOpt"] == ["no-new-privileges:true"]
    assert (host["NetworkMode"], host["ReadonlyRootfs"], host["Privileged"]) == (
        "none",
        True,
        False,
    )
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (123 * 2**20,) * 2 + (17,)
    assert not body["User"].startswith("0:")
    assert host["LogConfig"]["Type"] == "none"
    assert all(mount["ReadOnly"] for mount in host["Mounts"] if mount["Target"] != "/testbed")
    assert not any("docker.sock" in mount["Source"] for mount in host["Mounts"])


def test_what_it_uses_is_measured(ground: Ground) -> None:
    program = (
        "import time; x = b'x' * 50_000_000; end = time.time() + 1.5\nwhile time.time() < end: 1"
    )
    result = ground.execute((ground.interpreter.path, "-c", program))

    if result.peak_memory_bytes is None:
        pytest.skip("no control group can be made here")
    assert result.peak_memory_bytes > 50_000_000
    assert result.cpu_seconds is not None and result.cpu_seconds > 0.2


def test_a_killed_workers_container_is_reaped(ground: Ground, engine: Engine) -> None:
    assert ground.execute(("true",)).exit_code == 0
    worker = os.fork()
    if worker == 0:
        ground.execute(SLEEP)
        os._exit(0)
    wait_until(lambda: any(item.status == "running" for item in engine.containers.values()))
    assert reap() == 0, "its worker lives"

    os.kill(worker, 9)
    os.waitpid(worker, 0)

    assert reap() == 1
    assert engine.containers == {}
    assert list(Path("/tmp").glob(f"retrace-accounts-{worker}-*")) == []


def test_containers_of_others_are_left_alone(ground: Ground, engine: Engine) -> None:
    assert ground.execute(("true",)).exit_code == 0
    image = engine.images[0]
    theirs = engine.create({"HostConfig": {}, "Labels": {"theirs": "1"}}, image)
    later = str(int(time.time()) + 100)
    elsewhere = {"retrace.sandbox": "1", "retrace.owner": "x/y:1:2", "retrace.expires": later}
    kept = engine.create({"HostConfig": {}, "Labels": elsewhere}, image)
    overdue = {**elsewhere, "retrace.expires": "100"}
    engine.create({"HostConfig": {}, "Labels": overdue}, image)

    assert reap() == 1
    assert set(engine.containers) == {theirs.id, kept.id}


# --- images ----------------------------------------------------------------------------------


def test_the_names_of_published_images() -> None:
    assert published_image("django__django-11039") == (
        "swebench/sweb.eval.x86_64.django_1776_django-11039:latest"
    )
    assert published_image("Marshmallow-Code__marshmallow-1867").startswith(
        "swebench/sweb.eval.x86_64.marshmallow-code_1776_marshmallow"
    )


def test_an_image_is_pulled_once_and_its_variables_hold(engine: Engine, tmp_path: Path) -> None:
    files = {"opt/tool/bin/tool": "#!/bin/sh\necho tool"}
    image = make_image(engine.folder / "project", files, env=("PATH=/opt/tool/bin:/usr/bin:/bin",))
    (engine.folder / "project/opt/tool/bin/tool").chmod(0o755)
    engine.registry[IMAGE] = image
    sandbox = Docker()

    found = sandbox.image(IMAGE)
    del engine.registry[IMAGE]
    assert sandbox.image(IMAGE) == found
    assert found.digest == image.digest
    assert found.search_path == "/opt/tool/bin:/usr/bin:/bin"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((404, "manifest for example/project not found"), "not found"),
        ((403, "pull access denied for example/project"), "access denied"),
        ((500, "unauthorized: authentication required"), "unauthorized"),
    ],
)
def test_an_image_that_cannot_be_had_is_told_for_good(
    engine: Engine, answer: tuple[int, str], said: str
) -> None:
    engine.registry[IMAGE] = answer

    with pytest.raises(SandboxUnavailable, match=said) as caught:
        Docker().image(IMAGE)
    assert IMAGE in str(caught.value) and "docker login" in str(caught.value)
    assert not caught.value.may_pass


def test_a_registry_in_trouble_is_asked_again(engine: Engine) -> None:
    engine.registry[IMAGE] = (500, "Get https://registry.example/v2/: i/o timeout")

    with pytest.raises(SandboxError, match="could not be pulled") as caught:
        Docker().image(IMAGE)
    assert not isinstance(caught.value, SandboxUnavailable)


def test_a_pull_that_breaks_off_is_told(engine: Engine) -> None:
    engine.registry[IMAGE] = make_image(engine.folder / "project", {})
    engine.faults.add("pull breaks off")

    with pytest.raises(SandboxError, match="unexpected EOF"):
        Docker().image(IMAGE)


# --- choosing --------------------------------------------------------------------------------


def test_an_image_needs_the_engine(engine: Engine) -> None:
    assert choose_sandbox("auto", for_image=True).name == "docker"
    assert choose_sandbox("docker").name == "docker"
    with pytest.raises(SandboxUnavailable, match="RETRACE_SANDBOX=docker"):
        choose_sandbox("bubblewrap", for_image=True)


def test_what_was_ruled_out_is_not_asked(engine: Engine) -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    assert survey("bubblewrap") == {"bubblewrap": None}
    engine.stop()
    found = survey("auto")
    assert found["bubblewrap"] is None
    assert "does not answer" in (found["docker"] or "")


# --- parsers ---------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=50))), st.integers(1, 20))
def test_frames_cut_anywhere_are_read_whole(printed: list[tuple[int, bytes]], size: int) -> None:
    stream = b"".join(
        bytes([kind, 0, 0, 0]) + len(data).to_bytes(4, "big") + data for kind, data in printed
    )
    frames = Frames()

    chunks = [stream[start : start + size] for start in range(0, len(stream), size)]
    read = b"".join(part for chunk in chunks for part in frames.take(chunk))

    frames.end()
    assert read == b"".join(data for _, data in printed)


@given(st.binary(min_size=8, max_size=200))
def test_what_are_no_frames_is_an_error_or_bytes(data: bytes) -> None:
    frames = Frames()
    try:
        read = b"".join(frames.take(data))
    except SandboxError:
        return
    assert len(read) <= len(data)


def archive_of(*members: tuple[tarfile.TarInfo, bytes]) -> Iterator[bytes]:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    data = stream.getvalue()
    return iter([data[start : start + 1000] for start in range(0, len(data), 1000)])


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def test_nothing_of_an_image_is_written_outside(tmp_path: Path) -> None:
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("kept")
    chunks = archive_of(
        (member("testbed/good"), b"good"),
        (member("testbed/../../outside/planted"), b"x"),
        (member("testbed/link", tarfile.SYMTYPE, str(outside)), b""),
        (member("testbed/link/planted"), b"x"),
        (member("testbed/hard", tarfile.LNKTYPE, "../outside/secret"), b""),
        (member("testbed/fifo", tarfile.FIFOTYPE), b""),
        (member("testbed/.git/hooks/post-checkout"), b"x"),
        (member("testbed/again", tarfile.LNKTYPE, "testbed/good"), b""),
    )

    archives.unpack(chunks, folder, lambda path: not path.startswith(".git/"))

    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (folder / "good").read_text() == (folder / "again").read_text() == "good"
    assert sorted(path.name for path in folder.iterdir()) == ["again", "good", "link"]
    assert (folder / "link").is_symlink()


def test_a_broken_archive_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="cannot be read"):
        archives.unpack(iter([b"no tar file" * 100]), tmp_path, lambda _: True)
