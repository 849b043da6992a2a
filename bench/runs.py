"""Agents' runs as SWE-agent 1.x writes them: thoughts, shell, edits, test output."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from bench.words import function_name, paragraph, sentence

# What an agent does next, by weight.
_ACTIONS = ("view", "search", "test", "edit", "run", "think")
_WEIGHTS = (30, 16, 24, 14, 12, 4)
# Length of the output by action, relative to the mean over all.
_SHARE = {"view": 1.25, "search": 0.7, "test": 1.75, "edit": 0.25, "run": 0.45, "think": 0.0}
_SUBMIT: tuple[str, dict[str, Any]] = ("submit", {})


@dataclass(frozen=True)
class Material:
    """Long texts that outputs are cut from, since making every line anew would take minutes."""

    files: Mapping[str, Sequence[str]]
    numbered: str
    found: str
    test_log: str


def make_material(rng: Random, files: Mapping[str, Sequence[str]]) -> Material:
    paths = list(files)
    numbered, found = [], []
    for path in rng.sample(paths, min(120, len(paths))):
        numbered += [f"{number:6d}\t{line}" for number, line in enumerate(files[path], start=1)]
    for _ in range(6_000):
        path = rng.choice(paths)
        number = rng.randrange(len(files[path]))
        found.append(f"/testbed/{path}:{number + 1}:{files[path][number]}")
    return Material(files, "\n".join(numbered), "\n".join(found), "\n".join(_test_log(rng, paths)))


def _test_log(rng: Random, paths: Sequence[str]) -> Iterator[str]:
    for _ in range(6_000):
        test = f"{rng.choice(paths)}::test_{function_name(rng)}"
        chance = rng.random()
        if chance < 0.72:
            yield f"{test} PASSED [{rng.randrange(101):3d}%]"
        elif chance < 0.8:
            yield f"\x1b[31m{test} FAILED\x1b[0m [{rng.randrange(101):3d}%]"
        elif chance < 0.9:
            yield f"E       AssertionError: {sentence(rng)}"
        else:
            where = f'File "/testbed/{rng.choice(paths)}", line {rng.randrange(1, 900)}'
            yield f"  {where}, in {function_name(rng)}"


@dataclass(frozen=True)
class Plan:
    """What one run is to be."""

    instance_id: str
    n_steps: int
    output_chars: int
    model_patch: str
    # The files that its edits are about.
    paths: Sequence[str]
    # An output of this many characters on one line, in the middle of the run.
    one_line_chars: int = 0


def run_bytes(rng: Random, material: Material, plan: Plan) -> bytes:
    """Return a `.traj` file."""
    steps = [_step(rng, material, plan, number) for number in range(1, plan.n_steps + 1)]
    if plan.one_line_chars:
        line = material.test_log.replace("\n", " ")
        steps[len(steps) // 2]["observation"] = (line * (plan.one_line_chars // len(line) + 1))[
            : plan.one_line_chars
        ]
    replies = [_reply(number, step) for number, step in enumerate(steps, start=1)]
    for step in steps:
        # Only the model's message has the call as an object.
        del step["arguments"]
    document = {
        "trajectory": steps,
        "history": replies,
        "info": {
            "exit_status": "submitted",
            "submission": plan.model_patch,
            "swe_agent_version": "1.0.1",
            "model_stats": {
                "instance_cost": round(rng.uniform(0.1, 3), 4),
                "api_calls": len(steps),
            },
        },
        "replay_config": json.dumps({"agent": {"model": {"name": "bench-model"}}}),
        "environment": "swe_main",
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _reply(number: int, step: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model's message of a step, which has its call as an object."""
    name = str(step["action"]).partition(" ")[0]
    arguments = step["arguments"] if name == "str_replace_editor" else {"command": step["action"]}
    function = {
        "name": name if name == "str_replace_editor" else "bash",
        "arguments": json.dumps(arguments),
    }
    return {
        "role": "assistant",
        "content": step["thought"],
        "thought": step["thought"],
        "action": step["action"],
        "agent": "main",
        "tool_calls": [{"id": f"call_{number}", "type": "function", "function": function}],
        "message_type": "action",
    }


def _step(rng: Random, material: Material, plan: Plan, number: int) -> dict[str, Any]:
    kind = "view" if number == 1 else rng.choices(_ACTIONS, _WEIGHTS)[0]
    path = rng.choice(plan.paths) if rng.random() < 0.5 else rng.choice(list(material.files))
    if number == plan.n_steps:
        action, arguments = _SUBMIT
        observation = plan.model_patch
    else:
        action, arguments = _action(rng, material, kind, path)
        observation = _output(rng, material, kind, plan.output_chars, path)
    thought = paragraph(rng, rng.randint(1, 8))
    return {
        "action": action,
        "arguments": arguments,
        "observation": observation,
        "response": thought,
        "thought": thought,
        "execution_time": round(rng.expovariate(1.5), 3),
        "state": {"working_dir": "/testbed", "open_file": "n/a"},
        "extra_info": {},
    }


def _action(rng: Random, material: Material, kind: str, path: str) -> tuple[str, dict[str, Any]]:
    match kind:
        case "view":
            first = rng.randint(1, 200)
            window = [first, first + rng.randint(80, 300)]
            arguments: dict[str, Any] = {
                "command": "view", "path": f"/testbed/{path}", "view_range": window,
            }  # fmt: skip
            return f"str_replace_editor view /testbed/{path} --view_range {window}", arguments
        case "edit":
            lines = material.files[path]
            start = rng.randrange(max(1, len(lines) - 12))
            old = "\n".join(lines[start : start + rng.randint(3, 12)])
            new = old.replace("self", "this").replace("None", "_MISSING") + "\n        # changed"
            arguments = {
                "command": "str_replace",
                "path": f"/testbed/{path}",
                "old_str": old,
                "new_str": new,
            }
            return f"str_replace_editor str_replace /testbed/{path} --old_str {old}", arguments
        case "search":
            return f"grep -rn '{function_name(rng)}' /testbed/{path.rpartition('/')[0]}", {}
        case "test":
            return f"cd /testbed && python -m pytest {path} -x -q 2>&1 | tail -n 400", {}
        case "think":
            return "", {}
        case _:
            return f"cd /testbed && python - <<'EOF'\nprint({function_name(rng)!r})\nEOF", {}


def _output(rng: Random, material: Material, kind: str, mean_chars: int, path: str) -> str:
    pool = {"view": material.numbered, "search": material.found}.get(kind, material.test_log)
    n_chars = min(int(mean_chars * _SHARE[kind] * rng.uniform(0.2, 1.8)), len(pool))
    start = rng.randrange(len(pool) - n_chars + 1)
    text = pool[start : start + n_chars]
    if kind == "edit":
        return f"The file /testbed/{path} has been edited.\n{text}\n"
    return text + "\n" if text else ""
