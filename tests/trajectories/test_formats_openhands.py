"""OpenHands: events become steps, whichever generation wrote them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trajectories.classify import classify_step
from trajectories.formats import ParsedTrajectory, UnreadableTrajectory, read_trajectories
from trajectories.formats.openhands import OpenHandsReader

PATCH = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n"
START = "2025-04-30T16:32:57.5"
END = "2025-04-30T16:32:59.5"


def row(*history: Any, **other: Any) -> dict[str, Any]:
    return {
        "instance_id": "a__b-1",
        "metadata": {"agent_class": "CodeActAgent", "llm_config": {"model": "m"}},
        "test_result": {"git_patch": PATCH},
        "metrics": {"accumulated_cost": 0.5},
        "history": list(history),
        **other,
    }


def act(number: int, action: str, source: str = "agent", **args: Any) -> dict[str, Any]:
    return {
        "id": number, "timestamp": START, "source": source, "action": action, "args": args,
    }  # fmt: skip


def saw(cause: int | None, observation: str, content: str, **extras: Any) -> dict[str, Any]:
    event = {
        "timestamp": END, "source": "agent", "observation": observation, "content": content,
        "extras": extras,
    }  # fmt: skip
    return event if cause is None else {**event, "cause": cause}


def read_all(*rows: Any) -> list[ParsedTrajectory]:
    return list(read_trajectories("\n".join(json.dumps(one) for one in rows).encode()))


def read_one(*history: Any, **other: Any) -> ParsedTrajectory:
    (read,) = read_all(row(*history, **other))
    return read


# --- rows --------------------------------------------------------------------------------------


def test_every_row_is_an_attempt_with_its_own_key() -> None:
    first, second = read_all(row(act(1, "run", command="ls")), row(act(1, "finish")))
    assert (first.item_key, second.item_key) == ("line 1", "line 2")
    assert first.instance_id == "a__b-1"
    assert (first.agent_name, first.model_name, first.cost_usd) == ("CodeActAgent", "m", 0.5)
    assert first.model_patch == PATCH
    assert (first.exit_status, second.exit_status) == ("", "finished")


def test_a_row_that_ended_in_an_error_says_so() -> None:
    read = read_one(act(1, "run", command="ls"), error="Stuck in a loop\nTraceback")
    assert read.exit_status == "Stuck in a loop"
    assert read.extra["error"] == "Stuck in a loop\nTraceback"


def test_a_row_without_a_patch_or_a_turn_is_read() -> None:
    read = read_one(test_result={})
    assert (read.model_patch, read.steps) == (None, ())


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ("{", "Line 2 is broken JSON"),
        ('{"history": []}', "Line 2 names no instance id"),
        ("[1]", "Line 2 is not a row"),
        ('{"instance_id": "x", "history": [1]}', r"Line 2: history\[0\] is not an event"),
    ],
)
def test_a_bad_row_refuses_the_file_with_its_line(second: str, reason: str) -> None:
    content = json.dumps(row()) + "\n" + second
    with pytest.raises(UnreadableTrajectory, match=reason):
        read_trajectories(content.encode())


def test_a_line_separator_in_a_text_does_not_end_the_line() -> None:
    text = json.dumps(row(act(1, "message", content="a\u2028b")), ensure_ascii=False)
    first, _ = read_trajectories(f"{text}\n{text}\n".encode())
    assert first.steps[0].thought == "a\u2028b"


# --- V0 ----------------------------------------------------------------------------------------


def test_an_observation_goes_to_the_action_that_caused_it() -> None:
    read = read_one(
        act(5, "run", command="ls", thought="Look."),
        act(6, "read", path="x.py"),
        saw(6, "read", "text"),
        saw(5, "run", "x.py", metadata={"exit_code": 1}),
    )
    first, second = read.steps
    assert first.thought == "Look."
    assert first.tool_calls[0].arguments == {"command": "ls"}
    assert (first.observations[0].content, first.observations[0].exit_code) == ("x.py", 1)
    assert first.duration_seconds == 2
    assert second.observations[0].content == "text"


def test_the_call_is_taken_as_the_model_wrote_it() -> None:
    call = {"id": "c", "function": {"name": "str_replace_editor", "arguments": '{"path": "x"}'}}
    reply = {"choices": [{"message": {"tool_calls": [call], "reasoning_content": "Why?"}}]}
    event = act(1, "edit", path="x", content="", start=1, thought="Edit.") | {
        "tool_call_metadata": {
            "function_name": "str_replace_editor", "tool_call_id": "c", "model_response": reply,
        }
    }  # fmt: skip
    (step,) = read_one(event, saw(1, "edit", "done")).steps
    assert step.tool_calls[0].arguments == {"path": "x"}
    assert step.tool_calls[0].tool_call_id == step.observations[0].tool_call_id == "c"
    assert step.thought == "Why?\n\nEdit."


def test_prompts_and_states_are_no_steps_and_a_later_word_of_the_user_is_kept() -> None:
    read = read_one(
        act(0, "system", content="prompt"),
        act(1, "message", source="user", content="the task"),
        act(2, "recall", source="user", query="x"),
        saw(2, "recall", "knowledge"),
        act(3, "run", command="ls"),
        saw(None, "agent_state_changed", "running"),
        act(4, "message", source="user", content="go on"),
    )
    (step,) = read.steps
    assert [seen.content for seen in step.observations] == ["go on"]


def test_an_error_without_an_action_is_a_step_without_a_call() -> None:
    _, step = read_one(act(1, "run", command="ls"), saw(None, "error", "bad argument")).steps
    assert (step.tool_calls, step.observations[0].content) == ((), "bad argument")


def test_what_a_step_cost_is_what_the_sum_grew_by() -> None:
    steps = read_one(
        act(1, "run", command="ls") | {"llm_metrics": {"accumulated_cost": 0.25}},
        act(2, "run", command="ls") | {"llm_metrics": {"accumulated_cost": 0.75}},
    ).steps
    assert [step.cost_usd for step in steps] == [0.25, 0.5]


def test_what_a_delegate_does_is_marked_until_it_answers() -> None:
    read = read_one(
        act(1, "delegate", agent="Browser", inputs={}),
        act(2, "delegate", agent="Reader", inputs={}),
        act(3, "run", command="ls"),
        saw(None, "delegate", "", outputs={"found": 1}),
        act(4, "run", command="ls"),
        saw(1, "delegate", "done"),
        act(5, "finish"),
    )
    assert [step.extra.get("agent") for step in read.steps] == [
        None,
        {"name": "Browser", "depth": 1},
        {"name": "Reader", "depth": 2},
        {"name": "Browser", "depth": 1},
        None,
    ]
    assert read.steps[1].observations[0].content == '{"found": 1}'
    assert read.steps[0].observations[0].content == "done"


@pytest.mark.parametrize(
    "forgotten",
    [
        {"forgotten_event_ids": [1, 2, 99]},
        {"forgotten_events_start_id": 1, "forgotten_events_end_id": 2},
    ],
)
def test_a_condensation_is_a_step_that_says_how_many_steps_it_replaced(
    forgotten: dict[str, Any],
) -> None:
    step = read_one(
        act(1, "run", command="ls"),
        act(2, "run", command="ls"),
        act(3, "run", command="ls"),
        act(4, "condensation", summary="So far", **forgotten),
    ).steps[-1]
    assert step.thought == "So far"
    assert step.tool_calls == ()
    assert step.extra["condensation"] == {"n_steps": 2, "summary_chars": 6}


def test_pairs_and_flattened_arguments_of_old_rows_are_read() -> None:
    flat = {"action": "run", "command": "ls", "thought": "Look.", "message": "Running"}
    pair = [flat, {"observation": "run", "content": "x.py"}]
    (read,) = read_all({"issue": {}, "git_patch": PATCH, "history": [pair]})
    (step,) = read.steps
    assert step.tool_calls[0].arguments == {"command": "ls"}
    assert step.observations[0].content == "x.py"
    assert read.model_patch == PATCH


def test_an_exported_list_of_events_is_one_attempt() -> None:
    content = json.dumps([act(1, "run", command="ls"), saw(1, "run", "x")]).encode()
    (read,) = read_trajectories(content)
    assert (read.format, read.agent_name, len(read.steps)) == ("openhands-v0", "OpenHands", 1)


# --- V1 ----------------------------------------------------------------------------------------


def v1_action(name: str, **other: Any) -> dict[str, Any]:
    return {
        "kind": "ActionEvent", "id": f"e-{name}", "timestamp": START, "source": "agent",
        "thought": [{"type": "text", "text": "Look."}], "tool_name": name,
        "tool_call_id": f"c-{name}", "action": {"kind": "ExecuteBashAction", "command": "ls"},
        "tool_call": {"arguments": '{"command": "ls"}'}, **other,
    }  # fmt: skip


def v1_answer(name: str, **observation: Any) -> dict[str, Any]:
    return {
        "kind": "ObservationEvent", "timestamp": END, "tool_call_id": f"c-{name}",
        "action_id": f"e-{name}", "observation": {"kind": "X", **observation},
    }  # fmt: skip


def test_v1_events_are_paired() -> None:
    read = read_one(
        v1_action("bash", reasoning_content="Why?"),
        v1_action("other", tool_call=None),
        v1_answer("other", content=[{"type": "text", "text": "blocks"}]),
        v1_answer("bash", output="x.py", metadata={"exit_code": 2}),
    )
    first, second = read.steps
    assert read.format == "openhands-v1"
    assert first.thought == "Why?\n\nLook."
    assert first.tool_calls[0].arguments == second.tool_calls[0].arguments == {"command": "ls"}
    assert (first.observations[0].content, first.observations[0].exit_code) == ("x.py", 2)
    assert second.observations[0].content == "blocks"


def test_a_v1_condensation_counts_the_steps_it_forgot() -> None:
    forgotten = {"kind": "Condensation", "summary": "So far", "forgotten_event_ids": ["e-a", "z"]}
    step = read_one(v1_action("a"), v1_answer("a", output="x"), forgotten).steps[-1]
    assert step.thought == "So far"
    assert step.extra["condensation"] == {"n_steps": 1, "summary_chars": 6}


def test_a_v1_error_answers_its_call_and_an_unknown_event_is_shown() -> None:
    error = {"kind": "AgentErrorEvent", "tool_call_id": "c-a", "error": "bad argument"}
    (step,) = read_one(v1_action("a"), error, {"kind": "NewEvent", "x": 1}).steps
    assert [seen.content for seen in step.observations] == [
        "bad argument",
        '{"kind": "NewEvent", "x": 1}',
    ]


# --- anything at all ---------------------------------------------------------------------------

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)
KINDS = (
    "run",
    "delegate",
    "condensation",
    "message",
    "ActionEvent",
    "Condensation",
    "MessageEvent",
)
KEYS = (
    "id", "cause", "args", "extras", "content", "observation", "tool_call_metadata", "timestamp",
    "llm_metrics", "source", "tool_call", "thought", "action_id", "llm_message", "summary",
    "forgotten_event_ids",
)  # fmt: skip
events = st.dictionaries(st.sampled_from(KEYS), values, max_size=5)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(KINDS), events), max_size=4),
    st.dictionaries(st.sampled_from(["metadata", "metrics", "test_result", "error"]), values),
)
def test_a_row_with_any_values_is_read(
    drawn: list[tuple[str, dict[str, Any]]], other: dict[str, Any]
) -> None:
    key = {True: "kind", False: "action"}
    history = [{**event, key[kind[0].isupper()]: kind} for kind, event in drawn]
    (read,) = OpenHandsReader().read({**row(), **other, "history": history})
    assert all(classify_step(step).summary for step in read.steps)
