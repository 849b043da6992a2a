from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.classify import classify_step, describe_command_line, relative
from trajectories.formats import Observation, ParsedStep, ToolCall


def bash_step(command: str, output: str = "", exit_code: int | None = None) -> ParsedStep:
    return ParsedStep(
        tool_calls=(ToolCall("bash", {"command": command}),),
        observations=(Observation(output, exit_code=exit_code),),
    )


@pytest.mark.parametrize(
    ("line", "kind", "summary"),
    [
        ('cd /testbed && grep -rn "__dict__" core/', "search", "find “__dict__” in core/"),
        ("cat core/basic.py", "read", "open core/basic.py"),
        ("sed -n '1,120p' /testbed/core/basic.py", "read", "open core/basic.py:1–120"),
        ("sed -n '7,7p' /testbed/core/basic.py", "read", "open core/basic.py:7"),
        ("""echo -e "a = \\"|x|\\"; b = 'c'" > conf.py""", "edit", "write conf.py"),
        ("python -c 'print(a > b)'", "run", 'python -c "print(a > b)"'),
        ("echo done | tee 'log.txt'", "edit", "write log.txt"),
        ("sed -i 's/a/b/' core/basic.py", "edit", "edit core/basic.py"),
        ("python reproduce.py", "run", "python reproduce.py"),
        ("pytest core/tests/test_basic.py", "test", "pytest core/tests/test_basic.py"),
        ("cd tests && ./runtests.py admin_views", "test", "./runtests.py admin_views"),
        ("python -m pytest -x t/test_a.py | tail -5", "test", "python -m pytest -x t/test_a.py"),
        ("FOO=1 timeout 60 tox -e py311", "test", "tox -e py311"),
        ("git log -S__slots__", "vcs", "git log -S__slots__"),
        ("git grep -n slots src/", "search", "find “slots” in src/"),
        ("cat > fix.py <<'EOF'\npytest tests\nEOF\npython fix.py", "edit", "write fix.py"),
        ("echo hi | tee -a notes.txt", "edit", "write notes.txt"),
        ("python - <<'EOF'\nimport os; grep\nEOF", "run", "python -"),
        ("find . -name '*.py' | xargs grep x", "search", "find file “*.py”"),
        ("find . -name '*.py' | grep -i io", "search", "find file “*.py” | grep -i io"),
        ("rm a.py && ls", "edit", "remove a.py"),
        ("python x.py 2>&1 > /dev/null", "run", "python x.py"),
        ("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && git diff", "submit", "submit"),
        ("ls -la && pwd", "read", "ls -la"),
        ("echo 'unclosed", "other", "echo 'unclosed"),
    ],
)
def test_a_command_line_is_described_by_its_weightiest_command(
    line: str, kind: str, summary: str
) -> None:
    described = describe_command_line(line)
    assert (described.kind, described.summary) == (kind, summary)


@pytest.mark.parametrize(
    ("name", "arguments", "kind", "summary"),
    [
        ("open", {"command": "open core/query.py 745\n"}, "read", "open core/query.py:745"),
        ("open", {"path": "core/query.py", "line_number": 7}, "read", "open core/query.py:7"),
        ("goto", {"command": "goto 726"}, "read", "open core/basic.py:726"),
        ("edit", {"command": "edit 1:5\nx\nend_of_edit"}, "edit", "edit core/basic.py:1–5"),
        ("edit", {"search": "a", "replace": "b"}, "edit", "edit core/basic.py"),
        ("create", {"command": "create new.py\n"}, "edit", "create new.py"),
        ("search_dir", {"command": 'search_dir "a b" src'}, "search", "find “a b” in src"),
        ("find_file", {"command": 'find_file "x.py"'}, "search", "find file “x.py”"),
        ("submit", {"command": "submit\n"}, "submit", "submit"),
        (
            "str_replace_editor",
            {"command": "view", "path": "/testbed/a/b.py", "view_range": [1, 20]},
            "read",
            "open a/b.py:1–20",
        ),
        (
            "str_replace_editor",
            {"command": "str_replace_editor view /testbed/b.py --view_range 5 9"},
            "read",
            "open b.py:5–9",
        ),
        (
            "str_replace_editor",
            {"command": "str_replace", "path": "/testbed/b.py", "old_str": "x", "new_str": "y"},
            "edit",
            "edit b.py",
        ),
        ("browse", {"url": "http://x"}, "other", "browse http://x"),
    ],
)
def test_a_tool_of_swe_agent_is_described(
    name: str, arguments: dict[str, Any], kind: str, summary: str
) -> None:
    state = '{"open_file": "/testbed/core/basic.py", "working_dir": "/testbed"}'
    described = classify_step(
        ParsedStep(tool_calls=(ToolCall(name, arguments),), extra={"state": state})
    )
    assert (described.kind, described.summary) == (kind, summary)


