"""How a tool call is shown."""

from __future__ import annotations

from typing import Any

import pytest

from trajectories.calls import CallText, call_text


def read(name: str, arguments: Any, open_file: str = "") -> CallText:
    return call_text({"function_name": name, "arguments": arguments}, open_file)


def test_an_edit_marks_the_words_that_changed() -> None:
    shown = read(
        "edit", {"path": "a.py", "old_str": "x = old(1)\nkept", "new_str": "x = new(1)\nkept"}
    )
    assert [(line.mark, line.text, line.changed) for line in shown.lines] == [
        ("del", "x = old(1)", ((4, 7),)),
        ("add", "x = new(1)", ((4, 7),)),
        ("", "kept", ()),
    ]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("create", {"path": "/testbed/b.py", "file_text": "import x\n"}),
        ("editor", {"command": "create", "path": "/testbed/b.py", "file_text": "import x\n"}),
        ("Write", {"file_path": "/testbed/b.py", "content": "import x\n"}),
        (
            "str_replace_editor",
            {"command": "str_replace_editor create /testbed/b.py --file_text 'import x\n'"},
        ),
    ],
)  # fmt: skip
def test_writing_a_file_is_shown_as_the_file(name: str, arguments: dict[str, Any]) -> None:
    shown = read(name, arguments)
    assert (shown.form, shown.title, shown.text) == ("file", "b.py", "import x")
    assert shown.lines[0].language == "b.py"


def test_a_here_document_is_coloured_as_the_file_it_is_written_to() -> None:
    command = "cd /testbed && cat > pkg/b.py <<'EOF'\nimport x\nEOF\npython - <<PY\nprint()\nPY"
    shown = read("bash", {"command": command})
    assert shown.form == "shell"
    assert shown.text == command
    assert [(line.language, line.caption) for line in shown.lines] == [
        ("command.sh", ""),
        ("pkg/b.py", "pkg/b.py"),
        ("command.sh", ""),
        ("command.sh", ""),
        ("stdin.py", ""),
        ("command.sh", ""),
    ]


@pytest.mark.parametrize(
    ("command", "text"),
    [("ls", "ls"), (["bash", "-lc", "ls | wc"], "ls | wc"), (["ls", "a b"], "ls 'a b'")],
)
def test_a_command_with_more_arguments_is_a_command(command: Any, text: str) -> None:
    shown = read("shell", {"command": command, "timeout": 120, "workdir": "/repo"})
    assert (shown.form, shown.text, shown.title) == ("shell", text, "timeout 120, workdir /repo")


def test_code_for_an_interpreter_is_coloured_as_its_language() -> None:
    shown = read("execute_ipython_cell", {"code": "import x\nx.y()"})
    assert (shown.form, shown.text, shown.lines[0].language) == (
        "code",
        "import x\nx.y()",
        "cell.py",
    )


def test_several_edits_of_one_file_are_drawn_one_below_the_other() -> None:
    edits = [{"old_string": "a", "new_string": "b"}, {"old_string": "", "new_string": "c"}]
    shown = read("MultiEdit", {"file_path": "/testbed/a.py", "edits": edits})
    assert [(line.mark, line.text, line.caption) for line in shown.lines] == [
        ("del", "a", "edit 1 of 2"),
        ("add", "b", ""),
        ("add", "c", "edit 2 of 2"),
    ]


PATCH = "*** Begin Patch\n*** Update File: a.py\n@@ def f():\n-old\n+new\n kept\n*** End Patch"


@pytest.mark.parametrize("arguments", [PATCH, {"input": PATCH}, {"patch": PATCH}])
def test_a_patch_is_drawn_with_its_signs(arguments: Any) -> None:
    shown = read("apply_patch", arguments)
    assert shown.form == "edit"
    assert [(line.mark, line.text) for line in shown.lines][3:6] == [
        ("del", "old"),
        ("add", "new"),
        ("", "kept"),
    ]
    assert shown.lines[3].language == "a.py"


def test_a_git_patch_keeps_its_head() -> None:
    patch = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b"
    lines = read("apply", {"patch": patch}).lines
    assert [line.text for line in lines] == [*patch.split("\n")[:4], "a", "b"]


def test_a_long_value_is_written_over_several_lines() -> None:
    shown = read("other", {"todos": [{"id": n, "text": "something to do"} for n in range(4)]})
    assert shown.form == "arguments"
    assert shown.text.startswith('todos:\n[\n  {\n    "id": 0,')


@pytest.mark.parametrize(
    "arguments",
    [None, 3, [], {}, {"command": None}, {"command": {}}, {"edits": ["x"], "path": 3},
     {"path": None, "content": 3}, {"old_str": 3, "new_str": [1]}, {"code": 1}],
)  # fmt: skip
def test_arguments_of_any_shape_are_shown(arguments: Any) -> None:
    read("edit", arguments)
    read("bash", arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "title"),
    [
        (
            "edit",
            {"start_line": 3, "end_line": 5, "replacement_text": "x = 1\n"},
            "b.py, lines 3–5",
        ),
        ("edit", {"start_line": 3, "replacement_text": "x = 1\n"}, "b.py, line 3"),
        ("edit", {"command": "edit 3:5\nx = 1\nend_of_edit"}, "b.py, lines 3–5"),
        ("edit", {"command": "edit 3:3\nx = 1\nend_of_edit"}, "b.py, line 3"),
        ("insert", {"line": 7, "text": "x = 1\n"}, "b.py, after line 7"),
        ("insert", {"text": "x = 1\n"}, "b.py"),
    ],
)
def test_an_edit_of_the_open_file_is_drawn_as_its_diff(
    name: str, arguments: dict[str, Any], title: str
) -> None:
    shown = read(name, arguments, open_file="b.py")
    assert (shown.form, shown.title) == ("edit", title)
    assert [(line.mark, line.text, line.language) for line in shown.lines] == [
        ("add", "x = 1", "b.py")
    ]


def test_a_text_that_is_typed_into_a_page_is_no_edit() -> None:
    shown = read("browser_type", {"index": 4, "text": "hello"})
    assert (shown.form, shown.text) == ("arguments", "index: 4\ntext: hello")
