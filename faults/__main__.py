"""`python -m faults`: validate undisturbed, validate while things break, compare."""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faults.endings import Ended, Subject, Verdict
    from faults.kinds import Ground

PROJECT_FOLDER = Path(__file__).resolve().parents[1]
SETTLE_SECONDS = 300.0
# Runs that are asked for ahead, so that every fault meets some.
AHEAD = 6


def main() -> int:
    options = _options()
    data = options.data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    os.environ["RETRACE_DATA"] = str(data)
    os.environ["DJANGO_SETTINGS_MODULE"] = "annotator.config.settings.local"
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS"):
        os.environ.pop(name, None)
    import django

    django.setup()
    from annotator.config.embedded import services
    from annotator.config.start import set_up

    with services(data):
        set_up(data)
        return _try(data, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="faults", description="Break things at random while the sample batch is validated."
    )
    parser.add_argument("--faults", type=int, default=100, metavar="N")
    parser.add_argument("--seed", type=int, default=1, help="the same seed breaks the same things")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--data", type=Path, default=PROJECT_FOLDER / "data" / "faults")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write what was found as JSON")
    return parser.parse_args()


def _try(data: Path, options: argparse.Namespace) -> int:
    from faults.endings import count_endings, endings, left_over, not_ended_once

    count_endings()
    with _ground(data, options) as ground:
        expected = _undisturbed()
        started = time.monotonic()
        run_ids, done = _disturbed(ground, options.faults, options.seed)
        _settle(run_ids)
        seconds = time.monotonic() - started
        given_up, differing = _compare(endings(run_ids), expected)
        # What was broken at every attempt is asked for again, as a person would.
        repeated = _ask(given_up)
        _settle(repeated)
        _, still = _compare(endings(repeated), expected, final=True)
        n_workers = ground.workers.n_started
    report = {
        "seed": options.seed,
        "faults": done,
        "runs": len(run_ids),
        "seconds": round(seconds, 1),
        "workers_started": n_workers,
        "broken_at_every_attempt": len(given_up),
        "not_ended_once": not_ended_once([*run_ids, *repeated]),
        "verdicts_that_differ": differing + still,
        "left_over": left_over(data),
    }
    if options.report:
        options.report.write_text(json.dumps(report, indent=2) + "\n")
    return _tell(report)


@contextmanager
def _ground(data: Path, options: argparse.Namespace) -> Iterator[Ground]:
    from annotator.config.embedded import DataFolder, PostgresServer, RedisServer
    from faults.kinds import Ground, mount_disk, unmount_disk
    from faults.workers import Workers

    folder = DataFolder(data)
    disk = mount_disk(data / "work")
    try:
        with Workers(options.workers, data / "logs" / "faults-workers.log") as workers:
            yield Ground(
                rng=random.Random(options.seed),
                workers=workers,
                postgres=PostgresServer(folder),
                redis=RedisServer(folder),
                disk=disk,
            )
    finally:
        if disk is not None:
            unmount_disk(disk)


def _undisturbed() -> dict[Subject, Verdict]:
    """Validate the sample batch once; return the verdict of each of its subjects."""
    from faults.endings import endings

    run_ids = _ask(None)
    _settle(run_ids)
    found = {each.subject: each.verdict for each in endings(run_ids)}
    print(f"Undisturbed: {len(found)} verdicts.", flush=True)
    return found


def _ask(subjects: list[Subject] | None) -> list[int]:
    """Ask for runs: of the whole sample batch, or of these subjects."""
    from annotator.config.start import SAMPLE_BATCH
    from faults.endings import patiently
    from trajectories.models import Batch
    from validation.models import TreeName
    from validation.services.validating import request_all, wishes_for_batch

    def ask() -> list[int]:
        batch = Batch.objects.get(slug=SAMPLE_BATCH)
        wishes = wishes_for_batch(batch, list(TreeName))
        if subjects is not None:
            by_subject = {
                (
                    wish.task.instance_id,
                    str(wish.tree),
                    wish.trajectory and wish.trajectory.pk,
                ): wish
                for wish in wishes
            }
            wishes = [by_subject[subject] for subject in subjects]
        asked = request_all(wishes)
        if asked.refused:
            raise SystemExit(f"faults: {asked.refused[0].reason}")
        return asked.run_ids

    return patiently(ask)


def _disturbed(ground: Ground, n_faults: int, seed: int) -> tuple[list[int], dict[str, int]]:
    """Ask for runs without end and break things meanwhile; return the runs and what was broken."""
    from faults.endings import unfinished
    from faults.kinds import KINDS

    rng = random.Random(seed)
    # Each kind about as often as any other, in an order that the seed decides.
    order = [
        name
        for _ in range(n_faults // len(KINDS) + 1)
        for name in rng.sample(list(KINDS), len(KINDS))
    ]
    run_ids: list[int] = []
    done: Counter[str] = Counter()
    for number, name in enumerate(order[:n_faults], start=1):
        if unfinished(run_ids) < AHEAD:
            run_ids += _ask(None)
        time.sleep(rng.uniform(0.5, 3.5))
        said = KINDS[name](ground)
        done[name] += 1
        print(f"{number:4d}  {name}: {said}", flush=True)
    return run_ids, dict(done)


def _settle(run_ids: list[int]) -> None:
    """Wait until all runs have ended; give up after five minutes without any that did."""
    from faults.endings import unfinished

    left, since = unfinished(run_ids), time.monotonic()
    while left:
        time.sleep(0.3)
        now_left = unfinished(run_ids)
        if now_left < left:
            left, since = now_left, time.monotonic()
        if time.monotonic() - since > SETTLE_SECONDS:
            raise SystemExit(f"faults: {left} runs are stuck.")


def _compare(
    found: list[Ended], expected: dict[Subject, Verdict], *, final: bool = False
) -> tuple[list[Subject], list[str]]:
    """Return the subjects that infrastructure kept from a verdict, and verdicts that differ."""
    given_up, differing = [], []
    for each in found:
        if each.verdict == expected[each.subject]:
            continue
        if each.verdict[0] == "infrastructure_failure" and not final:
            given_up.append(each.subject)
        else:
            differing.append(
                f"run {each.run_id} of {each.subject}: {each.verdict[0]} {each.reason}"
            )
    return given_up, differing


def _tell(report: dict[str, object]) -> int:
    for name, value in report.items():
        print(f"{name.replace('_', ' '):32} {value}")
    bad = any(report[name] for name in ("not_ended_once", "verdicts_that_differ", "left_over"))
    print(
        "Something was lost." if bad else "Every run ended once, with the verdict it has in peace."
    )
    return int(bad)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"faults: `{' '.join(error.cmd[1:])}` failed, see above.")
