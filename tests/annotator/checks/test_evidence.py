"""The checks of evidence: nothing is found in a good annotation, and each fault is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from annotator.checks.base import Subject
from annotator.checks.evidence import EVIDENCE_CHECKS
from annotator.checks.runner import run_checks
from annotator.facts import facts_of
from annotator.frozen_probes import frozen_probe
from annotator.models import StepProbe
from tests.annotator.checks.evidence import (
    ANGULAR,
    SPEED_UP,
    cite_file,
    cite_test,
    findings,
    good,
    hunk,
    make_plant,
    make_verdict,
    told,
)
from tests.probes import make_probe
from trajectories.models import Trajectory
from validation.models import Probe, Run, RunTest

pytestmark = pytest.mark.django_db

Content = dict[str, Any]
Spoil = Callable[[Content, Trajectory], None]


@pytest.fixture
def plant(tmp_path: Path, db: None) -> Trajectory:
    return make_plant(tmp_path)


def test_nothing_is_found_in_a_good_annotation(plant: Trajectory) -> None:
    assert told(plant, good(plant)) == []


def of(content: Content, number: int) -> Content:
    found: Content = content["reasoning_steps"][number - 1]
    return found


def cited(content: Content, number: int, at: int = 0) -> Content:
    found: Content = of(content, number)["citations"][at]
    return found


def say(number: int, rationale: str, field: str = "rationale") -> Spoil:
    def spoil(content: Content, _: Trajectory) -> None:
        of(content, number)[field] = rationale

    return spoil


def retarget(number: int, **target: Any) -> Spoil:
    def spoil(content: Content, _: Trajectory) -> None:
        cited(content, number)["target"].update(target)

    return spoil


def change(number: int, at: int = 0, **fields: Any) -> Spoil:
    def spoil(content: Content, _: Trajectory) -> None:
        cited(content, number, at).update(fields)

    return spoil


def hypothesis(rationale: str) -> Spoil:
    def spoil(content: Content, _: Trajectory) -> None:
        of(content, 1).update(kind="hypothesis", rationale=rationale)

    return spoil


def detail(number: int, **details: Any) -> Spoil:
    def spoil(content: Content, _: Trajectory) -> None:
        of(content, number)["details"].update(details)

    return spoil


def other_root_cause(content: Content, plant: Trajectory) -> None:
    content["root_cause"]["citations"] = [cite_file(plant, "base", 1, 1, "README.md")]


def root_cause_elsewhere_in_the_file(content: Content, plant: Trajectory) -> None:
    content["root_cause"]["citations"] = [cite_file(plant, "base", 9, 10)]


def no_code_for_the_root_cause(content: Content, plant: Trajectory) -> None:
    content["root_cause"]["citations"] = []


def second_hunk_left_out(content: Content, plant: Trajectory) -> None:
    of(content, 4)["citations"] = []
    of(content, 4)["details"]["hunks"] = [hunk(0)]


def test_left_out(content: Content, plant: Trajectory) -> None:
    of(content, 5)["details"]["tests"] = [SPEED_UP]
    of(content, 5)["claim"] = "The test passes with the gold patch"
    of(content, 5)["rationale"] = ""
    of(content, 5)["citations"] = []


test_left_out.__test__ = False  # type: ignore[attr-defined]


def gold_where_base_is_claimed(content: Content, plant: Trajectory) -> None:
    of(content, 2)["citations"] = [cite_test(plant, "gold", SPEED_UP)]


def gold_lines_where_base_is_claimed(content: Content, plant: Trajectory) -> None:
    of(content, 1)["claim"] = "At base the smaller of two speeds is taken"
    of(content, 1)["rationale"] = ""
    of(content, 1)["citations"] = [cite_file(plant, "gold", 15, 15)]


def base_lines_where_gold_is_claimed(content: Content, plant: Trajectory) -> None:
    of(content, 1)["claim"] = "At gold the turns are added"
    of(content, 1)["rationale"] = ""
    of(content, 1)["citations"] = [cite_file(plant, "base", 15, 15)]


# Name of the fault: what spoils the good annotation, the check that finds it, severity, words.
FAULTS: dict[str, tuple[Spoil, str, str, str]] = {
    "wrong line": (
        retarget(1, start_line=17, end_line=17),
        "citation-resolves", "block", "The quote stands at plant/motor.py:15 at base",
    ),
    "wrong file": (
        retarget(1, path="plant/__init__.py"), "citation-resolves", "block", "nor does the quote",
    ),
    "no such file": (
        retarget(1, path="plant/moter.py"), "citation-resolves", "block", "There is no file",
    ),
    "quote altered": (
        change(1, quote="        self.turns_per_minute = max(self.turns_per_minute, turns)"),
        "citation-resolves", "block", "Another text stands at plant/motor.py:15",
    ),
    "wrong tree": (
        retarget(1, tree="gold"),
        "citation-resolves", "block", "The quote stands at line 15 of it at base",
    ),
    "hash altered": (
        change(1, content_sha256="1" * 64), "citation-resolves", "block", "Re-anchor",
    ),
    "outcome flipped in a citation": (
        change(2, quote=f"PASSED {SPEED_UP}"), "citation-resolves", "block", "FAILED",
    ),
    "passage of the issue altered": (
        change(1, 1, quote="a motor runs away"), "citation-resolves", "block", "The issue",
    ),
    "symbol misspelt": (
        say(1, "See `turns_per_minut` there."), "name-exists", "block", "turns_per_minute",
    ),
    "word misspelt": (
        say(1, "It has `turrns` in it."), "name-exists", "block", "Is it turns",
    ),
    "method misspelt": (
        say(1, "`Motor.sped_up` compares."), "name-exists", "block", "Is it speed_up",
    ),
    "called without backticks": (
        say(1, "angular_velosity() divides."), "name-exists", "block", "angular_velocity",
    ),
    "name misspelt among words": (
        say(1, "The fault is that angular_velosity divides.", "claim"),
        "name-exists", "block", "angular_velocity",
    ),
    "path misspelt": (
        say(1, "See plant/moter.py."), "name-exists", "block", "Is it plant/motor.py",
    ),
    "path in another folder": (
        say(1, "See `src/motor.py`."), "name-exists", "block", "plant/motor.py",
    ),
    "test misspelt": (
        say(5, "`test_angular_velocty` fails with the model's patch."),
        "name-exists", "block", ANGULAR,
    ),
    "test in the wrong file": (
        say(5, "tests/test_plant.py::test_speed_up shows it."), "name-exists", "block", SPEED_UP,
    ),
    "no such test listed": (
        detail(5, tests=[SPEED_UP, ANGULAR, "tests/test_motor.py::test_stop"]),
        "name-exists", "block", "lists the test tests/test_motor.py::test_stop",
    ),
    "wrong line in the prose": (
        say(1, "Line 18 of motor.py compares."), "line-number-cited", "warn", "plant/motor.py:15",
    ),
    "line beyond the file": (
        say(1, "See plant/motor.py:315."), "line-number-cited", "block", "22 lines at most",
    ),
    "wrong lines without a file": (
        say(1, "Lines 9–11 compare."), "line-number-cited", "warn", "lines 9–11",
    ),
    "hunk left out": (
        second_hunk_left_out, "hunk-explained", "block", "plant/motor.py −19,4 +19,4",
    ),
    "hunk cited but not named": (
        detail(4, hunks=[hunk(0)]), "hunk-explained", "warn", "none names it",
    ),
    "hunk that is not there": (
        detail(4, hunks=[hunk(0), hunk(1, old_start=40)]), "hunk-explained", "block", "−40,4",
    ),
    "test left out": (test_left_out, "test-accounted", "block", ANGULAR),
    "root cause in a file that gold leaves alone": (
        other_root_cause, "root-cause-cited", "block", "README.md",
    ),
    "root cause elsewhere in the file": (
        root_cause_elsewhere_in_the_file, "root-cause-cited", "warn", "other parts",
    ),
    "root cause without code": (
        no_code_for_the_root_cause, "root-cause-cited", "block", "cites no code",
    ),
    "outcome flipped in the prose": (
        say(2, "`test_speed_up` passes at base."), "outcome-agrees", "block", "FAILED",
    ),
    "outcome at gold flipped": (
        say(2, "With the gold patch `test_speed_up` fails."), "outcome-agrees", "block", "PASSED",
    ),
    "outcome of the agent's patch flipped": (
        say(2, "With the agent's patch, `test_angular_velocity` passes."),
        "outcome-agrees", "block", "FAILED",
    ),
    "error claimed where it fails": (
        say(2, "`test_speed_up` errors at base."), "outcome-agrees", "block", "FAILED",
    ),
    "all tests claimed to pass": (
        say(5, "All tests pass with the agent's patch."), "outcome-agrees", "block", ANGULAR,
    ),
    "FAIL_TO_PASS claimed to pass": (
        say(5, "All FAIL_TO_PASS tests pass with the model's patch."),
        "outcome-agrees", "block", ANGULAR,
    ),
    "outcome flipped in the reasons of a hypothesis": (
        hypothesis("`test_speed_up` passes at base."), "outcome-agrees", "block", "FAILED",
    ),
    "wrong number of tests": (
        say(5, "Both of the two fail: 2 FAIL_TO_PASS tests fail with the agent's patch."),
        "outcome-agrees", "block", "it is 1 of 2",
    ),
    "second tree of a claim": (
        say(2, "`test_speed_up` fails at base and with the agent's patch."),
        "outcome-agrees", "block", "PASSED",
    ),
    "patch claimed to resolve": (
        say(5, "The agent's patch resolves the task."), "outcome-agrees", "block", "does not",
    ),
    "gold claimed not to resolve": (
        say(5, "The gold patch does not resolve the issue."), "outcome-agrees", "block", "resolves",
    ),
    "claim against the outcome that is cited": (
        say(2, "`test_speed_up` passes.", "claim"), "outcome-agrees", "block", "cites that it",
    ),
    "outcome of another tree": (
        gold_where_base_is_claimed, "evidence-at-tree", "block", "its evidence is of gold",
    ),
    "base cited for what stands at gold": (
        base_lines_where_gold_is_claimed, "evidence-at-tree", "warn", "its evidence is of base",
    ),
    "lines of another tree": (
        gold_lines_where_base_is_claimed, "evidence-at-tree", "block", "its evidence is of gold",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_with_its_place_and_remedy(plant: Trajectory, fault: str) -> None:
    spoil, check, severity, words = FAULTS[fault]
    content = copy.deepcopy(good(plant))
    spoil(content, plant)
    found = [each for each in told(plant, content) if each[0] == check]
    assert any(each[1] == severity and words in each[2] for each in found), found


# --- what is no fault ------------------------------------------------------------------------

NO_FAULTS = [
    "A new helper `accelerate_gently()` was not written; `os.path.join`, `dict`, `None`, `-1` and "
    "`'turns'` are no names of the plant. So is `pytest -k speed` or `--limit`.",
    "The agent ran `reproduce_1.py` in step 1, which prints -1.",
    "A `stale` value and a `turbine`.",
    "GitHub, JavaScript and the SWE_bench are known; _motor_ is stressed, __speed__ too.",
    "It runs in Node.js, see https://example.org/docs/guide.html, i.e. elsewhere.",
    "`self.turns_per_minute = 0` and `Motor('a').speed_up(10)` are what the issue speaks of.",
    "```python\nmotor.sped_up(3)  # line 99 of motor.py\n```\n",
    "`test_speed_up` would pass at base if `min` were `max`.",
    "The agent believes that all tests pass with its patch.",
    "`test_speed_up` fails before the patch and passes after it.",
    "Line 3 of the output shows the speed; the function is 12 lines long.",
    "Does `test_speed_up` pass at base?",
    "In `plant/` and in `/usr/lib/python3/os.py` nothing is to be done.",
    "Step 12 says that `test_speed_up` passes with the agent's patch.",
    "Of the FAIL_TO_PASS tests, one fails with the agent's patch.",
    "The patch resolves the path of the motor before it starts.",
    "`Motor`s and their `name`: see `plant.motor.Motor`, `tests/test_motor.py` and README.md.",
]


@pytest.mark.parametrize("text", NO_FAULTS)
def test_what_is_right_or_cannot_be_told_blocks_nothing(plant: Trajectory, text: str) -> None:
    content = good(plant)
    of(content, 1)["rationale"] = text
    assert [f for f in told(plant, content) if f[1] == "block"] == []


def test_a_claim_that_no_run_covers_offers_one(plant: Trajectory) -> None:
    Run.objects.filter(tree="model").delete()
    content = good(plant)
    of(content, 5)["rationale"] = "`test_speed_up` passes with the model's patch."
    offers = [f for f in findings(plant, content) if f.check == "outcome-agrees" and f.offer]
    assert {f.offer for f in offers} == {"run:model"}
    assert {f.severity.value for f in offers} == {"warn"}


def test_the_newest_run_counts(plant: Trajectory) -> None:
    make_verdict(plant, "model", {SPEED_UP: "PASSED", ANGULAR: "PASSED"})
    content = good(plant)
    of(content, 2)["rationale"] = "`test_angular_velocity` passes with the agent's patch."
    of(content, 5)["rationale"] = "The agent's patch resolves the task."
    assert told(plant, content) == []


def test_a_root_cause_may_say_why_it_is_elsewhere(plant: Trajectory) -> None:
    content = good(plant)
    other_root_cause(content, plant)
    content["root_cause"]["elsewhere"] = "The text promises what the code never did."
    assert told(plant, content) == []


def test_work_that_was_given_up_need_not_explain_all(plant: Trajectory) -> None:
    content = good(plant)
    second_hunk_left_out(content, plant)
    content["overview"]["exit"] = "gave_up"
    assert {f[1] for f in told(plant, content)} == {"inform"}


def test_the_agents_patch_is_explained_where_that_is_chosen(plant: Trajectory) -> None:
    content = good(plant)
    content["overview"]["explains"] = "model"
    of(content, 4)["details"]["hunks"] = [hunk(0, which="model")]
    assert told(plant, content) == []


# --- executed claims -------------------------------------------------------------------------


def checked(plant: Trajectory, annotator: User, **fields: Any) -> tuple[Content, Content]:
    """Return a good annotation whose experiment holds a check that ran, and that check."""
    statuses = fields.pop("statuses", {SPEED_UP: "FAILED"})
    values = {
        "command": "",
        "test_ids": [SPEED_UP],
        "expectation": {"kind": "tests_fail"},
        "tree": "base",
        **fields,
    }
    probe = make_probe(annotator, plant, **values)
    run = probe.results.get().run
    for test_id, status in statuses.items():
        RunTest.objects.create(run=run, test_id=test_id, group="other", status=status)
    frozen = frozen_probe(StepProbe(probe=Probe.objects.with_results().get(pk=probe.pk)))
    content = good(plant)
    of(content, 2)["probes"] = [frozen]
    return content, frozen


def test_a_check_that_came_out_as_claimed_is_no_finding(plant: Trajectory, annotator: User) -> None:
    assert told(plant, checked(plant, annotator)[0]) == []


PROBE_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "judgement": ({"judgement": "not_as_claimed"}, "judgement"),
    "statuses": ({"statuses": {SPEED_UP: "PASSED"}}, "statuses"),
    "exit code": ({"exit_code": 0}, "exit code"),
}


@pytest.mark.parametrize("fault", PROBE_FAULTS)
def test_a_result_that_is_not_the_runs_is_found(
    plant: Trajectory, annotator: User, fault: str
) -> None:
    content, frozen = checked(plant, annotator)
    fields, words = PROBE_FAULTS[fault]
    frozen["result"].update(fields)
    [found] = [f for f in findings(plant, content) if f.check == "probe-as-claimed"]
    assert found.severity.value == "block" and words in found.message


@pytest.mark.parametrize(
    "fields",
    [{"tree": "gold"}, {"test_ids": [ANGULAR]}, {"expectation": {"kind": "tests_pass"}}],
)
def test_a_check_that_is_another_than_the_one_that_ran_is_found(
    plant: Trajectory, annotator: User, fields: dict[str, Any]
) -> None:
    content, frozen = checked(plant, annotator)
    frozen.update(fields)
    found = [f for f in findings(plant, content) if f.check == "probe-as-claimed"]
    assert [f.severity.value for f in found] == ["block"]


def test_a_claim_that_does_not_hold_may_refute_a_hypothesis(
    plant: Trajectory, annotator: User
) -> None:
    content, _ = checked(
        plant,
        annotator,
        judgement="not_as_claimed",
        expectation={"kind": "tests_pass"},
    )
    step = of(content, 2)

    def severities() -> list[str]:
        found = findings(plant, content)
        return [f.severity.value for f in found if f.check == "probe-as-claimed"]

    step.update(kind="hypothesis", details={"outcome": "refuted"})
    assert severities() == ["inform"]
    step["details"]["outcome"] = "confirmed"
    assert severities() == ["block"]


def test_a_check_of_elsewhere_is_judged_by_what_it_says_of_itself(
    plant: Trajectory, annotator: User
) -> None:
    content, frozen = checked(plant, annotator)
    frozen["uid"] = "0" * 8 + "-0000-0000-0000-" + "0" * 12
    [found] = [f for f in findings(plant, content) if f.check == "probe-as-claimed"]
    assert (found.severity.value, "was not run here" in found.message) == ("warn", True)
    frozen["result"]["statuses"] = {SPEED_UP: "PASSED"}
    [found] = [f for f in findings(plant, content) if f.check == "probe-as-claimed"]
    assert found.severity.value == "block"


# --- before the first diagnosis --------------------------------------------------------------


def test_nothing_is_told_of_gold_or_outcomes_before_the_first_diagnosis(
    plant: Trajectory,
) -> None:
    content = good(plant)
    content["root_cause"]["citations"] = []
    for card in content["reasoning_steps"]:
        card["citations"] = []
        card["details"].pop("hunks", None)
    of(content, 1)["claim"] = "`test_speed_up` passes at base with `LIMITS`"
    report = run_checks(Subject(content, facts_of(plant, is_blind=True)), EVIDENCE_CHECKS)
    assert not report.broken
    checks = {finding.check for finding in report.findings}
    assert checks <= {"root-cause-cited", "name-exists", "line-number-cited"}
    assert not any("gold" in finding.message for finding in report.findings)


def test_queries_do_not_grow_with_the_annotation(plant: Trajectory) -> None:
    def n_queries(content: Content) -> int:
        fresh = Trajectory.objects.select_related(
            "task__repository", "task__current_revision", "task_revision"
        ).get(pk=plant.pk)
        with CaptureQueriesContext(connection) as queries:
            run_checks(Subject(content, facts_of(fresh)), EVIDENCE_CHECKS)
        return len(queries)

    content = good(plant)
    n_queries(content)
    once = n_queries(content)
    content["reasoning_steps"] += [
        {**step, "uid": f"again-{step['uid']}"} for step in content["reasoning_steps"]
    ]
    assert n_queries(content) == once <= 12
