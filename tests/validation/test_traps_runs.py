"""Traps of real repositories, patches and environments: real git, real sandbox, real grading.

The numbers are those of the list of traps in docs/validation.md. Traps of logs are in
`test_traps_logs.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.validation.conftest import (
    CALC,
    F2P,
    FIXED,
    GOLD,
    OLD_TESTS,
    P2P,
    RUNNER,
    TESTS,
    CalcRepository,
    diff,
    git,
)
from tests.validation.real_runs import keep_environments, skip_if_index_failed
from tests.validation.tiny_tasks import (
    RECIPE,
    admission_of,
    make_commit,
    need_sandbox_and_grading,
    run_of,
    statuses,
    task_on,
)
from trajectories.git import Mirror, PatchDoesNotApply, make_worktree
from trajectories.models import Task
from validation.grading import client
from validation.models import AdmissionState, Outcome, TreeName
from validation.working_trees import explain, prepare_tree

# A lease is renewed by a thread, which sees only what is committed.
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
def sandbox() -> None:
    need_sandbox_and_grading()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"


def mirror_of(source: Path, tmp_path: Path) -> Mirror:
    mirror = Mirror(tmp_path / "mirror.git")
    mirror.fetch(str(source))
    return mirror


def files_of(mirror: Mirror, tree: str) -> dict[str, bytes]:
    return {entry.path: mirror.read_blob(entry.id) for entry in mirror.list_files(tree)}


# --- 4: tests that are skipped ---------------------------------------------------------------

CORES = """\
import os

print("CORES", len(os.sched_getaffinity(0)), os.cpu_count())
for path in ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu.max"):
    print("QUOTA", os.path.exists(path))
"""


def test_4_no_test_is_led_to_believe_that_there_is_one_core(source: Path, sandbox: None) -> None:
    """Some skip themselves then; pylint reads it from the control group."""
    fixed = diff("calc.py", CALC, CORES + FIXED)
    log = run_of(task_on(source, make_commit(source, FILES), patch=fixed), TreeName.GOLD).log
    assert f"CORES {len(os.sched_getaffinity(0))} {os.cpu_count()}" in log
    assert log.count("QUOTA False") == 2


# --- 5: failing for the wrong reason ---------------------------------------------------------


def test_5_a_base_on_which_no_test_runs_admits_no_task(source: Path, sandbox: None) -> None:
    recipe = replace(RECIPE, test_command="python -c 'import distutils_of_old' tests/")
    task = task_on(source, make_commit(source, FILES), recipe)
    run = run_of(task, TreeName.BASE)
    assert run.outcome == Outcome.INVALID
    assert "the tests did not run" in run.reason
    admission = admission_of(task)
    assert admission.state == AdmissionState.NOT_ADMITTED
    assert "ended without a verdict" in admission.reasons[0]


# --- 6: setuptools without an editable hook --------------------------------------------------

SETUP = """\
from setuptools import setup

setup(name="calc", version="1", package_dir={"": "src"}, py_modules=["calc"])
"""


@pytest.mark.parametrize(
    ("setuptools", "install"),
    [
        ("setuptools==59.8.0", "python setup.py --quiet develop --no-deps"),
        (
            "setuptools==68.0.0",
            "uv pip install -q --no-build-isolation --no-deps"
            " --config-settings editable_mode=compat -e .",
        ),
    ],
)
def test_6_old_ways_to_install_in_place_hold_in_later_trees(
    source: Path, sandbox: None, setuptools: str, install: str
) -> None:
    keep_environments()
    moved = {"src/calc.py": CALC, "setup.py": SETUP}
    files = {path: text for path, text in FILES.items() if path != "calc.py"} | moved
    recipe = replace(RECIPE, packages=(setuptools, "wheel==0.42.0"), install=(install,))
    gold = diff("src/calc.py", CALC, FIXED)
    task = task_on(source, make_commit(source, files), recipe, patch=gold)
    run = run_of(task, TreeName.GOLD)
    skip_if_index_failed()
    assert (run.outcome, run.reason) == (Outcome.RESOLVED, "")


# --- 7: a patch that applies is no proof that the change was absent --------------------------

REPEATED = """\
import unittest

import calc


class CalcTest(unittest.TestCase):
    def test_add(self):
        self.pair = (calc.add(1, 2), 3)
        self.ready = True
        self.check()

{}    def check(self):
        self.assertEqual(*self.pair)
"""
INSERTED = """\
    def test_halve(self):
        self.pair = (calc.halve(3), 1.5)
        self.ready = True
        self.check()

"""
BOTH_WAYS = """\
diff --git a/tests/test_calc.py b/tests/test_calc.py
--- a/tests/test_calc.py
+++ b/tests/test_calc.py
@@ -8,5 +8,10 @@
         self.ready = True
         self.check()
{blank}
+    def test_halve(self):
+        self.pair = (calc.halve(3), 1.5)
+        self.ready = True
+        self.check()
+
     def check(self):
         self.assertEqual(*self.pair)
