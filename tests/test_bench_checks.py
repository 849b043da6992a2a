"""`make bench-checks`: a part of it, and that it fails where it should."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench_checks.faults import KINDS, Spoilt
from bench_checks.trying import Found, Tally, count
from tests.paths import PROJECT_FOLDER
from tests.running_site import environment, short_folder

GOOD = sorted((PROJECT_FOLDER / "samples" / "annotations").glob("*.json"))
BLOCKED = ("citation-resolves", "block", "u1/citations/c1", "It is not there.")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with short_folder() as made:
        yield made


def measure(folder: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    report = folder / "report.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench_checks", "--no-runs", *arguments),
            *("--data", str(folder / "data"), "--report", str(report)),
        ],
        cwd=PROJECT_FOLDER,
        env=environment(folder / "data"),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    said = done.stdout + done.stderr
    assert report.exists(), said
    return done.returncode, json.loads(report.read_text()), said


def test_all_that_is_decidable_is_caught_and_a_good_one_raises_no_alarm(folder: Path) -> None:
    status, report, said = measure(folder, str(GOOD[0]))
    assert status == 0, said
    assert sum(row["derived"] for row in report["kinds"]) > 100
    assert report["good"][0]["block"] == 0


def test_an_annotation_that_is_not_good_fails_it(folder: Path) -> None:
    row = json.loads(GOOD[0].read_text())
    content = row["annotation"]["content"]
    content["reasoning_steps"][0]["citations"][0]["quote"] = "This stands nowhere."
    spoilt = folder / "spoilt.json"
    spoilt.write_text(json.dumps(row))
    status, report, said = measure(folder, str(spoilt), "--kind", "no exit")
    assert status == 1, said
    assert report["good"][0]["block"] == 1


def test_there_are_many_kinds_of_fault() -> None:
    assert len(KINDS) >= 40
    assert len(GOOD) >= 12


@pytest.mark.parametrize(
    ("places", "caught"),
    [(("u1/citations/c1",), 1), (("u1/rationale", "u1/citations"), 1), (("u2/",), 0)],
)
def test_a_fault_is_caught_where_it_is(places: tuple[str, ...], caught: int) -> None:
    tally = Tally(KINDS["wrong line"])
    count(tally, "one", Found(()), Spoilt({}, places), Found((BLOCKED,)))
    assert (tally.derived, tally.caught, tally.blocking) == (1, caught, caught)
    assert len(tally.missed) == tally.elsewhere == 1 - caught


def test_what_the_good_one_raises_as_well_catches_nothing() -> None:
    tally = Tally(KINDS["wrong line"])
    count(tally, "one", Found((BLOCKED,)), Spoilt({}, ("u1/",)), Found((BLOCKED,)))
    assert (tally.caught, len(tally.missed)) == (0, 1)
