"""Claude Code: records become replies, wherever sub-agents and compactions stand between them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trajectories.classify import classify_step
from trajectories.formats import ParsedTrajectory, UnreadableTrajectory, read_trajectories
from trajectories.formats.base import JsonLines
from trajectories.formats.claude_code import ClaudeCodeReader


def record(kind: str, content: Any, **other: Any) -> dict[str, Any]:
    message = {"role": kind, "content": content, **other.pop("message", {})}
    return {"type": kind, "parentUuid": None, "sessionId": "s", "message": message, **other}


def reply(reply_id: str, *blocks: Any, **other: Any) -> dict[str, Any]:
    return record("assistant", list(blocks), message={"id": reply_id, "model": "claude"}, **other)


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def use(name: str, call_id: str = "c", **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def result(content: Any, call_id: str = "c", **other: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **other}


def read(*records: Any) -> ParsedTrajectory:
    lines = "\n".join(json.dumps(one) for one in records)
    (trajectory,) = read_trajectories(f"{lines}\n\n".encode())
    return trajectory


START = record("user", "Fix it.")


def test_the_records_of_one_reply_are_one_step() -> None:
    trajectory = read(
        START,
        reply("m1", {"type": "thinking", "thinking": "Why?"}, timestamp="2025-06-14T11:00:00Z"),
        reply("m1", text("Look.")),
        reply("m1", use("Bash", "a", command="ls")),
        reply("m1", use("Read", "b", file_path="/x.py")),
        record("user", [result([text("x.py")], "a")], timestamp="2025-06-14T11:00:02Z"),
        record("user", [result("code", "b")]),
        reply("m2", text("Done.")),
    )
    first, second = trajectory.steps
    assert first.thought == "Why?\n\nLook."
    assert [call.function_name for call in first.tool_calls] == ["Bash", "Read"]
    assert [(seen.tool_call_id, seen.content) for seen in first.observations] == [
        ("a", "x.py"),
        ("b", "code"),
    ]
    assert first.duration_seconds == 2
    assert second.thought == "Done."
    assert (trajectory.agent_name, trajectory.model_name) == ("Claude Code", "claude")
    assert (trajectory.instance_id, trajectory.model_patch) == ("", None)


def test_a_failed_call_marks_its_step() -> None:
    (step,) = read(
        START,
        reply("m", use("Bash", command="false")),
        record("user", [result("Exit code 3\nno", is_error=True)]),
    ).steps
    assert step.observations[0].exit_code == 3
    assert classify_step(step).is_error


def test_what_the_user_says_later_stands_below_the_step_before_it() -> None:
    (step,) = read(
        START,
        reply("m", text("Done.")),
        record("user", "And the tests?"),
        record("user", [text("a note of the program")], isMeta=True),
    ).steps
    assert [seen.content for seen in step.observations] == ["And the tests?"]


def test_a_sidechain_is_named_by_the_task_whose_prompt_it_begins_with() -> None:
    tasks = [use("Task", f"t{n}", subagent_type=f"agent-{n}", prompt=f"Find {n}") for n in (1, 2)]
    trajectory = read(
        START,
        reply("m1", *tasks),
        record("user", "Find 2", isSidechain=True, uuid="u1"),
        reply("m2", text("Looking"), isSidechain=True, uuid="u2", parentUuid="u1"),
        reply("m3", text("Found"), isSidechain=True, uuid="u3", parentUuid="u2"),
        record("user", [result("Found", "t2")]),
        reply("m4", text("Done.")),
    )
    agent = {"name": "agent-2", "depth": 1}
    assert [step.extra.get("agent") for step in trajectory.steps] == [None, agent, agent, None]
    assert trajectory.steps[0].observations[0].tool_call_id == "t2"


def test_a_sidechain_whose_task_is_unknown_is_one_all_the_same() -> None:
    (step,) = read(reply("m", text("Looking"), isSidechain=True)).steps
    assert step.extra["agent"] == {"name": "sidechain", "depth": 1}


def test_a_sub_agent_whose_records_are_not_in_the_file_is_named() -> None:
    tasks = [use("Task", f"t{n}", subagent_type="explorer", prompt=f"Find {n}") for n in (1, 2)]
    one, _ = read(
        START,
        reply("m1", *tasks),
        record("user", "Find 2", isSidechain=True, uuid="u1"),
        reply("m2", text("Found"), isSidechain=True, uuid="u2", parentUuid="u1"),
        record("user", [result("Found", "t1")], toolUseResult={"agentId": "a1"}),
        record("user", [result("Found", "t2")], toolUseResult={"agentId": "a2"}),
    ).steps
    assert one.extra == {"elsewhere": ["agent-a1.jsonl"]}


def test_a_stream_nests_sub_agents_by_the_call_that_started_them() -> None:
    def said(reply_id: str, parent: str | None, *blocks: Any) -> dict[str, Any]:
        message = {"role": "assistant", "id": reply_id, "content": list(blocks)}
        return {"type": "assistant", "message": message, "parent_tool_use_id": parent}

    trajectory = read(
        {"type": "system", "subtype": "init"},
        said("m1", None, use("Task", "t1", subagent_type="outer")),
        said("m2", "t1", use("Task", "t2", subagent_type="inner")),
        said("m3", "t2", text("deep")),
        {"type": "result", "subtype": "success", "total_cost_usd": 0.5, "duration_ms": 1500},
    )
    assert [step.extra.get("agent") for step in trajectory.steps] == [
        None,
        {"name": "outer", "depth": 1},
        {"name": "inner", "depth": 2},
    ]
    assert trajectory.format == "claude-code-stream"
    assert trajectory.exit_status == "success"
    assert (trajectory.cost_usd, trajectory.duration_seconds) == (0.5, 1.5)


@pytest.mark.parametrize("is_marked", [True, False])
def test_a_compaction_is_a_step_with_its_summary(is_marked: bool) -> None:
    trajectory = read(
        START,
        reply("m1", text("One.")),
        reply("m2", text("Aside."), isSidechain=True),
        reply("m3", text("Two.")),
        {"type": "system", "subtype": "compact_boundary", "content": "Conversation compacted"},
        record("user", "So far", **({"isCompactSummary": True} if is_marked else {})),
        record("user", "Go on."),
        reply("m4", text("Three.")),
    )
    step = trajectory.steps[3]
    assert step.thought == "So far"
    assert step.extra["condensation"] == {"n_steps": 2, "summary_chars": 6}
    assert len(trajectory.steps) == 5


def test_lines_that_hold_no_object_are_skipped_and_counted() -> None:
    trajectory = read(START, "text", 42, [1], reply("m", text("Done.")))
    assert len(trajectory.steps) == 1
    assert "hold no object: 3" in trajectory.remark


def test_a_broken_line_refuses_the_file_with_its_number() -> None:
    content = f"{json.dumps(START)}\n\n{{"
    with pytest.raises(UnreadableTrajectory, match="Line 3 is broken JSON"):
        read_trajectories(content.encode())


def test_iflow_writes_the_same_records_under_its_own_name() -> None:
    trajectory = read(START, reply("m", text("Done."), sessionId="session-1"))
    assert trajectory.agent_name == "iFlow CLI"


def test_a_web_export_is_read() -> None:
    content = json.dumps({"loglines": [START, reply("m", text("Done."))]}).encode()
    (trajectory,) = read_trajectories(content)
    assert (trajectory.format, len(trajectory.steps)) == ("claude-code-web", 1)


@pytest.mark.parametrize(
    ("call", "kind", "summary"),
    [
        (use("Read", file_path="/testbed/x.py"), "read", "open x.py"),
        (use("Read", file_path="/testbed/x.py", offset=5, limit=3), "read", "open x.py:5–7"),
        (use("Edit", file_path="/testbed/x.py"), "edit", "edit x.py"),
        (use("MultiEdit", file_path="/testbed/x.py", edits=[]), "edit", "edit x.py"),
        (use("Write", file_path="/testbed/x.py", content=""), "edit", "write x.py"),
        (use("read_file", absolute_path="/testbed/x.py"), "read", "open x.py"),
        (use("replace", file_path="/testbed/x.py", old_string="a"), "edit", "edit x.py"),
        (use("Grep", pattern="a b", path="/testbed/pkg"), "search", "find “a b” in pkg"),
        (use("Glob", pattern="**/*.py"), "search", "find file “**/*.py”"),
        (use("Bash", command="pytest -q"), "test", "pytest -q"),
        (use("Task", subagent_type="Explore", description="Look"), "other", "ask Explore: Look"),
        (use("str_replace_based_edit_tool", command="create", path="/testbed/x.py"), "edit",
         "create x.py"),
    ],
)  # fmt: skip
def test_its_tools_are_described(call: dict[str, Any], kind: str, summary: str) -> None:
    (step,) = read(reply("m", call)).steps
    described = classify_step(step)
    assert (described.kind, described.summary) == (kind, summary)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)
blocks = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "thinking", "tool_use", "tool_result", "image"])},
    optional=dict.fromkeys(["id", "name", "input", "tool_use_id", "content", "text"], values),
)
KEYS = ("uuid", "parentUuid", "isSidechain", "parent_tool_use_id", "timestamp", "subtype")
others = st.dictionaries(st.sampled_from(KEYS), values, max_size=3)
KINDS = st.sampled_from(["assistant", "user", "system", "result", "summary"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(st.tuples(KINDS, others, st.lists(blocks | values, max_size=2) | values), max_size=4)
)
def test_records_with_any_values_are_read(drawn: list[tuple[str, dict[str, Any], Any]]) -> None:
    records = [{**record(kind, content), **other} for kind, other, content in drawn]
    lines = JsonLines(tuple(enumerate(records, start=1)))
    (trajectory,) = ClaudeCodeReader().read(lines)
    assert all(classify_step(step).summary for step in trajectory.steps)


@pytest.mark.parametrize("kind", [{}, [], None, 1])
def test_records_and_blocks_of_an_odd_type_do_not_end_the_reading(kind: Any) -> None:
    block = {"type": kind, "text": None}
    trajectory = read(START, reply("m", text("Done."), block), {"type": kind, "message": {}})
    assert trajectory.steps[0].thought.startswith("Done.")
