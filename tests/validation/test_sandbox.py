"""The sandbox as whoever runs a command in it sees it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.validation.sandboxes import ROOT, Ground, made_ground, workers
from validation.sandbox import Mount, SandboxError, SandboxUnavailable, cgroups, remove_tree, trees
from validation.sandbox.bubblewrap import Bubblewrap
from validation.sandbox.output import BoundedOutput
from validation.sandbox.protocol import Limits


@pytest.fixture(params=workers())
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    with made_ground(request.param) as made:
        yield made


def shell(ground: Ground, script: str) -> bytes:
    result = ground.execute(("/bin/bash", "-c", script))
    assert result.ended == "exited"
    return result.output


def test_a_failing_command_is_a_result(ground: Ground) -> None:
    result = ground.execute(("/bin/bash", "-c", "echo out; echo err >&2; exit 3"))

    assert (result.ended, result.exit_code, result.detail) == ("exited", 3, "")
    assert result.output == b"out\nerr\n"


def test_a_signal_shows_in_the_exit_code(ground: Ground) -> None:
    assert ground.execute(("/bin/bash", "-c", "kill -SEGV $$")).exit_code == 139


def test_a_program_that_does_not_exist_is_a_result(ground: Ground) -> None:
    assert ground.execute(("no-such-program",)).exit_code == 127


def test_the_tree_is_writable_and_owned(ground: Ground) -> None:
    (ground.tree / "given").write_text("before")
    if ground.worker != ROOT:
        os.chown(ground.tree / "given", *(ground.tree.stat().st_uid, ground.tree.stat().st_gid))

    shell(ground, "echo after > given; mkdir made; echo new > made/file")

    assert (ground.tree / "given").read_text() == "after\n"
    assert (ground.tree / "made" / "file").read_text() == "new\n"


def test_private_folders_are_writable_and_forgotten(ground: Ground) -> None:
    script = 'for f in /tmp /var/tmp /dev/shm "$HOME"; do echo x > $f/x && echo ok; done'

    assert shell(ground, script) == b"ok\n" * 4
    assert shell(ground, 'ls /tmp /dev/shm "$HOME"/') == b"/dev/shm:\n\n/home/runner/:\n\n/tmp:\n"


def test_devices_named_as_files_work(ground: Ground) -> None:
    assert shell(ground, "echo a > /dev/stdout; echo b | tee /dev/stderr > /dev/null") == b"a\nb\n"


def test_its_own_loopback_works(ground: Ground) -> None:
    program = (
        "import socket\n"
        "with socket.create_server(('127.0.0.1', 0)) as server:\n"
        "    with socket.create_connection(server.getsockname()):\n"
        "        print('connected')\n"
    )

    assert ground.execute((ground.interpreter.path, "-c", program)).output == b"connected\n"


def test_the_environment_is_what_was_given(ground: Ground) -> None:
    assert b"RETRACE" not in shell(ground, "env")
    assert shell(ground, "whoami; id -G | wc -w").startswith(b"runner\n1\n")


def test_variables_reach_the_command_whole(ground: Ground) -> None:
    value = "a 'quoted' \"value\" $HOME `id` \\ \n two lines; é"

    result = ground.execute(("printenv", "VALUE"), environment={"VALUE": value})

    assert result.output.decode() == value + "\n"


def test_no_variable_reaches_what_runs_before_the_rights_are_dropped(ground: Ground) -> None:
    """A recipe's PATH leads to a setpriv of its own, which would still have rights to keep."""
    for name in ("setpriv", "prlimit", "sh"):
        (ground.tree / name).write_text("#!/bin/bash\necho planted\n")
        (ground.tree / name).chmod(0o755)
    variables = {"PATH": "/testbed:/usr/bin", "ENV": "/testbed/sh"}

    assert ground.execute(("echo", "own"), environment=variables).output == b"own\n"
    assert ground.execute(("setpriv",), environment=variables).output == b"planted\n"


