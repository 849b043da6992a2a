"""What is said of the trajectory's steps, and of runs, against what they are."""

from __future__ import annotations

from collections.abc import Iterator

from bench_checks.faults.base import Card, Good, Spoilt, at, each_step, kind, new_uid

_TOLD = ("observation", "experiment", "verification")


def _add(step: Card, sentence: str) -> None:
    step["rationale"] = f"{step['rationale']} {sentence}".strip()


def _telling(good: Good, sentence: str) -> Iterator[Spoilt]:
    """Yield a copy with the sentence in the rationale of one step."""
    copies = list(each_step(good, *_TOLD))
    if copies:
        content, step = good.rng.choice(copies)
        _add(step, sentence)
        yield at(content, step, "rationale")


# --- sentences about the agent --------------------------------------------------------------------


@kind("says that the agent never ran tests")
def never_ran_tests(good: Good) -> Iterator[Spoilt]:
    if any(step.ran_tests for step in good.material.steps):
        yield from _telling(good, "The agent never ran the tests.")
        yield from _telling(good, "No tests were run by the agent.")


@kind("says that a step ran tests that did not")
def ran_tests_in(good: Good) -> Iterator[Spoilt]:
    idle = [step.number for step in good.material.steps if step.kind in ("read", "search")]
    if idle:
        yield from _telling(good, f"In step {good.rng.choice(idle)} the agent ran the tests.")


@kind("says that only one file was edited")
def only_edited(good: Good) -> Iterator[Spoilt]:
    paths = sorted(path for path in good.material.patched["model"] if path in good.material.files)
    if len(paths) > 1:
        yield from _telling(good, f"The agent edited only `{paths[0]}`.")


@kind("says that an edited file was never touched")
def never_touched(good: Good) -> Iterator[Spoilt]:
    paths = sorted(path for path in good.material.patched["model"] if path in good.material.files)
    for path in paths[:2]:
        yield from _telling(good, f"The agent never touched `{path}`.")


@kind("says that a step edited that did not")
def edited_in(good: Good) -> Iterator[Spoilt]:
    idle = [step.number for step in good.material.steps if step.kind in ("read", "search")]
    paths = sorted(path for path in good.material.patched["model"] if path in good.material.files)
    if idle and paths:
        number = good.rng.choice(idle)
        yield from _telling(good, f"In step {number} the agent edited `{paths[0]}`.")


@kind("says that the gold patch changes one file only")
def gold_only(good: Good) -> Iterator[Spoilt]:
    paths = sorted(path for path in good.material.patched["gold"] if path in good.material.files)
    if paths and len(good.material.patched["gold"]) > 1:
        yield from _telling(good, f"The gold patch changes only `{paths[0]}`.")


@kind("step number in the text out of range")
def number_out_of_range(good: Good) -> Iterator[Spoilt]:
    number = len(good.material.steps) + good.rng.randint(1, 20)
    yield from _telling(good, f"Step {number} prints the same.")


@kind("length of the trajectory wrong")
def wrong_length(good: Good) -> Iterator[Spoilt]:
    number = len(good.material.steps) + good.rng.randint(3, 20)
    yield from _telling(good, f"The trajectory has {number} steps.")


# --- fields about the agent -----------------------------------------------------------------------


@kind("covered step out of range")
def covers_out_of_range(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good):
        step["covers"] = [*step["covers"], len(good.material.steps) + good.rng.randint(1, 9)]
        yield at(content, step, "covers")


@kind("judged step out of range")
def judged_out_of_range(good: Good) -> Iterator[Spoilt]:
    content = good.copy()
    number = len(good.material.steps) + 4
    judged = {"judgement": "neutral", "misstep": "", "should_have": "", "is_decisive": False}
    content["judgements"].append({"step": number, **judged})
    yield Spoilt(content, (f"/judgements/{number}",))


@kind("misstep without a remedy")
def no_remedy(good: Good) -> Iterator[Spoilt]:
    yield from _misjudged(good, should_have="")


@kind("misstep without a kind")
def no_kind(good: Good) -> Iterator[Spoilt]:
    yield from _misjudged(good, misstep="")


@kind("misstep of an unknown kind")
def unknown_kind(good: Good) -> Iterator[Spoilt]:
    yield from _misjudged(good, misstep="not-thought-through")


