"""Write executed steps as the agents' own files: SWE-agent 1.x and mini-swe-agent 1.1.

Both are replays, not runs of a model, and say so: the model is called `replay`, costs and token
counts are zero. SWE-agent's copies of the whole prompt in every step are left out.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from recorder.recordings import ExecutedStep, RecordedStep, Recording

_SYSTEM = "You are a helpful assistant that can interact with a computer to solve tasks."
_TASK = """The repository of a {language} project is in /testbed. Its maintainers have this issue:

<issue>
{issue}
</issue>

Change the project's own files so that the issue is solved. Tests that you cannot see will check \
it. Submit when you are done."""
_NO_OUTPUT = "Your command ran successfully and did not produce any output."
_SUBMIT_LINE = "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT\n"


def swe_agent(recording: Recording, executed: Sequence[ExecutedStep], issue: str) -> dict[str, Any]:
    """Return the content of a `.traj` file."""
    history = [
        {"role": "system", "content": _SYSTEM, "agent": "main", "message_type": "system_prompt"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": _TASK.format(issue=issue, language=recording.language)}
            ],
            "agent": "main",
            "message_type": "observation",
        },
    ]
    for number, done in enumerate(executed, start=1):
        history += _swe_agent_messages(f"call_{number:02}", done)
    return {
        "trajectory": [_swe_agent_step(done) for done in executed],
        "history": history,
        "info": {
            "exit_status": "submitted",
            "submission": executed[-1].result.output,
            "model_stats": {
                "instance_cost": 0,
                "tokens_sent": 0,
                "tokens_received": 0,
                "api_calls": len(executed),
            },
        },
        "replay_config": {
            "agent": {"name": "main", "model": {"name": "replay"}},
            "problem_statement": {"type": "text", "id": recording.instance_id, "text": issue},
        },
        "environment": recording.instance_id,
    }


def _swe_agent_step(done: ExecutedStep) -> dict[str, Any]:
    return {
        "action": action_line(done.step),
        "observation": done.result.output,
        "response": done.step.thought,
        "thought": done.step.thought,
        "execution_time": done.seconds,
        "state": {"working_dir": "/testbed"},
        "extra_info": {},
    }


def _swe_agent_messages(call_id: str, done: ExecutedStep) -> list[dict[str, Any]]:
    output = f"OBSERVATION:\n{done.result.output}" if done.result.output else _NO_OUTPUT
    return [
        {
            "role": "assistant",
            "content": done.step.thought,
            "thought": done.step.thought,
            "action": action_line(done.step),
            "agent": "main",
            "tool_calls": [_call(call_id, done.step.tool, done.step.arguments)],
            "message_type": "action",
        },
        {
            "role": "tool",
            "content": [{"type": "text", "text": output}],
            "agent": "main",
            "message_type": "observation",
            "tool_call_ids": [call_id],
        },
    ]


def action_line(step: RecordedStep) -> str:
    """Write a tool call as the command line that SWE-agent makes of it."""
    if step.tool == "bash":
        return str(step.arguments["command"])
    if step.tool == "submit":
        return "submit"
    words = [step.tool, str(step.arguments["command"]), str(step.arguments["path"])]
    for name, value in step.arguments.items():
        if name == "view_range":
            words += ["--view_range", *map(str, value)]
        elif name not in ("command", "path"):
            words += [f"--{name}", shlex.quote(str(value))]
    return " ".join(words)


def mini_swe_agent(
    recording: Recording, executed: Sequence[ExecutedStep], issue: str
) -> dict[str, Any]:
    """Return the content of a `.traj.json` file."""
    submission = executed[-1].result.output.removeprefix(_SUBMIT_LINE)
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": _SYSTEM},
        {"role": "user", "content": _TASK.format(issue=issue, language=recording.language)},
    ]
    clock = recording.started_at
    for number, done in enumerate(executed, start=1):
        clock += 1
        messages.append(_mini_reply(f"call_{number:02}", done.step, clock))
        clock += done.seconds
        if number < len(executed):
            messages.append(_mini_answer(f"call_{number:02}", done, clock))
    end = {"exit_status": "Submitted", "submission": submission}
    messages.append({"role": "exit", "content": submission, "extra": end})
    config = {
        "agent": {"step_limit": 0, "cost_limit": 0},
        "model": {"model_name": "replay"},
        "environment": {"cwd": "/testbed", "interpreter": ["bash", "-c"]},
    }
    stats = {"instance_cost": 0.0, "api_calls": len(executed)}
    return {
        "info": {"model_stats": stats, "config": config, **end},
        "messages": messages,
        "trajectory_format": "mini-swe-agent-1.1",
        "instance_id": recording.instance_id,
    }


def _mini_reply(call_id: str, step: RecordedStep, timestamp: float) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": step.thought,
        "tool_calls": [_call(call_id, step.tool, step.arguments)],
        "extra": {
            "actions": [{"command": step.arguments["command"], "tool_call_id": call_id}],
            "cost": 0.0,
            "timestamp": round(timestamp, 3),
        },
    }


def _mini_answer(call_id: str, done: ExecutedStep, timestamp: float) -> dict[str, Any]:
    output, code = done.result.output, done.result.returncode
    return {
        "role": "tool",
        "tool_call_id": call_id,
        "content": f"<returncode>{code}</returncode>\n<output>\n{output}</output>",
        "extra": {
            "raw_output": output,
            "returncode": code,
            "timestamp": round(timestamp, 3),
            "exception_info": "",
        },
    }


def _call(call_id: str, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": call_id,
        "type": "function",
        "function": {"name": tool, "arguments": json.dumps(arguments, ensure_ascii=False)},
    }
