"""Write the whole input below a folder: the same seed and size give the same bytes."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from bench.patches import file_patch, replacements
from bench.runs import Material, Plan, make_material, run_bytes
from bench.sizes import SEED, VERSION, Size
from bench.sources import REPOSITORY, make_repository, source_files
from bench.words import paragraph, sentence

Files = Mapping[str, Sequence[str]]
# The instances of the two trajectories that are unlike the rest.
LONG, WIDE = "retrace-bench__atlas-900001", "retrace-bench__atlas-900002"


@dataclass(frozen=True)
class Input:
    """Where the input lies. `tasks` and `runs` are of the batch, `extreme_*` of the two others."""

    folder: Path
    base_commit: str

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    @property
    def tasks(self) -> Path:
        return self.folder / "tasks.jsonl"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def extreme_tasks(self) -> Path:
        return self.folder / "extreme-tasks.jsonl"

    @property
    def extreme_runs(self) -> Path:
        return self.folder / "extreme-runs"


def make_input(folder: Path, size: Size) -> Input:
    """Return the input, written anew unless it is there for this seed, version and size."""
    stamp = folder / "stamp.json"
    wanted = {"seed": SEED, "version": VERSION, "size": repr(size)}
    known = json.loads(stamp.read_text("utf-8")) if stamp.exists() else {}
    if {key: known.get(key) for key in wanted} != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        known = wanted | {"base_commit": _write(folder, size)}
        stamp.write_text(json.dumps(known), "utf-8")
    return Input(folder, known["base_commit"])


def digest(folder: Path) -> str:
    """Return one hash over the names and bytes of all files but git's own."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and ".git" not in path.parts:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{path.relative_to(folder)} {content}\n".encode())
    return total.hexdigest()


def _write(folder: Path, size: Size) -> str:
    rng = Random(SEED)
    texts = source_files(rng, size.n_files)
    commit = make_repository(folder / "repository", texts)
    files = {path: text.splitlines() for path, text in texts.items()}
    material = make_material(rng, files)
    made = Input(folder, commit)
    plans = list(_plans(rng, files, size))
    _write_runs(rng, material, plans, made.runs)
    _write_tasks(rng, files, [plan.instance_id for plan in plans], commit, made.tasks)
    extremes = [_long(rng, files, size), _wide(rng, files, size)]
    _write_runs(rng, material, extremes, made.extreme_runs)
    _write_tasks(rng, files, [LONG, WIDE], commit, made.extreme_tasks)
    return commit


def _plans(rng: Random, files: Files, size: Size) -> Iterator[Plan]:
    """Plan the batch: lengths vary by a fifth and add up to the size's number of steps."""
    mean = size.n_steps // size.n_trajectories
    lengths = [rng.randint(mean - mean // 5, mean + mean // 5) for _ in range(size.n_trajectories)]
    missing = size.n_steps - sum(lengths)
    for index in range(abs(missing)):
        lengths[index % len(lengths)] += 1 if missing > 0 else -1
    for number, n_steps in enumerate(lengths, start=1):
        paths = rng.sample(list(files), rng.randint(2, 4))
        yield Plan(
            f"retrace-bench__atlas-{number}",
            n_steps,
            size.output_chars,
            _patch(rng, files, paths, rng.randint(8, 60), run=6),
            paths,
        )


def _long(rng: Random, files: Files, size: Size) -> Plan:
    paths = rng.sample(list(files), 4)
    return Plan(
        LONG,
        size.long_steps,
        # An eighth of it stands on one line.
        size.long_chars * 7 // 8 // size.long_steps,
        _patch(rng, files, paths, 60, run=6),
        paths,
        one_line_chars=size.long_chars // 8,
    )


def _wide(rng: Random, files: Files, size: Size) -> Plan:
    replaced = size.wide_lines // size.wide_files // 2
    long_enough = [path for path, lines in files.items() if len(lines) >= replaced]
    paths = sorted(rng.sample(long_enough, size.wide_files))
    patch = "".join(
        file_patch(path, files[path], replacements(rng, files[path], replaced, 12))
        for path in paths
    )
    n_steps = size.n_steps // size.n_trajectories
    return Plan(WIDE, n_steps, size.output_chars, patch, paths)


def _patch(rng: Random, files: Files, paths: Sequence[str], n_lines: int, *, run: int) -> str:
    """Replace about `n_lines` lines over the files."""
    share = max(1, n_lines // len(paths))
    return "".join(
        file_patch(path, files[path], replacements(rng, files[path], share, run))
        for path in sorted(paths)
    )


def _write_runs(rng: Random, material: Material, plans: Sequence[Plan], folder: Path) -> None:
    folder.mkdir()
    for plan in plans:
        (folder / f"{plan.instance_id}.traj").write_bytes(run_bytes(rng, material, plan))


def _write_tasks(
    rng: Random, files: Files, instance_ids: Sequence[str], commit: str, path: Path
) -> None:
    rows = [_task(rng, files, instance_id, commit) for instance_id in instance_ids]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def _task(rng: Random, files: Files, instance_id: str, commit: str) -> dict[str, Any]:
    number = instance_id.rpartition("-")[2]
    test_path = f"tests/bench/test_{number}.py"
    tests = [f"{test_path}::test_{index}" for index in range(1, 25)]
    lines = [f"def test_{index}():\n    assert {index} == {index}" for index in range(1, 25)]
    added = "\n\n\n".join(lines).splitlines()
    test_patch = (
        f"diff --git a/{test_path} b/{test_path}\nnew file mode 100644\n"
        f"--- /dev/null\n+++ b/{test_path}\n@@ -0,0 +1,{len(added)} @@\n"
        + "".join(f"+{line}\n" for line in added)
    )
    return {
        "repo": REPOSITORY,
        "instance_id": instance_id,
        "base_commit": commit,
        "problem_statement": f"{sentence(rng)}\n\n{paragraph(rng, 12)}",
        "hints_text": paragraph(rng, 4),
        "patch": _patch(rng, files, rng.sample(list(files), 2), rng.randint(6, 30), run=6),
        "test_patch": test_patch,
        "FAIL_TO_PASS": json.dumps(tests[:3]),
        "PASS_TO_PASS": json.dumps(tests[3:]),
        "version": "1.0",
    }
