"""What is said of the patches and of where code stands, against a real repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.checks import Subject, run_checks
from annotator.checks.code_claims import code_claims
from annotator.checks.patch_claims import patch_claims
from annotator.checks.patches import PATCH_CHECKS
from annotator.facts import facts_of
from tests.annotator.checks.evidence import make_plant, step
from trajectories.models import Trajectory

pytestmark = pytest.mark.django_db


@pytest.fixture
def plant(tmp_path: Path) -> Trajectory:
    return make_plant(tmp_path)


def said(plant: Trajectory, sentence: str, *, is_blind: bool = False) -> list[str]:
    content = {"reasoning_steps": [step("observation", "It is so", sentence)]}
    subject = Subject(content, facts_of(plant, is_blind=is_blind))
    report = run_checks(subject, PATCH_CHECKS)
    assert not report.broken
    return [finding.severity.value for finding in report.findings]


# Gold changes two hunks of plant/motor.py, the agent's patch the first of them.
FALSE = {
    "The gold patch touches two files.": "block",
    "The gold patch changes three Python files.": "block",
    "The gold patch has three hunks.": "block",
    "The agent's patch has two hunks.": "block",
    "The gold patch changes `tests/test_plant.py`.": "block",
    "The gold patch also changes `plant/motor.py` and `README.md`.": "block",
    "The agent's patch adds `LIMIT` to `README.md`.": "block",
    "The gold patch adds a regression test.": "block",
    "The gold patch adds a test.": "warn",
    "The gold patch removes `slow_down`.": "block",
    "The gold patch introduces `speed_up`.": "block",
    "`speed_up` is gone after the gold patch.": "block",
    "`slow_down` is defined in `tests/test_plant.py`.": "block",
    "`README.md` is beside it, and `tests/test_plant.py` defines `Motor`.": "block",
    "`overdrive` exists at base.": "block",
    "`speed_up` does not exist at base.": "warn",
    "`plant/motor.py` has 300 lines.": "block",
}
TRUE = [
    "The gold patch touches one file.",
    "The gold patch touches a single Python file.",
    "The gold patch has two hunks.",
    "The agent's patch has only one hunk.",
    "The gold patch changes `plant/motor.py`.",
    "The gold patch changes how `plant/motor.py` counts in tests/test_plant.py.",
    "The gold patch adds no tests.",
    "The gold patch keeps `slow_down` as it is.",
    "`slow_down` is still there after the gold patch.",
    "`slow_down` is defined in `plant/motor.py`.",
    "`Motor.slow_down` lives in motor.py.",
    "`turns_per_minute` is defined in `plant/motor.py`.",
    "`overdrive` does not exist at base.",
    "`plant/motor.py` has 22 lines.",
    "`plant/motor.py` has about 300 lines.",
    "Does the gold patch touch two files?",
    "The gold patch could have changed `README.md`.",
    "Had the gold patch removed `slow_down`, motors would not stop.",
    "Nobody said that the gold patch changes `README.md`.",
    "A rival says “the gold patch touches two files”.",
    "The gold patch touches two files more than it has to.",
    "Both patches change the same files.",
]


@pytest.mark.parametrize(("sentence", "severity"), FALSE.items())
def test_what_the_patch_or_the_code_denies_is_found(
    plant: Trajectory, sentence: str, severity: str
) -> None:
    assert said(plant, sentence) == [severity]


@pytest.mark.parametrize("sentence", TRUE)
def test_nothing_is_said_against_what_is_so_or_not_said_plainly(
    plant: Trajectory, sentence: str
) -> None:
    assert said(plant, sentence) == []


def test_before_the_first_diagnosis_nothing_is_told_of_gold(plant: Trajectory) -> None:
    assert said(plant, "The gold patch has three hunks.", is_blind=True) == []
    assert said(plant, "`tests/test_plant.py` defines `Motor`.", is_blind=True) == ["block"]


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    patch_claims(f"The gold patch {text}")
    code_claims(f"`a.b` is defined in {text}")
