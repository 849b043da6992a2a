from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.diffs import FileChange, parse_patch

SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "diffs"
GIT_REFUSES = {"wrong-counts", "lost-last-newline", "combined"}


def read(name: str) -> tuple[FileChange, ...]:
    return parse_patch((SAMPLES / f"{name}.diff").read_bytes()).files


def only(name: str) -> FileChange:
    (change,) = read(name)
    return change


def numstat(patch: bytes) -> list[tuple[int, int]] | None:
    """Return (added, removed) per file as git counts them, or None where git refuses."""
    done = subprocess.run(
        ["git", "apply", "--numstat", "-"], input=patch, capture_output=True, cwd="/", check=False
    )
    if done.returncode:
        return None
    counts = (line.split(b"\t")[:2] for line in done.stdout.splitlines())
    return [(int(added), int(removed)) if added != b"-" else (0, 0) for added, removed in counts]


@pytest.mark.parametrize(
    "sample", sorted({path.stem for path in SAMPLES.glob("*.diff")} - GIT_REFUSES)
)
def test_counts_are_those_of_git(sample: str) -> None:
    counted = [(change.n_added, change.n_removed) for change in read(sample)]
    assert counted == numstat((SAMPLES / f"{sample}.diff").read_bytes())


def test_a_rename_has_both_names_and_its_hunk() -> None:
    change = only("rename")
    assert (change.status, change.old_path, change.new_path) == ("renamed", "long.txt", "moved.txt")
    assert (change.n_added, change.n_removed) == (1, 1)


def test_a_rename_without_change_has_no_hunk() -> None:
    change = only("pure-rename")
    assert (change.status, change.old_path, change.new_path) == ("renamed", "long.txt", "moved.txt")
    assert change.hunks == ()


def test_a_mode_change_has_both_modes() -> None:
    change = only("mode")
    assert (change.status, change.old_mode, change.new_mode) == ("mode", "100644", "100755")


def test_added_and_deleted_files_stand_on_one_side() -> None:
    added, deleted = read("added-and-deleted")
    assert (added.status, added.old_path, added.path) == ("added", None, "new.txt")
    assert (deleted.status, deleted.new_path, deleted.path) == ("deleted", None, "run.sh")


def test_empty_files_are_added_and_deleted_by_their_header_alone() -> None:
    assert [(change.status, change.path) for change in read("empty-files")] == [
        ("deleted", "empty.txt"),
        ("added", "new-empty.txt"),
    ]


@pytest.mark.parametrize("sample", ["binary", "binary-literal"])
def test_a_binary_file_is_named_without_lines(sample: str) -> None:
    change = only(sample)
    assert change.is_binary
    assert (change.path, change.n_lines, change.problem) == ("logo.bin", 0, "")


def test_quoted_names_are_unquoted() -> None:
    assert [change.path for change in read("quoted-names")] == [
        'a folder/with "quotes".txt',
        "dätä.txt",
    ]


def test_a_name_that_is_not_utf_8_can_be_shown() -> None:
    (change,) = parse_patch(
        '--- "a/caf\\351.txt"\n+++ "b/caf\\351.txt"\n@@ -1 +1 @@\n-a\n+b\n'
    ).files
    assert change.path == "café.txt"


def test_carriage_returns_are_endings_and_no_text() -> None:
    lines = only("crlf").hunks[0].lines
    assert [(line.text, line.ending) for line in lines] == [
        ("a", "\r\n"),
        ("b", "\r\n"),
        ("B", "\r\n"),
        ("c", "\r\n"),
    ]
    assert {line.ending for line in only("crlf-to-lf").hunks[0].lines} == {"\n", "\r\n"}


def test_a_missing_newline_at_the_end_belongs_to_its_line() -> None:
    endings = {line.text: line.ending for line in only("no-newline").hunks[0].lines}
    assert endings["three"] == ""
    assert endings["one"] == "\n"


def test_bytes_that_are_not_utf_8_are_legible() -> None:
    added = only("not-utf-8").lines_of("new")
    assert added[1] == "café é"


def test_other_line_separators_do_not_break_a_line() -> None:
    assert only("form-feed").lines_of("new") == {1: "ff␌y", 2: "ok"}


def test_content_that_looks_like_a_header_is_content() -> None:
    change = only("looks-like-header")
    assert change.path == "markers.sql"
    assert change.lines_of("new") == {1: "-- c", 2: "++ b"}


def test_a_patch_without_git_headers_is_read() -> None:
    change = only("no-git-header")
    assert (change.status, change.path) == ("modified", "long.txt")


def test_garbage_between_files_is_set_aside() -> None:
    patch = parse_patch((SAMPLES / "garbage-between.diff").read_bytes())
    assert [change.path for change in patch.files] == ["long.txt", "run.sh"]
    assert patch.strays == ("Here is my patch:", "and also", "Done.")


