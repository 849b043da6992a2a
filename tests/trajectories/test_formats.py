from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.classify import classify_step
from trajectories.formats import UnreadableTrajectory, read_trajectories
from trajectories.formats.atif import AtifReader
from trajectories.formats.base import Observation, ParsedTrajectory

PATCH = "\ndiff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n"


def read_one(document: Any) -> ParsedTrajectory:
    (trajectory,) = read_trajectories(json.dumps(document).encode())
    return trajectory


def swe_agent(*items: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {
        "environment": "swe_main",
        "trajectory": list(items),
        "history": [],
        "info": {"exit_status": "submitted", "submission": PATCH},
        **other,
    }


def item(action: str, observation: str = "ok", **other: Any) -> dict[str, Any]:
    return {"action": action, "observation": observation, "thought": "t", **other}


def mini(*messages: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {
        "trajectory_format": "mini-swe-agent-1.1",
        "instance_id": "a__b-1",
        "info": {"exit_status": "Submitted", "submission": PATCH},
        "messages": [{"role": "system", "content": "prompt"}, *messages],
        **other,
    }


# --- SWE-agent ---------------------------------------------------------------------------------


def test_an_action_that_is_only_text_becomes_one_call() -> None:
    trajectory = read_one(swe_agent(item("edit 1:2\nx\nend_of_edit\n"), item("ls -a")))
    calls = [call for step in trajectory.steps for call in step.tool_calls]
    assert [call.function_name for call in calls] == ["edit", "bash"]
    assert calls[0].arguments == {"command": "edit 1:2\nx\nend_of_edit\n"}


def test_structured_calls_are_taken_from_history_in_order() -> None:
    history = [
        {"role": "assistant", "action": "ls", "is_demo": True, "tool_calls": [call("demo", {})]},
        {"role": "assistant", "action": "bad", "tool_calls": [call("rejected", {})]},
        {"role": "assistant", "action": "ls", "tool_calls": [call("bash", {"command": "ls"})]},
    ]
    (step,) = read_one(swe_agent(item("ls"), history=history)).steps
    assert step.tool_calls[0].arguments == {"command": "ls"}
    assert step.tool_calls[0].tool_call_id == step.observations[0].tool_call_id == "id-bash"


def call(name: str, arguments: Any) -> dict[str, Any]:
    return {"id": f"id-{name}", "function": {"name": name, "arguments": json.dumps(arguments)}}


def test_broken_arguments_are_kept_as_text() -> None:
    broken = {"id": "1", "function": {"name": "bash", "arguments": '{"command": "ls'}}
    history = [{"role": "assistant", "action": "ls", "tool_calls": [broken]}]
    (step,) = read_one(swe_agent(item("ls"), history=history)).steps
    assert step.tool_calls[0].arguments == '{"command": "ls'


def test_copies_of_the_prompt_in_a_step_are_not_read() -> None:
    copies = {
        "messages": [{"role": "user", "content": "secret prompt"}],
        "query": ["secret prompt"],
    }
    trajectory = read_one(swe_agent(item("ls", **copies)))
    assert "secret prompt" not in repr(trajectory)


def test_the_note_of_a_spent_budget_is_a_step_without_a_call() -> None:
    trajectory = read_one(swe_agent(item("ls"), item("exit_cost", "Exited (autosubmitted)")))
    assert trajectory.steps[-1].tool_calls == ()
    assert trajectory.steps[-1].observations[0].content == "Exited (autosubmitted)"


def test_a_missing_patch_is_not_an_empty_patch() -> None:
    info: dict[str, Any] = {"exit_status": "exit_cost"}
    assert read_one(swe_agent(item("ls"), info=info)).model_patch is None
    assert read_one(swe_agent(item("ls"), info={**info, "submission": ""})).model_patch == ""


def test_a_patch_keeps_every_byte_and_its_leading_newline() -> None:
    assert read_one(swe_agent(item("ls"))).model_patch == PATCH


def test_a_flag_that_was_handed_in_is_no_patch() -> None:
    trajectory = read_one(swe_agent(item("ls"), info={"submission": "FLAG{x}"}))
    assert trajectory.model_patch is None
    assert trajectory.extra["submission"] == "FLAG{x}"


def test_cost_is_the_cost_of_this_run_and_zero_is_unknown() -> None:
    stats = {"total_cost": 135.83, "instance_cost": 0.48}
    assert read_one(swe_agent(item("ls"), info={"model_stats": stats})).cost_usd == 0.48
    stats["instance_cost"] = 0
    assert read_one(swe_agent(item("ls"), info={"model_stats": stats})).cost_usd is None


def test_the_environment_names_the_instance_unless_it_is_a_default_name() -> None:
    assert read_one(swe_agent(item("ls"), environment="a__b.1.pr_2")).instance_id == "a__b.1.pr_2"
    assert read_one(swe_agent(item("ls"), environment="main")).instance_id == ""


def test_the_model_is_found_in_a_replay_configuration_held_as_text() -> None:
    replay = json.dumps({"agent": {"model": {"name": "gpt-4o"}}})
    assert read_one(swe_agent(item("ls"), replay_config=replay)).model_name == "gpt-4o"


def test_a_run_without_turns_and_an_action_without_observation_are_read() -> None:
    assert read_one(swe_agent()).steps == ()
    (step,) = read_one(swe_agent({"action": "ls", "thought": ""})).steps
    assert step.observations == ()


# --- mini-swe-agent ----------------------------------------------------------------------------


def test_an_observation_is_taken_out_of_its_frame() -> None:
    reply = {"role": "assistant", "content": "THOUGHT: look\n\n```bash\nls\n```"}
    frame = "<returncode>2</returncode>\n<output>\nno such file\n</output>"
    (step,) = read_one(mini(reply, {"role": "user", "content": frame})).steps
    assert step.thought == "look"
    assert step.tool_calls[0].arguments == {"command": "ls"}
    assert step.observations[0].content == "no such file\n"
    assert step.observations[0].exit_code == 2


def test_a_shortened_observation_keeps_its_frame() -> None:
    frame = "<returncode>0</returncode>\n<output_head>\na</output_head>\n9 characters elided"
    reply = {"role": "assistant", "content": "```bash\nls\n```"}
    (step,) = read_one(mini(reply, {"role": "user", "content": frame})).steps
    assert step.observations[0].content == frame
    assert step.observations[0].exit_code == 0


def test_several_calls_of_a_reply_keep_their_own_answers() -> None:
    reply = {
        "role": "assistant",
        "content": "",
        "tool_calls": [call("bash", {"command": "a"}), call("read", {"command": "b"})],
        "extra": {"timestamp": 100.0, "cost": 0.25},
    }
    answers = [
        {"role": "tool", "tool_call_id": f"id-{name}", "content": name, "extra": {"timestamp": 103}}
        for name in ("read", "bash")
    ]
    (step,) = read_one(mini(reply, *answers)).steps
    assert [observation.tool_call_id for observation in step.observations] == ["id-read", "id-bash"]
    assert step.duration_seconds == 3
    assert step.cost_usd == 0.25
    assert step.timestamp == "1970-01-01T00:01:40.000+00:00"


def test_reasoning_stands_in_for_an_empty_content() -> None:
    reply = {"role": "assistant", "content": "", "reasoning_content": "hm", "tool_calls": []}
    assert read_one(mini(reply)).steps[0].thought == "hm"


def test_the_exit_message_is_no_turn() -> None:
    crash = {"role": "exit", "content": "boom", "extra": {"exit_status": "Timeout"}}
    trajectory = read_one(mini(crash, info={}))
    assert trajectory.steps == ()
    assert trajectory.exit_status == "Timeout"
    assert trajectory.extra["exit_message"] == "boom"


def test_a_repaired_patch_is_preferred_and_the_other_kept() -> None:
    end = {"role": "exit", "content": "x", "extra": {"submission": "diff --git a/y b/y\n"}}
    trajectory = read_one(mini(end))
    assert trajectory.model_patch == PATCH
    assert trajectory.extra["submission_at_exit"] == "diff --git a/y b/y\n"


def test_the_oldest_form_is_a_bare_list_whose_last_output_is_the_patch() -> None:
    final = "```bash\necho COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && git diff\n```"
    trajectory = read_one(
        [
            {"role": "user", "content": "fix it"},
            {"role": "assistant", "content": final},
            {"role": "user", "content": PATCH},
        ]
    )
    assert trajectory.format == "mini-swe-agent"
    assert len(trajectory.steps) == 1
    assert trajectory.model_patch == PATCH


# --- files that are not read -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The file is empty."),
        (b"  \n", "The file is empty."),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\xff\xfe{\x00", "UTF-16"),
        (b"PK\x03\x04 header.json", "ZIP"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS"),
        (b'{"trajectory": [', "broken"),
        (b"42", "single JSON value"),
        (b'{"a": 1}', "no trajectory format that Retrace knows"),
        (b'{"schema_version": "ATIF-v9", "steps": []}', "an ATIF trajectory"),
        (b'{"history": []}', "demonstration"),
        (b'{"attempts": [], "info": {}}', "retry run"),
        (b'{"history": [], "instance_id": "x"}\n{"history": []}\n', "Line 2 names no"),
        (b'[{"instance_id": "x", "model_patch": ""}]', "predictions"),
        (b'[{"role": "user", "content": "hi"}]', "chat messages"),
        (b"diff --git a/x b/x\n", "bare patch"),
        (b"# notes\n", "Markdown"),
        (b"\x00\x01\x02", "no trajectory format that Retrace knows"),
        (b'{"trajectory": [1], "info": {}}', "trajectory[0] of this SWE-agent file"),
        (b'{"trajectory_format": "mini-swe-agent-1"}', "no list of messages"),
        (b'{"trajectory_format": "mini-swe-agent-1", "messages": ["x"]}', "messages[0]"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_not_read_is_named(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableTrajectory, match=re.escape(reason)):
        read_trajectories(content)


def test_a_byte_order_mark_and_bytes_that_are_no_utf8_do_not_cost_the_run() -> None:
    content = b"\xef\xbb\xbf" + json.dumps(swe_agent(item("ls", "O"))).encode()
    (trajectory,) = read_trajectories(content.replace(b'"O"', b'"\xe9"'))
    assert trajectory.steps[0].observations[0].content == "\ufffd"


def test_lone_surrogates_nan_and_duplicate_keys_are_survived() -> None:
    content = (
        b'{"trajectory": [{"action": "ls", "action": "pwd", "observation": "\\ud800\\u0000",'
        b' "execution_time": NaN}], "info": {}}'
    )
    (trajectory,) = read_trajectories(content)
    assert trajectory.steps[0].duration_seconds is None
    assert trajectory.steps[0].tool_calls[0].arguments == {"command": "pwd"}


# --- ATIF ---------------------------------------------------------------------------------------


def atif(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    agent = {"name": "terminus-2", "version": "2", "model_name": "m"}
    return {"schema_version": "ATIF-v1.7", "agent": agent, "steps": list(steps), **more}


def turn(message: str, **more: Any) -> dict[str, Any]:
    return {"step_id": 1, "source": "agent", "message": message, **more}


def test_atif_s_turns_of_the_agent_are_steps_with_their_observations() -> None:
    call = {
        "tool_call_id": "c1",
        "function_name": "bash_command",
        "arguments": {"keystrokes": "ls\n"},
    }
    result = {"source_call_id": "c1", "content": "a.py"}
    read = read_one(
        atif(
            {"step_id": 1, "source": "user", "message": "Do it."},
            turn("Look.", reasoning_content="Why?", tool_calls=[call], metrics={"cost_usd": 0.25},
                 observation={"results": [result]}, timestamp="2026-01-01T00:00:00Z"),
            final_metrics={"total_cost_usd": 0.5},
        )
    )  # fmt: skip
    (step,) = read.steps
    assert (read.agent_name, read.model_name, read.cost_usd) == ("terminus-2", "m", 0.5)
    assert step.thought == "Why?\n\nLook."
    assert step.observations == (Observation("a.py", "c1"),)
    assert (step.cost_usd, step.timestamp) == (0.25, "2026-01-01T00:00:00Z")
    assert classify_step(step).summary == "ls"


def test_atif_s_embedded_sub_agents_stand_after_the_step_that_calls_them() -> None:
    child = atif(turn("inner"), trajectory_id="t1")
    child["agent"] = {"name": "explorer", "version": "1"}
    ref = {"results": [{"subagent_trajectory_ref": [{"trajectory_id": "t1"}]}]}
    read = read_one(
        atif(turn("outer", observation=ref), turn("end"), subagent_trajectories=[child])
    )
    assert [(step.thought, step.extra.get("agent")) for step in read.steps] == [
        ("outer", None),
        ("inner", {"name": "explorer", "depth": 1}),
        ("end", None),
    ]


def test_atif_s_sub_agent_in_another_file_is_named() -> None:
    ref = {"results": [{"subagent_trajectory_ref": {"trajectory_path": "other.json"}}]}
    (step,) = read_one(atif(turn("outer", observation=ref))).steps
    assert "other.json" in step.observations[0].content
    assert step.extra["elsewhere"] == ["other.json"]


def test_atif_s_context_summary_is_a_condensation() -> None:
    ref = {"results": [{"content": "So far", "subagent_trajectory_ref": [{"session_id": "s"}]}]}
    system = {"step_id": 2, "source": "system", "message": "Performed context summarization",
              "observation": ref}  # fmt: skip
    read = read_one(
        atif(turn("one"), system, {"source": "system", "message": "other"}, turn("two"))
    )
    assert [step.extra.get("condensation") for step in read.steps] == [
        None,
        {"n_steps": None, "summary_chars": 6},
        None,
    ]


def test_atif_that_embeds_itself_ends() -> None:
    ref = {"results": [{"subagent_trajectory_ref": [{"trajectory_id": "t"}]}]}
    document = atif(turn("x", observation=ref), trajectory_id="t")
    document["subagent_trajectories"] = [document]
    reader = AtifReader()
    (read,) = reader.read(document)
    assert len(read.steps) < 10


@pytest.mark.parametrize("steps", [["x"], [None]])
def test_atif_with_odd_steps_is_refused_with_their_place(steps: list[Any]) -> None:
    with pytest.raises(UnreadableTrajectory, match=r"steps\[0\]"):
        read_one(atif(*steps))


# --- anything at all ---------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
STEP_KEYS = ("action", "observation", "thought", "response", "state", "execution_time")
MESSAGE_KEYS = ("role", "content", "tool_calls", "extra", "tool_call_id", "reasoning_content")
roles = st.sampled_from(["assistant", "user", "tool", "exit", "system"])


@given(
    st.lists(st.dictionaries(st.sampled_from(STEP_KEYS), json_values), max_size=4),
    st.dictionaries(
        st.sampled_from(["history", "info", "environment", "replay_config"]), json_values
    ),
)
def test_a_swe_agent_file_with_any_values_is_read_or_refused(
    items: list[dict[str, Any]], other: dict[str, Any]
) -> None:
    assert_read_or_refused({"info": {}, **other, "trajectory": items}, len(items))


@given(
    st.lists(
        st.tuples(roles, st.dictionaries(st.sampled_from(MESSAGE_KEYS), json_values)), max_size=4
    ),
    json_values,
)
def test_a_mini_swe_agent_file_with_any_values_is_read_or_refused(
    drawn: list[tuple[str, dict[str, Any]]], info: Any
) -> None:
    messages = [{**message, "role": role} for role, message in drawn]
    n_steps = sum(role == "assistant" for role, _ in drawn)
    assert_read_or_refused(
        {"trajectory_format": "mini-swe-agent-9", "info": info, "messages": messages}, n_steps
    )


def assert_read_or_refused(document: dict[str, Any], n_steps: int) -> None:
    trajectory = read_one(document)
    assert len(trajectory.steps) == n_steps
    for step in trajectory.steps:
        assert classify_step(step).summary


@pytest.mark.parametrize("role", [{}, [], None])
def test_a_list_of_messages_of_an_odd_role_is_refused(role: Any) -> None:
    with pytest.raises(UnreadableTrajectory):
        read_trajectories(json.dumps([{"role": role, "content": "```\nls\n```"}]).encode())