@pytest.mark.parametrize("name", ["", "A=B", "A B", "1A", "A\nB"])
def test_a_name_that_is_no_variable_is_refused(ground: Ground, name: str) -> None:
    with pytest.raises(SandboxError, match="no name of an environment variable"):
        ground.execute(("true",), environment={name: "x"})


def test_a_nul_smuggles_no_argument(ground: Ground) -> None:
    smuggled = "/tmp\0--bind\0/etc\0/host-etc"
    mount = Mount(ground.folder / "hostile", f"/x{smuggled}")

    with pytest.raises(SandboxError, match="NUL"):
        ground.execute(("true",), mounts=(mount,))
    with pytest.raises(SandboxError, match="NUL"):
        ground.execute(("true", smuggled))
    with pytest.raises(SandboxError, match="NUL"):
        ground.execute(("true",), environment={"A": smuggled})


def test_process_one_has_no_rights_left(ground: Ground) -> None:
    lines = shell(ground, "grep -E '^(Cap(Inh|Prm|Eff|Amb)|Seccomp:)' /proc/1/status").split()

    assert lines[1::2] == [b"0" * 16] * 4 + [b"2"]


def test_an_interpreter_below_a_closed_folder_runs(tmp_path: Path) -> None:
    """Such as /root/.pyenv with /root at mode 0700."""
    closed = tmp_path / "closed"
    (closed / "prefix").mkdir(parents=True)
    (closed / "prefix" / "program").write_text("#!/bin/sh\necho ran\n")
    (closed / "prefix" / "program").chmod(0o755)
    closed.chmod(0o700)
    with made_ground(workers()[0]) as ground:
        target = str(closed / "prefix")
        result = ground.execute((f"{target}/program",), mounts=(Mount(closed / "prefix", target),))

    assert result.output == b"ran\n"


def test_what_is_left_out_of_the_output_is_told(ground: Ground) -> None:
    result = ground.execute(("seq", "100000"), output_bytes=1000)

    assert result.ended == "exited"
    assert result.output_truncated
    assert result.output.startswith(b"1\n2\n")
    assert result.output.endswith(b"\n100000\n")
    assert result.notices == ("The middle of 588895 bytes of output was left out.",)


@pytest.mark.parametrize("target", ["/", "/etc", "/usr", "relative", "/a/../etc"])
def test_a_mount_cannot_hide_the_system(ground: Ground, target: str) -> None:
    with pytest.raises(SandboxError, match="no place to mount"):
        ground.execute(("true",), mounts=(Mount(ground.tree, target),))


def test_a_mount_may_be_named_from_the_current_folder(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ground.folder / "near").mkdir()
    monkeypatch.chdir(ground.folder)

    assert (
        ground.execute(("ls", "-d", "/near"), mounts=(Mount(Path("near"), "/near"),)).exit_code == 0
    )


def test_a_mount_that_does_not_exist_is_an_error(ground: Ground) -> None:
    with pytest.raises(SandboxError, match="cannot be mounted: No such file"):
        ground.execute(("true",), mounts=(Mount(ground.folder / "missing", "/missing"),))


def test_nothing_is_mounted_through_a_link_in_the_tree(ground: Ground) -> None:
    (ground.tree / ".git").symlink_to("/etc")

    with pytest.raises(SandboxError, match="symbolic link"):
        ground.execute(("true",), mounts=(Mount(ground.folder / "hostile", "/testbed/.git"),))


def test_a_mount_in_the_tree_protects_that_part_of_it(ground: Ground) -> None:
    git = ground.folder / "git"
    git.mkdir()
    (ground.tree / ".git").mkdir()

    result = ground.execute(("touch", ".git/planted"), mounts=(Mount(git, "/testbed/.git"),))

    assert b"Read-only file system" in result.output


def test_a_tree_that_shares_files_with_others_is_refused(ground: Ground) -> None:
    """A mirror's objects, hard-linked by a local clone, must not become the command's own."""
    mirrored = ground.folder / "object"
    mirrored.write_text("x")
    owner = mirrored.stat().st_uid
    os.link(mirrored, ground.tree / "object")

    with pytest.raises(SandboxError, match="hard-linked"):
        ground.execute(("true",))
    assert mirrored.stat().st_uid == owner