def test_a_step_without_a_call_is_a_thought() -> None:
    described = classify_step(ParsedStep(thought="\n\nFirst look around.\nThen act."))
    assert (described.kind, described.summary) == ("think", "First look around.")


def test_the_note_of_a_spent_budget_is_no_action() -> None:
    described = classify_step(ParsedStep(thought="Exit", extra={"exit_note": "exit_cost"}))
    assert (described.kind, described.summary) == ("other", "stopped: cost limit")


def test_several_calls_are_counted_and_their_files_joined() -> None:
    calls = (
        ToolCall("bash", {"command": "cat a.py"}),
        ToolCall("bash", {"command": "sed -i s/a/b/ b.py"}),
    )
    described = classify_step(ParsedStep(tool_calls=calls))
    assert described.summary == "edit b.py (+1 more)"
    assert described.files == ("a.py", "b.py")


@pytest.mark.parametrize(
    "answer",
    [
        "ERROR:\nNo replacement was performed, old_str `x` did not appear verbatim in /a.py.",
        "No replacement was performed. Multiple occurrences of old_str `x` in lines [1, 2].",
        "Invalid `view_range` parameter: [1, 900].",
    ],
)
def test_an_edit_that_the_editor_refused_failed(answer: str) -> None:
    call = ToolCall("str_replace_editor", {"command": "str_replace", "path": "/testbed/a.py"})
    refused = ParsedStep(tool_calls=(call,), observations=(Observation(answer),))
    assert classify_step(refused).is_error


def test_a_compiler_says_that_it_failed() -> None:
    assert classify_step(bash_step("cargo test", "error[E0425]: cannot find value")).is_error
    assert not classify_step(bash_step("cat log", "error: no such crate")).is_error


def test_failing_tests_are_an_error_by_exit_code_or_by_what_they_print() -> None:
    assert classify_step(bash_step("pytest t.py", "1 failed", exit_code=1)).is_error
    assert classify_step(bash_step("pytest t.py", "=== 1 failed, 2 passed in 1s ===")).is_error
    assert not classify_step(bash_step("pytest t.py", "=== 2 passed in 1s ===")).is_error


def test_nothing_found_is_no_error() -> None:
    assert not classify_step(bash_step("grep x y.py", exit_code=1)).is_error


def test_behind_a_filter_nothing_found_is_no_error() -> None:
    assert not classify_step(bash_step("pip list | grep numpy", exit_code=1)).is_error
    assert classify_step(bash_step("pip list | head", exit_code=1)).is_error


def test_a_traceback_in_a_file_that_is_read_is_no_error() -> None:
    output = "Traceback (most recent call last):\n  File"
    assert not classify_step(bash_step("cat log.txt", output)).is_error
    assert classify_step(bash_step("python x.py", output)).is_error


def test_paths_are_relative_to_the_repository() -> None:
    assert relative("/testbed/a.py") == "a.py"
    assert relative("/django__django/tests/x.py") == "tests/x.py"
    assert relative("./a.py") == "a.py"
    assert relative("/testbed") == "."


@given(st.text(max_size=300))
def test_any_text_can_be_described_as_a_command_line(line: str) -> None:
    described = describe_command_line(line)
    assert described.summary
    assert len(described.summary) < 2 * len(line) + 60