""".format(blank=" ")


def test_7_a_base_that_has_the_fix_is_not_admitted_though_its_test_patch_applies(
    source: Path, sandbox: None, tmp_path: Path
) -> None:
    fixed = FILES | {"calc.py": FIXED, "tests/test_calc.py": REPEATED.format(INSERTED)}
    commit = make_commit(source, fixed)
    for options in ([], ["--reverse"]):
        command = ["git", "apply", "--check", *options, "-"]
        subprocess.run(command, cwd=source, input=BOTH_WAYS.encode(), check=True)

    admission = admission_of(task_on(source, commit, test_patch=BOTH_WAYS))

    assert admission.state == AdmissionState.NOT_ADMITTED
    base, gold = admission.runs.order_by("pk")
    assert statuses(base) == {F2P: "PASSED", P2P: "PASSED"}
    assert gold.outcome == Outcome.PATCH_DOES_NOT_APPLY
    assert "Its reverse applies: the change is there already." in gold.reason
    assert "the change is there already" in " ".join(admission.reasons)


# --- 8: renames and new files ----------------------------------------------------------------

RENAMES = (
    "diff --git a/calc.py b/maths/calc.py\nsimilarity index 100%\n"
    "rename from calc.py\nrename to maths/calc.py\n" + diff("maths/__init__.py", "", "x = 1\n")
)


def test_8_what_a_patch_renamed_and_added_is_in_no_other_tree(
    calc: CalcRepository, calc_mirror: Mirror, tmp_path: Path
) -> None:
    before = files_of(calc_mirror, calc.base)
    tree = prepare_tree(
        calc_mirror, calc.base, patch=RENAMES.encode(), test_patch=TESTS.encode(), scratch=tmp_path
    ).tree
    make_worktree(calc_mirror, calc.base, tmp_path / "patched", tree=tree)
    make_worktree(calc_mirror, calc.base, tmp_path / "base")

    assert (tmp_path / "patched" / "maths" / "calc.py").read_text() == CALC
    assert not (tmp_path / "patched" / "calc.py").exists()
    assert not (tmp_path / "base" / "maths").exists()
    assert (tmp_path / "base" / "calc.py").read_text() == CALC
    assert files_of(calc_mirror, calc.base) == before


# --- 9: CRLF ---------------------------------------------------------------------------------


def row(task: Task, **fields: Any) -> dict[str, Any]:
    """Write a task as a row of a data set, with other fields."""
    revision = task.current_revision
    assert revision is not None
    return {
        "instance_id": task.instance_id,
        "repo": task.repository.name,
        "base_commit": revision.base_commit,
        "problem_statement": revision.problem_statement,
        "patch": revision.patch,
        "test_patch": revision.test_patch,
        "FAIL_TO_PASS": json.dumps(revision.fail_to_pass),
        "PASS_TO_PASS": json.dumps(revision.pass_to_pass),
        **fields,
    }


def load(tmp_path: Path, *lines: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    call_command("load_tasks", str(path), batch="traps")


def test_9_line_ends_of_a_patch_survive_the_data_set_and_the_database(
    source: Path, tmp_path: Path
) -> None:
    mixed = b"one\r\ntwo\nthree\r\nfour\rfive\r\n"
    patch = (
        "diff --git a/dos.txt b/dos.txt\n--- a/dos.txt\n+++ b/dos.txt\n"
        "@@ -1,4 +1,4 @@\n one\r\n-two\n+2\r\n three\r\n four\rfive\r\n"
    )
    commit = make_commit(source, FILES | {"dos.txt": mixed})
    task = task_on(source, commit)
    load(tmp_path, json.dumps(row(task, patch=patch)))
    task.refresh_from_db()
    assert task.current_revision is not None

    mirror = mirror_of(source, tmp_path)
    tree = prepare_tree(
        mirror,
        commit,
        patch=task.current_revision.patch.encode(),
        test_patch=TESTS.encode(),
        scratch=tmp_path,
    ).tree
    make_worktree(mirror, commit, tmp_path / "testbed", tree=tree)

    assert (tmp_path / "testbed" / "dos.txt").read_bytes() == b"one\r\n2\r\nthree\r\nfour\rfive\r\n"


# --- 10: objects and rows that are not there -------------------------------------------------


POINTER = ("version https://git-lfs.github.com/spec/v1", f"oid sha256:{'0' * 64}", "size 9")


def test_10_a_source_that_lacks_objects_is_no_fault_of_a_patch(
    source: Path, tmp_path: Path, sandbox: None
) -> None:
    commit = make_commit(source, FILES)
    git(source, "config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    arguments = ("--no-checkout", "--filter=blob:none", f"file://{source}", str(partial))
    git(tmp_path, "clone", "--quiet", *arguments)
    git(partial, "remote", "remove", "origin")
    run = run_of(task_on(partial, commit), TreeName.MODEL, GOLD)
    assert run.outcome == Outcome.INFRASTRUCTURE_FAILURE
    assert "could not be fetched" in run.reason


def test_10_a_pointer_of_git_lfs_among_rows_is_refused_and_the_row_loaded(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task = task_on(source, make_commit(source, FILES))
    changed = json.dumps(row(task, problem_statement="Another."))
    with pytest.raises(SystemExit):
        load(tmp_path, changed, *POINTER)
    task.refresh_from_db()
    assert task.current_revision is not None
    assert task.current_revision.problem_statement == "Another."
    assert capsys.readouterr().out.count("A line of a Git LFS pointer, not a row") == len(POINTER)


def test_10_a_file_that_is_a_pointer_of_git_lfs_is_refused(
    db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        load(tmp_path, *POINTER)
    assert "The file is a Git LFS pointer" in capsys.readouterr().out


# --- 11: foreign owners ----------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_11_a_source_that_belongs_to_somebody_else_is_run(source: Path, sandbox: None) -> None:
    commit = make_commit(source, FILES)
    for folder, _, names in os.walk(source):
        for path in (folder, *(os.path.join(folder, name) for name in names)):
            os.chown(path, 12345, 12345, follow_symlinks=False)
    recipe = replace(RECIPE, test_command="git status --short && " + RECIPE.test_command)
    run = run_of(task_on(source, commit, recipe), TreeName.GOLD)
    assert "dubious" not in run.log
    assert run.outcome == Outcome.RESOLVED


# --- 12: one instance_id, several contents ---------------------------------------------------


def test_12_each_content_keeps_its_own_tests_and_runs(
    source: Path, tmp_path: Path, sandbox: None
) -> None:
    gone = "tests/test_calc.py::test_gone"
    task = task_on(source, make_commit(source, FILES), pass_to_pass=[P2P, gone])
    first = run_of(task, TreeName.GOLD)
    load(tmp_path, json.dumps(row(task, PASS_TO_PASS=json.dumps([P2P]))))
    task.refresh_from_db()
    second = run_of(task, TreeName.GOLD)

    assert first.task_revision != second.task_revision
    assert (first.outcome, second.outcome) == (Outcome.NOT_RESOLVED, Outcome.RESOLVED)
    assert statuses(first) == {F2P: "PASSED", P2P: "PASSED", gone: "MISSING"}
    assert statuses(second) == {F2P: "PASSED", P2P: "PASSED"}


# --- 13: tests that want a network -----------------------------------------------------------

WANTS_NETWORK = (
    OLD_TESTS
    + """
    def test_fetch(self):
        import socket

        socket.create_connection(("127.0.0.1", {port}), timeout=5).close()
