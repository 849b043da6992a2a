"""For any patch that git makes between two trees: no line is lost on the way to the page."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.html import Page
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import SampleRepository
from trajectories.code import DiffSource, mirror_of
from trajectories.contexts.diff_files import DiffFile, diff_files, opened_hunk, with_body
from trajectories.contexts.diff_look import Look, Opened
from trajectories.diffs import parse_patch
from trajectories.git.text import file_lines
from trajectories.models import Trajectory

pytestmark = pytest.mark.django_db

# What the lines of a file are made of: words that repeat, blanks, odd bytes, markup.
LINES = st.sampled_from(
    [b"", b"def f():", b"    return 1", b"  return  1", b"x = [1, 2]", b"-- a", b"++ b", b"\t",
     b"@@ -1 +1 @@", b"diff --git a/x b/x", b"\\ No newline at end of file", b"<b>&amp;</b>",
     b"caf\xe9", b"caf\xc3\xa9", b"form\x0cfeed", b"a\rb", b"\xe2\x80\xae", b'"""',
     b"a moved line of code"]
)  # fmt: skip
ENDINGS = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n"])
NAMES = st.sampled_from(
    [b"a.py", b"b.py", b"folder/c.txt", b"with blank.txt", b'quo"ted', b"tab\there",
     b"d\xc3\xa9.py", b"latin\xe9", b"-dash", b"a b/b b", b"line\nfeed"]
)  # fmt: skip
MODES = st.sampled_from([b"100644", b"100644", b"100755", b"120000"])


@dataclass(frozen=True)
class File:
    content: bytes
    mode: bytes


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    if draw(st.integers(0, 15)) == 0:
        return b"\0binary" + draw(st.binary(max_size=5))
    lines = draw(st.lists(st.tuples(LINES, ENDINGS).map(b"".join), max_size=40))
    content = b"".join(lines)
    return content[:-1] if content and draw(st.integers(0, 5)) == 0 else content


@st.composite
def edited(draw: st.DrawFn, content: bytes) -> bytes:
    """Change a few lines of a file, so that hunks stand apart."""
    lines = content.split(b"\n")
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(lines)))
        lines[at : at + draw(st.integers(0, 2))] = draw(st.lists(LINES, max_size=2))
    return b"\n".join(lines)


FILES = st.builds(File, contents(), MODES)


@st.composite
def two_trees(draw: st.DrawFn) -> tuple[dict[bytes, File], dict[bytes, File]]:
    old = draw(st.dictionaries(NAMES, FILES, max_size=4))
    new: dict[bytes, File] = {}
    for name, file in old.items():
        match draw(st.integers(0, 5)):
            case 0:
                continue
            case 1:
                new[draw(NAMES)] = replace(file, content=draw(edited(file.content)))
            case 2:
                new[name] = draw(FILES)
            case _:
                content = draw(edited(file.content))
                new[name] = File(content, draw(st.sampled_from([file.mode, b"100755"])))
    return old, new | draw(st.dictionaries(NAMES, FILES, max_size=1))


def write_tree(git_dir: Path, files: dict[bytes, File]) -> str:
    """Write a tree of files by way of an index of its own; return its id."""
    index = git_dir / "random-index"
    index.unlink(missing_ok=True)
    environment = {**os.environ, "GIT_DIR": str(git_dir), "GIT_INDEX_FILE": str(index)}

    def git(*arguments: str, stdin: bytes = b"") -> bytes:
        return subprocess.run(
            ["git", *arguments], input=stdin, env=environment, check=True, capture_output=True
        ).stdout

    lines = []
    for name, file in files.items():
        blob = git("hash-object", "-w", "--stdin", stdin=file.content).strip()
        lines.append(b"%s %s\t%s\0" % (file.mode, blob, name))
    git("update-index", "-z", "--index-info", stdin=b"".join(lines))
    return git("write-tree").decode().strip()


@pytest.fixture
def trajectory(db: None, sample: SampleRepository) -> Trajectory:
    return fetched_trajectory(sample)


def source_of(trajectory: Trajectory, old: dict[bytes, File], new: dict[bytes, File]) -> DiffSource:
    mirror = mirror_of(trajectory.task.repository)
    old_tree, new_tree = (write_tree(mirror.path, files) for files in (old, new))
    patch = parse_patch(mirror.diff_trees(old_tree, new_tree))
    return DiffSource(patch, old_tree, new_tree, None)


def rendered(template: str, **context: object) -> str:
    request = RequestFactory().get("/page/")
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    return render_to_string(f"trajectories/{template}", context, request)


