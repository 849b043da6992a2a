"""Chains and fields that lack what they need."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from bench_checks.faults.base import (
    Content,
    Good,
    Spoilt,
    at,
    cards,
    each_step,
    kind,
    new_uid,
    steps_of,
)

# --- hunks and tests ------------------------------------------------------------------------------


@kind("hunk left out")
def hunk_left_out(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "change"):
        hunks = step["details"]["hunks"]
        if hunks:
            left_out = hunks.pop(good.rng.randrange(len(hunks)))
            _forget(content, left_out["path"])
            yield Spoilt(content, ("/hunks/",))


@kind("change step left out")
def change_left_out(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "change"):
        if step["details"]["hunks"]:
            content["reasoning_steps"].remove(step)
            for hunk in step["details"]["hunks"]:
                _forget(content, hunk["path"])
            yield Spoilt(content, ("/hunks/",))


@kind("waiver without a reason")
def waiver_without_reason(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "decision"):
        step["options"] = step["options"][:1]
        place = f"{step['uid']}/options/"
        content["waivers"].append({"check": "decision-shape", "place": place, "reason": " "})
        yield at(content, step, "options")


def _forget(content: Content, path: str) -> None:
    """Take citations of a file out of the changes: a cited hunk counts as explained."""
    for step in content["reasoning_steps"]:
        if step["kind"] == "change":
            step["citations"] = [
                citation for citation in step["citations"] if citation["target"].get("path") != path
            ]


@kind("hunk that does not exist")
def unknown_hunk(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "change"):
        for hunk in step["details"]["hunks"][:1]:
            hunk["new_start"] += 500
            hunk["old_start"] += 500
            yield at(content, step, "hunks")


@kind("hunk of a file that is not in the patch")
def hunk_of_another_file(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "change"):
        for hunk in step["details"]["hunks"][:1]:
            others = set(good.material.files) - good.material.patched[hunk["which"]]
            hunk["path"] = good.rng.choice(sorted(others))
            yield at(content, step, "hunks")


@kind("FAIL_TO_PASS test left out")
def test_left_out(good: Good) -> Iterator[Spoilt]:
    for test_id in good.material.fail_to_pass:
        content = good.copy()
        if _leave_out(content, [test_id]):
            yield Spoilt(content, (f"/tests/{test_id}",))


@kind("all tests left out")
def tests_left_out(good: Good) -> Iterator[Spoilt]:
    content = good.copy()
    if _leave_out(content, good.material.fail_to_pass):
        yield Spoilt(content, ("/tests/",))


def _leave_out(content: Content, test_ids: Sequence[str]) -> bool:
    """Take tests out of all verifications; false where a text or a citation has them still."""
    for step in steps_of(content, "verification"):
        tests = step["details"]["tests"]
        step["details"]["tests"] = [test for test in tests if test not in test_ids]
    names = {test_id.partition("::")[2].partition("[")[0] for test_id in test_ids}
    left = json.dumps([[card, card["citations"]] for card in cards(content)])
    return "FAIL_TO_PASS" not in left and not any(name in left for name in names)


# --- decisions ------------------------------------------------------------------------------------


@kind("decision without alternative")
def no_alternative(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "decision"):
        step["options"] = [option for option in step["options"] if option["chosen"]]
        yield at(content, step, "options")


@kind("rejected options without reason")
def no_reason_against(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "decision"):
        for option in step["options"]:
            option["against"] = ""
        yield at(content, step, "options")


@kind("chosen option without reason")
def no_reason_for(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "decision"):
        for option in step["options"]:
            option["for"] = "  "
        yield at(content, step, "options")


@kind("two options chosen")
def two_chosen(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "decision"):
        for option in step["options"]:
            option["chosen"] = True
        yield at(content, step, "options")


@kind("no option chosen")
def none_chosen(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "decision"):
        for option in step["options"]:
            option["chosen"] = False
        yield at(content, step, "options")


@kind("decision without a question")
def no_question(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "decision"):
        step["details"]["question"] = ""
        yield at(content, step, "question")


# --- hypotheses -----------------------------------------------------------------------------------


@kind("hypothesis without an outcome")
def no_outcome(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "hypothesis"):
        step["details"]["outcome"] = ""
        yield at(content, step, "outcome")


@kind("hypothesis settled by nothing")
def settled_by_nothing(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "hypothesis"):
        if step["details"]["outcome"] in ("confirmed", "refuted"):
            step["details"]["settled_by"] = ""
            yield at(content, step, "settled_by")


@kind("hypothesis settled by an earlier step")
def settled_earlier(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "hypothesis"):
        first = content["reasoning_steps"][0]
        if first is not step and step["details"]["outcome"] in ("confirmed", "refuted"):
            step["details"]["settled_by"] = first["uid"]
            yield at(content, step, "settled_by")


@kind("hypothesis settled by itself or by no step")
def settled_by_no_step(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "hypothesis"):
        uid = good.rng.choice([step["uid"], new_uid(good.rng)])
        step["details"].update(outcome=step["details"]["outcome"] or "refuted", settled_by=uid)
        yield at(content, step, "settled_by")


@kind("outcome of a hypothesis flipped")
def outcome_flipped(good: Good) -> Iterator[Spoilt]:
    flipped = {"confirmed": "refuted", "refuted": "confirmed"}
    for content, step in each_step(good, "hypothesis"):
        details = step["details"]
        settling = next(
            (s for s in content["reasoning_steps"] if s["uid"] == details["settled_by"]), None
        )
        if settling and any(
            relation["to"] == step["uid"] and relation["type"] in ("supports", "refutes")
            for relation in settling["relations"]
        ):
            details["outcome"] = flipped[details["outcome"]]
            yield at(content, step, "outcome", "settled_by")


# --- the chain ------------------------------------------------------------------------------------


@kind("chain without a verification")
def no_verification(good: Good) -> Iterator[Spoilt]:
    content = good.copy()
    if content["overview"]["exit"] not in ("solved", ""):
        return
    content["reasoning_steps"] = [
        step for step in content["reasoning_steps"] if step["kind"] != "verification"
    ]
    yield Spoilt(content, ("/steps",))


@kind("chain that goes on after its verification")
def goes_on(good: Good) -> Iterator[Spoilt]:
    content = good.copy()
    if content["reasoning_steps"][-1]["kind"] == "verification":
        first = content["reasoning_steps"].pop(0)
        content["reasoning_steps"].append(first)
        yield Spoilt(content, ("/steps",))


@kind("dangling relation")
def dangling_relation(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good):
        step["relations"].append({"type": "supports", "to": new_uid(good.rng)})
        yield at(content, step, "relations")


@kind("relation to itself")
def relation_to_itself(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good):
        step["relations"].append({"type": "supports", "to": step["uid"]})
        yield at(content, step, "relations")


@kind("steps that support each other")
def circle(good: Good) -> Iterator[Spoilt]:
    content = good.copy()
    one, other = content["reasoning_steps"][:2]
    for step, to in ((one, other), (other, one)):
        step["relations"] = [{"type": "supports", "to": to["uid"]}]
    yield Spoilt(content, (f"{one['uid']}/relations", f"{other['uid']}/relations"))


@kind("step without a claim")
def no_claim(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good):
        step["claim"] = ""
        yield at(content, step, "claim")


@kind("experiment that stands on nothing")
def stands_on_nothing(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "experiment"):
        step["details"]["stands_on"] = ""
        yield at(content, step, "stands_on")


@kind("experiment that stands on a check that is not there")
def stands_on_no_probe(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "experiment"):
        step["details"]["stands_on"] = "probe"
        step["probes"] = []
        yield at(content, step, "stands_on")


@kind("change or dead end without its why")
def no_why(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "change", "dead_end", "verification"):
        step["rationale"] = ""
        yield at(content, step, "rationale")


@kind("dead end that does not say what was right")
def no_instead(good: Good) -> Iterator[Spoilt]:
    for content, step in each_step(good, "dead_end"):
        step["details"]["instead"] = ""
        yield at(content, step, "instead")


# --- the whole ------------------------------------------------------------------------------------


@kind("no root cause")
def no_root_cause(good: Good) -> Iterator[Spoilt]:
    content = good.copy()
    if content["root_cause"] and content["overview"]["task_kind"] in ("bug_fix", "edge_case"):
        content["root_cause"] = None
        yield Spoilt(content, ("/root_cause",))


@kind("exit without reason")
def exit_without_reason(good: Good) -> Iterator[Spoilt]:
    for ended in ("bad_task", "gave_up"):
        content = good.copy()
        content["overview"].update(exit=ended, exit_reason="")
        yield Spoilt(content, ("/exit", "/overview"))


@kind("no exit")
def no_exit(good: Good) -> Iterator[Spoilt]:
    content = good.copy()
    content["overview"]["exit"] = ""
    yield Spoilt(content, ("/exit", "/overview"))


@kind("score without reason")
def score_without_reason(good: Good) -> Iterator[Spoilt]:
    for name in ("well_specified", "tests_fair"):
        content = good.copy()
        content["overview"][name] = {"score": 2, "reason": ""}
        yield Spoilt(content, (f"/{name}", f"/overview/{name}"))


@kind("field of the whole left empty")
def field_left_empty(good: Good) -> Iterator[Spoilt]:
    for name in ("task_kind", "difficulty", "strategy"):
        content = good.copy()
        content["overview"][name] = ""
        yield Spoilt(content, (f"/{name}", "/overview"))
