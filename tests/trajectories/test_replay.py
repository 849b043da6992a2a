"""What each step changed is followed from its calls; what cannot be followed is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.replay import EditStep, Replay, replay
from trajectories.replay.lines import base_lines, rewrite, text_of
from trajectories.shell import WrittenFile, written_files

BASE = {"pkg/core.py": "one\ntwo\nthree\n"}
PATH = "/testbed/pkg/core.py"


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"function_name": name, "arguments": arguments}


def shell(command: str) -> dict[str, Any]:
    return call("bash", command=command)


def follow(*calls: dict[str, Any], open_file: str = "pkg/core.py", failed: int = 0) -> Replay:
    steps = [
        EditStep(number, [made], open_file, number == failed)
        for number, made in enumerate(calls, start=1)
    ]
    return replay(steps, BASE.get)


def text(found: Replay, path: str = "pkg/core.py") -> str | None:
    lines = found.final(path)
    return None if lines is None else text_of(lines)


def editor(command: str, **arguments: Any) -> dict[str, Any]:
    return call("str_replace_editor", command=command, path=PATH, **arguments)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (editor("str_replace", old_str="two", new_str="2"), "one\n2\nthree\n"),
        (editor("insert", insert_line=0, new_str="zero"), "zero\none\ntwo\nthree\n"),
        (editor("insert", insert_line=3, new_str="four\n"), "one\ntwo\nthree\nfour\n"),
        (editor("create", file_text="new"), "new"),
        (
            call(
                "str_replace_editor",
                command="str_replace_editor str_replace /testbed/pkg/core.py "
                "--old_str 'two' --new_str '2'",
            ),
            "one\n2\nthree\n",
        ),
        (call("edit", command="edit 2:3\nTWO\nend_of_edit\n"), "one\nTWO\n"),
        (call("edit", command="edit 2:2\nend_of_edit\n"), "one\nthree\n"),
        (call("edit", start_line=1, end_line=1, replacement_text="1"), "1\ntwo\nthree\n"),
        (call("edit", search="o", replace="0", **{"replace-all": True}), "0ne\ntw0\nthree\n"),
        (call("insert", line=1, text="and"), "one\nand\ntwo\nthree\n"),
        (call("Edit", file_path=PATH, old_string="two", new_string="2"), "one\n2\nthree\n"),
        (
            call(
                "MultiEdit",
                file_path=PATH,
                edits=[
                    {"old_string": "one", "new_string": "1"},
                    {"old_string": "1\ntwo", "new_string": "12"},
                ],
            ),
            "12\nthree\n",
        ),
        (call("Write", file_path=PATH, content="all new\n"), "all new\n"),
        (shell("cd /testbed && cat > pkg/core.py <<'EOF'\nx = $1\nEOF\n"), "x = $1\n"),
        (shell("cat <<EOF >> pkg/core.py\nfour\nEOF"), "one\ntwo\nthree\nfour\n"),
    ],
)
def test_an_edit_is_carried_out(made: dict[str, Any], expected: str) -> None:
    found = follow(made)
    assert text(found) == expected
    assert found.not_followed == ()


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (editor("str_replace", old_str="four", new_str="4"), "is not there"),
        (editor("str_replace", old_str="e", new_str="E"), "stands there 3 times"),
        (call("edit", command="edit 9:9\nx\nend_of_edit"), "has no line 9"),
        (editor("undo_edit"), "no edit to take back"),
        (shell("sed -i 's/one/1/' pkg/core.py"), "by a program"),
        (call("Edit", file_path="/testbed/gone.py", old_string="a", new_string="b"), "not there"),
    ],
)
def test_what_cannot_be_followed_is_named_and_changes_nothing(
    made: dict[str, Any], reason: str
) -> None:
    found = follow(made)
    assert found.changes == ()
    (missed,) = found.not_followed
    assert missed.step == 1
    assert reason in missed.reason


def test_what_a_program_does_beside_a_here_document_is_named() -> None:
    found = follow(shell("cat > /tmp/t.py <<'E'\nx\nE\nsed -i '1e cat /tmp/t.py' pkg/core.py"))
    (missed,) = found.not_followed
    assert (missed.path, found.changes) == ("pkg/core.py", ())


def test_a_file_that_is_removed_is_gone_and_its_lines_were_taken_by_that_step() -> None:
    found = follow(shell("rm pkg/core.py"))
    assert found.final("pkg/core.py") is None
    assert found.removals("pkg/core.py") == {1: 1, 2: 1, 3: 1}
    assert follow(shell("rm -rf pkg/*")).changes == ()


def test_an_editor_that_refused_changed_nothing_but_a_shell_that_failed_may_have() -> None:
    refused = follow(editor("str_replace", old_str="two", new_str="2"), failed=1)
    assert refused.changes == ()
    failed = follow(shell("cat > new.py <<'EOF'\nx\nEOF\npython new.py"), failed=1)
    assert text(failed, "new.py") == "x\n"


def test_an_edit_that_is_taken_back_leaves_the_file_as_it_was() -> None:
    found = follow(editor("str_replace", old_str="two", new_str="2"), editor("undo_edit"))
    assert [change.step for change in found.changes] == [1, 2]
    assert text(found) == BASE["pkg/core.py"]
    assert found.removals("pkg/core.py") == {}


CHANGED = editor("str_replace", old_str="two", new_str="2")
NEW = shell("cat > new.py <<'EOF'\nnew\nEOF")


@pytest.mark.parametrize(
    "command",
    [
        "git checkout pkg/core.py",
        "cd /testbed && git checkout -- pkg/core.py",
        "git checkout HEAD -- /testbed/pkg/core.py",
        "git checkout .",
        "git restore pkg/",
        "git reset --hard",
        "git reset --hard HEAD && git status",
        "git stash",
    ],
)
def test_what_git_takes_back_is_as_in_the_base_commit(command: str) -> None:
    found = follow(CHANGED, NEW, shell(command))
    assert text(found) == BASE["pkg/core.py"]
    assert text(found, "new.py") == "new\n", "git does not know it"
    assert [change.path for change in found.of_step(3)] == ["pkg/core.py"]
    assert not found.not_followed


@pytest.mark.parametrize(
    "command",
    [
        "git checkout main",
        "git checkout -b fix.branch",
        "git restore --staged pkg/core.py",
        "git reset HEAD pkg/core.py",
        "git diff pkg/core.py",
        "git stash list",
        "git checkout -- other.py",
    ],
)
def test_what_takes_nothing_back_changes_nothing(command: str) -> None:
    found = follow(CHANGED, shell(command))
    assert text(found) == "one\n2\nthree\n"
    assert not found.not_followed


def test_what_is_set_aside_comes_back() -> None:
    found = follow(CHANGED, NEW, shell("git stash -u"), shell("git stash pop"))
    assert found.files_after(3) == {"pkg/core.py": BASE["pkg/core.py"], "new.py": None}
    assert found.files_after(4) == {"pkg/core.py": "one\n2\nthree\n", "new.py": "new\n"}


def test_another_commit_is_not_followed() -> None:
    found = follow(CHANGED, shell("git checkout 1a2b3c4 -- pkg/core.py"))
    assert [(missed.step, missed.path) for missed in found.not_followed] == [(2, "pkg/core.py")]
    (missed,) = follow(shell("git stash pop")).not_followed
    assert missed.reason == "nothing was set aside"


def test_files_out_of_the_repository_are_left_out() -> None:
    found = follow(call("create", filename="/tmp/x.py"), editor("create", file_text="x"))
    assert {change.path for change in found.changes} == {"pkg/core.py"}
    assert follow(call("Write", file_path="../../etc/x", content="x")).changes == ()


def test_each_line_knows_the_step_that_wrote_it_and_the_line_of_base_it_was() -> None:
    found = follow(
        editor("insert", insert_line=1, new_str="new"),
        editor("str_replace", old_str="three", new_str="3"),
    )
    lines = found.final("pkg/core.py") or ()
    assert [(line.text.strip(), line.step, line.base) for line in lines] == [
        ("one", 0, 1),
        ("new", 1, None),
        ("two", 0, 2),
        ("3", 2, None),
    ]
    assert found.removals("pkg/core.py") == {3: 2}


def test_files_after_a_step_are_those_changed_until_then() -> None:
    found = follow(call("Write", file_path="a", content="1"), editor("create", file_text="2"))
    assert found.files_after(1) == {"a": "1"}
    assert found.files_after(2) == {"a": "1", "pkg/core.py": "2"}


LINES = st.lists(st.sampled_from(["a\n", "b\n", "\n", "  a\n", "c"]), max_size=8).map("".join)


@given(LINES, LINES)
def test_rewriting_gives_the_new_text_and_keeps_only_lines_of_base_in_their_order(
    old: str, new: str
) -> None:
    lines = rewrite(base_lines(old), new, step=7)
    assert text_of(lines) == new
    kept = [line.base for line in lines if line.base is not None]
    assert kept == sorted(set(kept))
    assert all(line.step == (7 if line.base is None else 0) for line in lines)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cat > a <<'E'\n$x\nE", [WrittenFile("a", "$x\n")]),
        ("cat <<E > a\n$x\nE", []),
        ("cat <<E > a\nplain\nE", [WrittenFile("a", "plain\n")]),
        ("cat <<'E' | python\nprint()\nE", []),
        ("tee -a b <<'E'\nx\nE", [WrittenFile("b", "x\n", appends=True)]),
        ("cat > a <<'E'\nnever ended", []),
        ("cat > a <<'E'\nE\ncat > b <<'F'\ny\nF", [WrittenFile("a", ""), WrittenFile("b", "y\n")]),
    ],
)
def test_here_documents_that_are_written_as_they_stand(
    line: str, expected: list[WrittenFile]
) -> None:
    assert written_files(line) == expected


@pytest.mark.parametrize(
    "made",
    [
        call("edit", command=f"edit {'9' * 5000}:1\nx\nend_of_edit\n"),
        call("insert", line=float("inf"), text="x"),
        editor("insert", insert_line=float("inf"), new_str="x"),
    ],
)
def test_a_line_number_beyond_all_files_changes_nothing(made: dict[str, Any]) -> None:
    assert text(follow(made)) in (None, BASE["pkg/core.py"])
