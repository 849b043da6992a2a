"""What a run costs beyond its tests: the working tree, everything around, and a second worker."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db.models import Max, Min

from bench.loading import Loaded
from bench.results import Figure, Goal, Results, median
from bench.sizes import Size
from faults.endings import unfinished
from faults.workers import Workers
from trajectories.code import mirror_of
from trajectories.git import Mirror, make_worktree
from trajectories.models import TaskRevision
from validation.environments import RecipeSpec, environment_key, find_environment
from validation.models import Outcome, Run, TreeName
from validation.recipes import RecipeEntry
from validation.sandbox import SandboxUnavailable, choose_sandbox
from validation.services.execution import execute_run
from validation.services.recipes import assign_recipe
from validation.services.requests import request_run

# Calls every test of the file that the task's test_patch adds, then computes for a while.
_RUNNER = """\
import hashlib, runpy, sys
path = sys.argv[1]
for name, test in sorted(runpy.run_path(path).items()):
    if name.startswith("test_"):
        test()
        print("PASSED", f"{path}::{name}")
for number in range(int(sys.argv[2])):
    hashlib.sha256(bytes(1_000_000)).digest()
"""
_SHARE, _SECONDS = 0.10, 1.5
_SPEED_UP = 1.8
_RUNS_PER_WORKER = 4


def working_tree(size: Size, loaded: Loaded, results: Results) -> None:
    """P8: the working tree of a run, against the fastest of git's own ways to have one."""
    revision = _revisions(loaded, 1)[0]
    mirror, commit = mirror_of(revision.task.repository), revision.base_commit
    ways: dict[str, Callable[[Path], object]] = {
        "ours": lambda folder: make_worktree(mirror, commit, folder),
        "clone": partial(_clone, mirror, commit),
        "worktree": partial(_worktree, mirror, commit),
        "index": partial(_checkout_index, mirror, commit),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(size.repeats):
        for name, make in ways.items():
            with tempfile.TemporaryDirectory(prefix="retrace-bench-") as folder:
                start = time.perf_counter()
                make(Path(folder, "tree"))
                times[name].append((time.perf_counter() - start) * 1000)
    _git(mirror, "worktree", "prune")
    floor = min(median(times[name]) for name in ways if name != "ours")
    what = "working tree for a run, against the fastest of git's own ways"
    results.goals.append(Goal("P8", what, "ms", median(times["ours"]), 1, floor, times["ours"]))


def _git(mirror: Mirror, *arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True, cwd=mirror.path)


def _clone(mirror: Mirror, commit: str, folder: Path) -> None:
    _git(mirror, "clone", "--shared", "--quiet", "--no-checkout", str(mirror.path), str(folder))
    _git(mirror, "-C", str(folder), "checkout", "--quiet", commit)


def _worktree(mirror: Mirror, commit: str, folder: Path) -> None:
    _git(mirror, "worktree", "add", "--detach", "--force", "--quiet", str(folder), commit)


def _checkout_index(mirror: Mirror, commit: str, folder: Path) -> None:
    folder.mkdir()
    index = folder.with_name("index")
    command = f"git read-tree {commit} && git --work-tree={folder} checkout-index --all"
    environment = {"GIT_INDEX_FILE": str(index), "GIT_DIR": str(mirror.path), "PATH": _path()}
    subprocess.run(command, shell=True, check=True, cwd=folder, env=environment)


def _path() -> str:
    return os.environ["PATH"]


def run_overhead(size: Size, loaded: Loaded, results: Results) -> None:
    """What a run takes above its bare test command, in the same environment, when all is warm."""
    if not _can_run(results):
        return
    revision = _revisions(loaded, 1)[0]
    spec = _recipe(revision, size)
    _execute(revision)
    bare: list[float] = []
    whole: list[float] = []
    for _ in range(size.repeats):
        bare.append(_bare_seconds(revision, spec))
        start = time.perf_counter()
        _execute(revision)
        whole.append(time.perf_counter() - start)
    above = median(whole) - median(bare)
    limit = max(_SHARE * median(bare), _SECONDS)
    results.goals.append(
        Goal("run", "a run above its bare test command", "ms", 1000 * above, 1000 * limit)
    )
    results.figures.append(Figure("the bare test command", "ms", 1000 * median(bare)))


def two_workers(size: Size, loaded: Loaded, results: Results) -> None:
    """How much sooner two workers are done with the same runs than one."""
    if not _can_run(results):
        return
    revisions = _revisions(loaded, 2 * _RUNS_PER_WORKER)
    for revision in revisions:
        _recipe(revision, size)
    alone, together = (_seconds_with(n, revisions) for n in (1, 2))
    what = f"{len(revisions)} runs with two workers, against one"
    results.goals.append(Goal("runs", what, "s", together, 1 / _SPEED_UP, alone))


def _revisions(loaded: Loaded, n: int) -> list[TaskRevision]:
    """Return the revisions of the last tasks of the batch, which no page was asked for."""
    chosen = loaded.assignments[-n:]
    return [assignment.membership.trajectory.task_revision for assignment in chosen]


def _seconds_with(n_workers: int, revisions: list[TaskRevision]) -> float:
    with Workers(n_workers, settings.RETRACE_DATA / "logs" / "bench-workers.log"):
        # Each worker has imported what it needs and started its grading process.
        _wait_for([request_run(revision, TreeName.BASE).pk for revision in revisions])
        run_ids = [request_run(revision, TreeName.GOLD).pk for revision in revisions]
        _wait_for(run_ids)
    ends = Run.objects.filter(pk__in=run_ids).aggregate(
        first=Min("started_at"), last=Max("finished_at")
    )
    seconds: float = (ends["last"] - ends["first"]).total_seconds()
    return seconds


def _wait_for(run_ids: list[int]) -> None:
    while unfinished(run_ids):
        time.sleep(0.05)


def _can_run(results: Results) -> bool:
    try:
        choose_sandbox()
    except SandboxUnavailable as error:
        results.figures.append(Figure(f"no runs here ({error})", "s", 0))
        return False
    return True


def _recipe(revision: TaskRevision, size: Size) -> RecipeSpec:
    """Give the task a recipe that needs nothing but an interpreter."""
    test_path = (revision.fail_to_pass or [""])[0].partition("::")[0]
    spec = RecipeSpec(
        test_command=f"python - {test_path} {size.rounds} <<'END'\n{_RUNNER}END",
        log_parser="parse_log_pytest",
    )
    assign_recipe(RecipeEntry(spec, instance_id=revision.task.instance_id))
    return spec


def _execute(revision: TaskRevision) -> None:
    run = request_run(revision, TreeName.GOLD)
    execute_run(run.pk)
    run.refresh_from_db()
    if run.outcome != Outcome.RESOLVED:
        raise RuntimeError(f"A run that should pass ended otherwise: {run.outcome} {run.reason}")


def _bare_seconds(revision: TaskRevision, spec: RecipeSpec) -> float:
    """Run the test command in a checkout, with the environment's Python and nothing around it."""
    mirror = mirror_of(revision.task.repository)
    base = mirror.tree_of(revision.base_commit)
    built = find_environment(settings.RETRACE_DATA / "environments", environment_key(spec, base))
    if built is None:
        raise RuntimeError("The environment of the run before is gone.")
    with tempfile.TemporaryDirectory(prefix="retrace-bench-") as folder:
        make_worktree(mirror, revision.base_commit, Path(folder, "tree"))
        patch = ["git", "apply", "-"]
        subprocess.run(
            patch, input=revision.test_patch.encode(), cwd=Path(folder, "tree"), check=True
        )
        command = spec.test_command.replace("python -", f"{built.interpreter.path} -", 1)
        start = time.perf_counter()
        subprocess.run(
            ["/bin/bash", "-c", command], cwd=Path(folder, "tree"), check=True, capture_output=True
        )
        return time.perf_counter() - start


MEASUREMENTS: dict[str, Callable[[Size, Loaded, Results], None]] = {
    "worktree": working_tree,
    "overhead": run_overhead,
    "workers": two_workers,
}
