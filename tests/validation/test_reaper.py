"""What a killed worker left is found and removed: groups, processes, mounts, folders."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.paths import PROJECT_FOLDER
from tests.validation.sandboxes import control_groups
from validation.sandbox import SandboxUnavailable, cgroups, choose_sandbox
from validation.sandbox.protocol import Limits
from validation.services.sweeping import remove_abandoned_groups, remove_old_temporaries

# A worker that is killed at once while something of its runs on in the group.
LEAVES_A_GROUP = """
import os, subprocess
from validation.sandbox import cgroups
from validation.sandbox.protocol import Limits
group = cgroups.create(Limits())
sleeper = subprocess.Popen(["sleep", "300"], stdout=subprocess.DEVNULL, start_new_session=True)
for folder in group.folders:
    (folder / "cgroup.procs").write_text(str(sleeper.pid))
print(sleeper.pid, flush=True)
os.kill(os.getpid(), 9)
"""
RUNS_A_SANDBOX = """
import sys
from pathlib import Path
from validation.sandbox import Command, Mount, choose_sandbox
tree = Path(sys.argv[1])
command = Command(
    ("/bin/bash", "-c", "touch /testbed/begun; setsid sleep 311 & sleep 311"),
    mounts=(Mount(tree, "/testbed", writable=True),),
)
choose_sandbox().run(command)
"""


def program(text: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", text, *arguments],
        cwd=PROJECT_FOLDER,
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.fixture
def _groups() -> None:
    group = cgroups.create(Limits())
    if group is None:
        pytest.skip("no control group can be made here")
    group.remove()


@pytest.mark.usefixtures("_groups")
def test_a_group_of_a_killed_worker_is_removed_with_what_runs_in_it() -> None:
    worker = program(LEAVES_A_GROUP)
    sleeper = int(worker.communicate(timeout=60)[0])
    assert worker.returncode == -signal.SIGKILL
    assert control_groups(worker.pid)
    assert is_alive(sleeper)
    remove_abandoned_groups()
    wait_for(lambda: not is_alive(sleeper))
    assert control_groups(worker.pid) == []


@pytest.mark.usefixtures("_groups")
def test_a_group_of_a_process_that_has_the_id_by_now_is_removed_too() -> None:
    group = cgroups.create(Limits())
    assert group is not None
    others = [folder.with_name(f"{cgroups.PREFIX}{os.getpid()}-0-1") for folder in group.folders]
    for folder in others:
        folder.mkdir()
    try:
        assert cgroups.remove_abandoned() >= len(others)
        assert not any(folder.exists() for folder in others)
        assert all(folder.exists() for folder in group.folders), "this worker lives"
    finally:
        group.remove()


def test_nothing_of_a_sandbox_survives_its_worker(tmp_path: Path) -> None:
    try:
        choose_sandbox()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    tree = tmp_path / "tree"
    tree.mkdir()
    mounts = Path("/proc/self/mountinfo").read_text()
    worker = program(RUNS_A_SANDBOX, str(tree))
    wait_for((tree / "begun").exists, 60)
    inside = psutil.Process(worker.pid).children(recursive=True)
    assert any("311" in " ".join(process.cmdline()) for process in inside)
    worker.kill()
    worker.communicate(timeout=60)
    wait_for(lambda: not any(is_alive(process.pid) for process in inside))
    assert Path("/proc/self/mountinfo").read_text() == mounts
    remove_abandoned_groups()
    assert control_groups(worker.pid) == []


def test_old_temporary_folders_of_ours_are_removed(tmp_path: Path) -> None:
    tmp_path = tmp_path / "temporaries"
    names = ("retrace-index-a", "retrace-index-young", "retrace-other-a", "retrace-numstat-a", "x")
    for name in names:
        (tmp_path / name / "within").mkdir(parents=True)
    (tmp_path / "retrace-index-file").write_text("no folder")
    target = tmp_path / "x"
    (tmp_path / "retrace-index-link").symlink_to(target)
    old = time.time() - 2 * 3600
    for path in tmp_path.iterdir():
        if "young" not in path.name and not path.is_symlink():
            os.utime(path, (old, old))
    remove_old_temporaries(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {
        *("retrace-index-young", "retrace-other-a", "x"),
        *("retrace-index-file", "retrace-index-link"),
    }
    assert (target / "within").exists()