def test_a_file_with_wrong_counts_is_named_and_the_others_are_read() -> None:
    broken, sound = read("wrong-counts")
    assert "shorter" in broken.problem
    assert "+line fifteen" in broken.raw
    assert (sound.problem, sound.n_added) == ("", 1)


def test_a_lost_last_line_feed_loses_no_line() -> None:
    assert only("lost-last-newline").lines_of("new")[2] == "echo HI"


@pytest.mark.parametrize(
    "text", ["", "\n", "no patch", "--- \n+++ \n", "diff --git \n", "@@ -1 +1 @@\n-a\n"]
)
def test_what_is_no_patch_gives_no_lines(text: str) -> None:
    assert sum(change.n_lines for change in parse_patch(text).files) == 0


PIECES = [
    "diff --git a/x b/x\n",
    "--- a/x\n",
    "+++ b/x\n",
    "@@ -1,2 +1,2 @@ f\n",
    "@@ -1 +1 @@\n",
    "@@ -0,0 +99999999,1 @@\n",
    " a\n",
    "-b\n",
    "+c\r\n",
    "\\ No newline at end of file\n",
    "rename from y\n",
    "Binary files a/x and b/x differ\n",
    "GIT binary patch\n",
    '--- "a/\\303"\n',
    "\n",
    "\x00\x1b[1m\u2028",
]
# A number of 5,000 digits is more than Python turns into an integer.
NUMBERS = st.integers(0, 40).map(str) | st.sampled_from(["9" * 5000, "\u0663", "-1", ""])
HEADERS = st.builds("@@ -{},{} +{},{} @@\n".format, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
# Names as git quotes them, with escapes that git never writes.
QUOTED = st.text('"\\01389abntx/é', max_size=8)
NAMES = st.builds('{}"a/{}"\n'.format, st.sampled_from(["--- ", "+++ ", "rename to "]), QUOTED)


@given(st.lists(st.sampled_from(PIECES) | HEADERS | NAMES, max_size=40).map("".join) | st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    """Surrogates cannot come: PostgreSQL holds none, and bytes are decoded without any."""
    for change in parse_patch(text).files:
        assert change.n_added + change.n_removed <= change.n_lines
        change.path.encode()


@given(st.binary(max_size=300))
def test_no_bytes_break_the_parser(data: bytes) -> None:
    parse_patch(b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-" + data)


def real_patches(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*.jsonl")):
        for row in _rows(path):
            for key in ("patch", "test_patch", "gold_patch", "fix_patch"):
                if row.get(key):
                    yield f"{path.name} {row['instance_id']} {key}", row[key]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    text = path.read_text(encoding="utf-8")
    if text.startswith("["):
        yield from json.loads(text)
        return
    for line in text.split("\n"):
        if line.startswith("{"):
            yield json.loads(line)


@pytest.mark.corpus
def test_all_real_patches_of_tasks_are_read_with_the_counts_of_git(corpus: Path) -> None:
    wrong = []
    n_read = 0
    for name, text in real_patches(corpus / "tasks"):
        files = parse_patch(text).files
        expected = numstat(text.encode("utf-8", "surrogatepass"))
        counted = [(change.n_added, change.n_removed) for change in files]
        n_read += 1
        if any(change.problem for change in files) or (
            expected and sorted(counted) != sorted(expected)
        ):
            wrong.append(name)
    assert n_read > 1_400
    assert wrong == []


@pytest.mark.corpus
def test_all_real_patches_of_agents_are_read(corpus: Path) -> None:
    patches = []
    for path in sorted(corpus.glob("**/*.traj")):
        info = json.loads(path.read_text(encoding="utf-8")).get("info") or {}
        # A capture-the-flag run submits its flag, which is no patch.
        if info.get("submission") and not path.name.startswith("ctf__"):
            patches.append((path.name, info["submission"]))
    assert patches
    assert [name for name, text in patches if not parse_patch(text).files] == []


def test_a_backslash_before_a_digit_that_is_not_octal_is_that_digit() -> None:
    (change,) = parse_patch('--- "a/\\98.py"\n+++ "b/\\98.py"\n@@ -1 +1 @@\n-a\n+b\n').files
    assert change.new_path == "98.py"


@pytest.mark.parametrize("header", ["-1,{n} +1", "-1 +1,{n}", "-{n} +1", "-1 +{n}"])
def test_a_number_of_5000_digits_spoils_only_its_own_file(header: str) -> None:
    hunk = f"@@ {header.format(n='9' * 5000)} @@\n-a\n+b\n"
    good = "diff --git a/y b/y\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n"
    bad, fine = parse_patch(f"diff --git a/x b/x\n--- a/x\n+++ b/x\n{hunk}{good}").files
    assert bad.problem
    assert "+b" in bad.raw
    assert [len(fine.hunks), fine.problem] == [1, ""]
