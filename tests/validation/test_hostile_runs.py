"""Tests that are hostile in a whole run: what they write reaches no later run and no worker."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from django.conf import settings

from tests.validation.conftest import CALC, F2P, FIXED, OLD_TESTS, P2P, RUNNER, diff
from tests.validation.sandboxes import contents, control_groups, traces
from tests.validation.tiny_tasks import (
    RECIPE,
    make_commit,
    need_sandbox_and_grading,
    run_of,
    statuses,
    task_on,
)
from trajectories.models import Task
from validation.grading import client
from validation.models import Outcome, Run, TreeName

pytestmark = pytest.mark.django_db(transaction=True)

FILES = {
    "calc.py": CALC,
    "tests/__init__.py": "",
    "tests/test_calc.py": OLD_TESTS,
    "run_tests.py": RUNNER,
}


@pytest.fixture(autouse=True, scope="module")
def _end_grading() -> object:
    yield
    client.close()


@pytest.fixture
def task(tmp_path: Path) -> Task:
    need_sandbox_and_grading()
    return task_on(tmp_path / "source", make_commit(tmp_path / "source", FILES), RECIPE)


def hostile(task: Task, code: str) -> Run:
    """Run the gold patch with code that is executed before it; see that nothing is left."""
    before = traces()
    run = run_of(task, TreeName.MODEL, diff("calc.py", CALC, code + FIXED))
    assert traces() - before == set()
    assert control_groups() == []
    return run


def mirrors() -> dict[str, tuple[int, bytes]]:
    """Return every file of the mirrors but the refs by which trees are remembered."""
    found = contents(settings.RETRACE_DATA / "mirrors")
    return {path: content for path, content in found.items() if "/refs/retrace/" not in path}


GIT = """\
import pathlib
git = pathlib.Path("/testbed/.git")
command = "touch /tmp/planted {host}/planted"
(git / "hooks").mkdir(exist_ok=True)
for name in ("post-checkout", "pre-commit", "post-index-change"):
    (git / "hooks" / name).write_text("#!/bin/sh\\n" + command + "\\n")
    (git / "hooks" / name).chmod(0o777)
with open(git / "config", "a") as file:
    file.write("[core]\\n\\tfsmonitor = " + command + "\\n\\tsshCommand = " + command + "\\n")
(git / "objects" / "info").mkdir(exist_ok=True)
(git / "objects" / "info" / "alternates").write_text("{host}\\n")
(git / "HEAD").unlink()
(git / "HEAD").symlink_to("/etc/passwd")
"""


def test_what_is_written_to_git_stays_in_the_run(task: Task, tmp_path: Path) -> None:
    first = run_of(task, TreeName.GOLD)
    before = mirrors()

    run = hostile(task, GIT.format(host=tmp_path))

    assert (first.outcome, run.outcome) == (Outcome.RESOLVED, Outcome.RESOLVED), run.log
    after = mirrors()
    assert {path: after.get(path) for path in before} == before
    assert not (tmp_path / "planted").exists()
    assert run_of(task, TreeName.BASE).outcome == Outcome.NOT_RESOLVED


ENVIRONMENT = """\
import os, sys, sysconfig
code = "print('PASSED {test}')"
for folder in (*sys.path, sys.prefix, sysconfig.get_path("purelib"), "/environment", "/usr/lib"):
    for name in ("sitecustomize.py", "planted.pth"):
        try:
            with open(os.path.join(folder, name), "w") as file:
                file.write(code)
        except OSError as error:
            print("refused", folder, error)
        else:
            print("REACHED", folder)
"""


def test_what_is_written_to_the_environment_reaches_no_later_run(task: Task) -> None:
    run = hostile(task, ENVIRONMENT.format(test=F2P))

    reached = {line for line in run.log.splitlines() if line.startswith("REACHED")}
    assert reached <= {"REACHED /testbed", "REACHED ", "REACHED /testbed/tests"}, run.log
    assert "refused /environment" in run.log
    planted = [*settings.RETRACE_DATA.rglob("planted.pth")]
    planted += settings.RETRACE_DATA.rglob("sitecustomize.py")
    assert planted == []
    later = run_of(task, TreeName.BASE)
    assert statuses(later) == {F2P: "FAILED", P2P: "PASSED"}


LEFTOVERS = """\
import os, signal
os.mkfifo("/testbed/fifo")
os.symlink("/", "/testbed/root")
os.symlink("/testbed/self", "/testbed/self")
for number in range(300):
    os.makedirs("/testbed/" + "d/" * (number % 60 + 1), exist_ok=True)
with open("/testbed/huge", "wb") as file:
    file.truncate(500_000_000)
os.mkdir("/testbed/closed", 0o700)
open("/testbed/closed/file", "w").close()
os.chmod("/testbed/closed", 0)
os.chmod("/testbed/tests", 0o500)
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.close(1)
    os.close(2)
    while True:
        signal.pause()
"""


def test_whatever_is_left_in_the_tree_is_removed(task: Task) -> None:
    run = hostile(task, LEFTOVERS)
    assert run.outcome == Outcome.RESOLVED, run.log
    assert list((settings.RETRACE_DATA / "work").iterdir()) == []


SECRETS = """\
import os, pathlib
seen = dict(os.environ)
for path in {paths!r}:
    try:
        seen[path] = pathlib.Path(path).read_bytes()
    except OSError as error:
        print("refused", path)
print("SEEN", sorted(seen))
"""


def test_a_run_sees_neither_the_data_folder_nor_the_variables_of_the_worker(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = settings.RETRACE_DATA / "secret_key"
    secret.write_text("x")
    monkeypatch.setenv("RETRACE_DATABASE_PASSWORD", "x")
    paths = [str(secret), "/etc/shadow", f"/proc/{os.getpid()}/environ"]

    run = hostile(task, SECRETS.format(paths=paths))

    (seen,) = [line for line in run.log.splitlines() if line.startswith("SEEN")]
    assert "RETRACE" not in seen
    assert [f"refused {path}" in run.log for path in paths] == [True] * 3


def test_output_is_kept_as_text_whatever_it_holds(task: Task) -> None:
    code = "import os\nos.write(1, bytes(range(256)) * 20 + b'\\xed\\xa0\\x80\\x1b]0;x\\x07\\n')\n"
    run = hostile(task, code)
    assert run.outcome == Outcome.RESOLVED
    assert "\0" not in run.log
    assert run.log.encode()


def test_a_run_that_gives_its_files_away_ends_as_any_other(task: Task) -> None:
    code = "import os\nfor name in ('calc.py', 'tests'):\n    os.chmod(name, 0o7777)\n"
    run = hostile(task, code)
    assert run.outcome == Outcome.RESOLVED
    work = settings.RETRACE_DATA / "work"
    assert stat.S_ISDIR(work.stat().st_mode)
    assert list(work.iterdir()) == []