"""
)


def test_13_a_test_that_wants_a_network_is_found_before_any_patch_is_tried(
    source: Path, sandbox: None
) -> None:
    import socket

    wants = "tests/test_calc.py::test_fetch"
    with socket.create_server(("127.0.0.1", 0)) as server:
        tests = WANTS_NETWORK.format(port=server.getsockname()[1])
        commit = make_commit(source, FILES | {"tests/test_net.py": tests})
        task = task_on(source, commit, pass_to_pass=[P2P, wants])
        admission = admission_of(task)
    assert admission.state == AdmissionState.NOT_ADMITTED
    assert admission.reasons == [
        f"PASS_TO_PASS does not pass on base: {wants} (error).",
        f"PASS_TO_PASS does not pass on gold: {wants} (error).",
    ]


# --- 14: gold that does not pass -------------------------------------------------------------


def test_14_a_gold_patch_that_does_not_pass_is_told(source: Path, sandbox: None) -> None:
    half = diff("calc.py", CALC, CALC.replace("n // 2", "-n // 2"))
    admission = admission_of(task_on(source, make_commit(source, FILES), patch=half))
    assert admission.state == AdmissionState.NOT_ADMITTED
    assert admission.reasons == [f"FAIL_TO_PASS does not pass on gold: {F2P} (failed)."]


def test_14_a_gold_patch_that_does_not_apply_says_where(source: Path, tmp_path: Path) -> None:
    commit = make_commit(source, FILES | {"calc.py": "def add(a, b):\n    return sum((a, b))\n"})
    with pytest.raises(PatchDoesNotApply) as refused:
        prepare_tree(
            mirror_of(source, tmp_path),
            commit,
            patch=GOLD.encode(),
            test_patch=b"",
            scratch=tmp_path,
        )
    assert "calc.py, hunk at line" in explain(refused.value)