def test_hard_links_a_command_made_are_no_obstacle(ground: Ground) -> None:
    shell(ground, "echo x > a; ln a b")

    assert shell(ground, "cat b") == b"x\n"


def test_use_is_measured_where_a_control_group_can_be_had() -> None:
    group = cgroups.create(Limits())
    if group is None:
        pytest.skip("no control group can be made here")
    version = group.version
    group.remove()
    with made_ground(workers()[0]) as ground:
        program = "x = b'x' * 50_000_000; sum(range(3_000_000))"
        result = ground.execute((ground.interpreter.path, "-c", program))

    assert version in (1, 2)
    assert result.peak_memory_bytes is not None and result.peak_memory_bytes > 50_000_000
    assert result.cpu_seconds is not None and result.cpu_seconds > 0.01


def test_cpu_time_of_all_processes_together_is_bounded(ground: Ground) -> None:
    spin = "import os; os.fork()\nwhile True: pass"

    result = ground.execute((ground.interpreter.path, "-c", spin), cpu_seconds=1, wall_seconds=60)

    assert (result.ended, result.detail) == ("timed_out", "It used 1 seconds of CPU time.")


def test_a_missing_program_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    sandbox = Bubblewrap()

    assert sandbox.unavailable() == (
        "bwrap is not installed. Install it: sudo apt-get install bubblewrap"
    )
    with pytest.raises(SandboxUnavailable, match="apt-get install bubblewrap"):
        sandbox.run(None)  # type: ignore[arg-type]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has capabilities to do without")
def test_a_root_without_the_right_to_make_namespaces_is_told_what_to_do() -> None:
    """As in a container with an engine's usual capabilities."""
    ask = "from validation.sandbox.bubblewrap import Bubblewrap; print(Bubblewrap().unavailable())"
    without = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]

    answer = subprocess.run(
        [*without, sys.executable, "-c", ask],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "bubblewrap cannot make a sandbox here" in answer
    assert "--security-opt seccomp=unconfined" in answer
    assert "--cap-add SYS_ADMIN --cap-add NET_ADMIN" in answer


def test_a_tree_of_any_depth_and_mode_can_be_removed(ground: Ground) -> None:
    shell(ground, "mkdir -p closed/inner; chmod 0 closed/inner closed")
    ground.run("deep_folders")

    remove_tree(ground.tree)

    assert not ground.tree.exists()


def test_copying_goes_through_no_link_and_replaces_nothing(tmp_path: Path) -> None:
    source, target, outside = (tmp_path / name for name in ("source", "target", "outside"))
    for folder in (source / "pkg", target, outside):
        folder.mkdir(parents=True)
    (source / "pkg" / "module.so").write_text("new")
    (source / "kept").write_text("new")
    (target / "pkg").symlink_to(outside)
    (target / "kept").write_text("old")

    copied = [trees.copy_below(source, target, path) for path in ("pkg/module.so", "kept")]

    assert copied == [False, False]
    assert list(outside.iterdir()) == []
    assert (target / "kept").read_text() == "old"


@pytest.mark.parametrize("sizes", [[], [5], [10], [11], [3, 4, 5, 6], [100], [1] * 50])
def test_bounded_output_keeps_both_ends(sizes: list[int]) -> None:
    text = bytes(range(65, 65 + 26)) * 8
    chunks, position = [], 0
    for size in sizes:
        chunks.append(text[position : position + size])
        position += size
    output = BoundedOutput(10)

    for chunk in chunks:
        output.add(chunk)

    whole = b"".join(chunks)
    assert output.truncated == (len(whole) > 10)
    if output.truncated:
        assert output.kept().startswith(whole[:5] + b"\n[... ")
        assert output.kept().endswith(b" ...]\n" + whole[-5:])
    else:
        assert output.kept() == whole