def _misjudged(good: Good, **changes: str) -> Iterator[Spoilt]:
    described = {"misstep": "wrong-cause", "should_have": "Read the function that it calls."}
    for number, row in enumerate(good.content["judgements"]):
        if row["judgement"] == "misstep" or number == 0:
            content = good.copy()
            told = described if row["judgement"] != "misstep" else {}
            content["judgements"][number].update(judgement="misstep", **{**told, **changes})
            yield Spoilt(content, (f"/judgements/{row['step']}",))


@kind("dead end that costs more than the trajectory")
def costs_too_much(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "dead_end"):
        step["details"]["cost_steps"] = len(good.material.steps) + good.rng.randint(1, 30)
        yield at(content, step, "cost_steps")


@kind("dead end visible from a step that is not there")
def visible_out_of_range(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "dead_end"):
        step["details"]["visible_from"] = len(good.material.steps) + good.rng.randint(1, 30)
        yield at(content, step, "visible_from")


@kind("experiment that stands on steps that ran nothing")
def stands_on_reading(good: Good) -> Iterator[Spoilt]:
    idle = [step.number for step in good.material.steps if step.kind in ("read", "search")]
    for content, step in each_step(good, "experiment"):
        cited = [c for c in step["citations"] if c["kind"] not in ("observation", "tool_call")]
        if idle and step["details"]["stands_on"] == "trajectory":
            step["covers"] = idle[:1]
            step["citations"] = [c for c in cited if c["kind"] != "thought"]
            yield at(content, step, "stands_on")


# --- outcomes -------------------------------------------------------------------------------------


@kind("test outcome flipped", needs_runs=True)
def outcome_flipped(good: Good) -> Iterator[Spoilt]:
    for tree, name in (("gold", "with the gold patch"), ("base", "at base")):
        known = good.material.outcomes.get(tree, {})
        tests = [test for test in good.material.fail_to_pass if "[" not in test and test in known]
        if tests:
            test = good.rng.choice(tests)
            verb = "fails" if known[test] == "PASSED" else "passes"
            yield from _telling(good, f"`{test}` {verb} {name}.")


@kind("outcome of all FAIL_TO_PASS tests flipped", needs_runs=True)
def all_flipped(good: Good) -> Iterator[Spoilt]:
    if good.material.outcomes.get("gold"):
        yield from _telling(good, "All FAIL_TO_PASS tests fail with the gold patch.")
        yield from _telling(good, "All FAIL_TO_PASS tests pass at base.")


@kind("verdict on the agent's patch flipped", needs_runs=True)
def verdict_flipped(good: Good) -> Iterator[Spoilt]:
    if good.material.resolved is not None:
        verb = "does not resolve" if good.material.resolved else "resolves"
        yield from _telling(good, f"The agent's patch {verb} the task.")


@kind("check not as claimed")
def not_as_claimed(good: Good) -> Iterator[Spoilt]:
    yield from _with_probe(good, "not_as_claimed", "FAILED")


@kind("check called as claimed whose run says otherwise")
def not_borne_out(good: Good) -> Iterator[Spoilt]:
    yield from _with_probe(good, "as_claimed", "FAILED")


def _with_probe(good: Good, judgement: str, status: str) -> Iterator[Spoilt]:
    for content, step in each_step(good, "observation", "verification"):
        test_id, uid = good.material.fail_to_pass[0], new_uid(good.rng)
        step["probes"].append(
            {
                "uid": uid,
                "tree": "gold",
                "with_test_patch": True,
                "extra_patch": "",
                "command": "",
                "test_ids": [test_id],
                "expectation": {"kind": "tests_pass"},
                "result": {
                    "run": 1,
                    "judgement": judgement,
                    "reason": f"{test_id} {status}.",
                    "outcome": "ran",
                    "exit_code": 1,
                    "statuses": {test_id: status},
                    "recipe_digest": None,
                    "environment_key": "",
                    "tested_tree": "",
                    "sandbox": "bubblewrap",
                    "finished_at": "2026-11-23T12:00:00.000000Z",
                },
            }
        )
        yield Spoilt(content, (f"{step['uid']}/probes/{uid}",))