def page_of_file(file: DiffFile) -> Page:
    return Page.of_text(rendered("_diff_file.html", file=file))


Numbered = list[tuple[int, str]]


def sides(page: Page) -> tuple[Numbered, Numbered, Counter[str]]:
    """Read (old lines, new lines, counts of removed and added) back from either view."""
    old: Numbered = []
    new: Numbered = []
    counts: Counter[str] = Counter()
    for element in page.select("[data-line]"):
        text = str((element.cssselect("td.code") or [element])[0].text_content())
        is_context = element.get("data-old-line") is not None
        if is_context and element.tag == "tr":
            old.append((int(element.get("data-old-line") or 0), text))
            new.append((int(element.get("data-new-line") or 0), text))
            continue
        side = old if element.get("data-side") == "old" else new
        side.append((int(element.get("data-line") or 0), text))
        if not is_context:
            counts["removed" if side is old else "added"] += 1
    return old, new, counts


def gaps_of(page: Page) -> Iterator[dict[str, int]]:
    for link in page.select(".hunk-more a"):
        query = parse_qs(urlsplit(link.get("hx-get") or "").query)
        yield {name: int(query[name][0]) for name in ("gap", "top", "bottom")}


def name_of(path: str | None, files: dict[bytes, File]) -> list[str] | None:
    """Return the lines of a file as the site shows them; None for a name that is not UTF-8."""
    if path is None:
        return []
    file = files.get(path.encode())
    return file_lines(file.content) if file else None


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(trees=two_trees())
def test_no_line_is_lost_or_invented_between_git_and_the_page(
    trajectory: Trajectory, trees: tuple[dict[bytes, File], dict[bytes, File]]
) -> None:
    source = source_of(trajectory, *trees)
    assert source.patch.strays == ()
    assert len(source.patch.files) == n_changed(trajectory, source)
    for look in (Look(view="unified"), Look(view="split")):
        for file in diff_files(trajectory, "model", source, look):
            check_file(file, source, *trees)


def n_changed(trajectory: Trajectory, source: DiffSource) -> int:
    """Return how many entries git counts; a change of type is a deletion and an addition."""
    out = mirror_of(trajectory.task.repository).git(
        "diff-tree", "-r", "-M", "-z", "--raw", source.old_tree or "", source.new_tree or ""
    )
    statuses = [part.split(b" ")[-1] for part in out.split(b"\0") if part.startswith(b":")]
    return len(statuses) + statuses.count(b"T")


def check_file(
    file: DiffFile, source: DiffSource, old: dict[bytes, File], new: dict[bytes, File]
) -> None:
    change = file.change
    assert change.problem == ""
    page = page_of_file(with_body(file, source))
    old_shown, new_shown, counts = sides(page)
    assert (counts["removed"], counts["added"]) == (change.n_removed, change.n_added)
    old_lines, new_lines = name_of(change.old_path, old), name_of(change.new_path, new)
    if change.is_binary or old_lines is None or new_lines is None:
        return
    assert set(old_shown) <= set(enumerate(old_lines, start=1))
    assert set(new_shown) <= set(enumerate(new_lines, start=1))
    check_opened(file, source, page, list(enumerate(old_lines, 1)), list(enumerate(new_lines, 1)))


def check_opened(
    file: DiffFile, source: DiffSource, page: Page, old_lines: Numbered, new_lines: Numbered
) -> None:
    """Open all that is left out: then both sides are exactly the files."""
    if not file.change.hunks:
        return
    everything = {gap["gap"]: Opened(0, 10_000) for gap in gaps_of(page)}
    whole = page_of_file(
        with_body(replace(file, look=replace(file.look, opened=everything)), source)
    )
    old_shown, new_shown, _ = sides(whole)
    assert (old_shown, new_shown) == (old_lines, new_lines)
    assert not whole.select(".hunk-more")
    # The fragment of a hunk says the same as the page that opens the same lines.
    for gap in gaps_of(page):
        opened = {gap["gap"]: Opened(gap["top"], gap["bottom"])}
        asked = replace(file, look=replace(file.look, opened=opened))
        hunk = opened_hunk(asked, source, gap["gap"], None)
        assert hunk is not None
        html = rendered("_diff_hunk_fragment.html", file=asked, hunk=hunk)
        fragment = Page.of_text(f"<table>{html}</table>")
        in_page = page_of_file(with_body(asked, source)).select(f"#{hunk.element_id}")
        assert [row.text_content() for row in fragment.select("tbody td.code")] == [
            cell.text_content() for cell in in_page[0].cssselect("td.code")
        ]
