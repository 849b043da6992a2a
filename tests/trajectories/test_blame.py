from __future__ import annotations

import subprocess

import pytest
from django.test import Client
from django.urls import reverse

from tests.html import Page, page_of
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import SampleRepository, commit_all, git
from trajectories.code import fetch_repository, mirror_of, tree_id
from trajectories.git import GitFailed
from trajectories.git.blame import unchanged_lines
from trajectories.models import Trajectory

pytestmark = pytest.mark.django_db

MESSAGE = "Say <b>what</b> it does\n\nBecause \x1b[1m it must."


def history(client: Client, trajectory: Trajectory, tree: str, path: str, line: str = "") -> Page:
    url = reverse("trajectories:files", args=[trajectory.pk, tree])
    return page_of(client.get(f"{url}?path={path}&blame=1&line={line}"))


def cells(page: Page) -> list[str]:
    """Return each line's cell, shortened to the summary; empty where it is as the line before."""
    return [" ".join(text.split(": ", 1)[-1].split()) for text in page.texts("td.blame")]


@pytest.fixture
def grown(db: None, sample: SampleRepository) -> Trajectory:
    """A repository whose file has lines of three commits, and whose newest commit is too young."""
    core = sample.path / "pkg/core.py"
    core.write_bytes(core.read_bytes() + b"X = 1\n")
    (sample.path / "pkg/core.py").chmod(0o644)
    git(sample.path, "add", "-A")
    git(
        sample.path, "-c", "user.name=Eve &lt;i onclick=x", "commit", "-q", "-m", MESSAGE,
        "--date", "2019-03-02T10:00:00+0200",
    )  # fmt: skip
    base = git(sample.path, "rev-parse", "HEAD")
    core.write_bytes(core.read_bytes().replace(b"X = 1", b"X = 2"))
    (sample.path / ".mailmap").write_text("Younger Name <t@example.org>\n")
    commit_all(sample.path, "too young")
    sample.commit = base
    return fetched_trajectory(sample)


def test_each_run_of_lines_names_its_commit(admin_client: Client, grown: Trajectory) -> None:
    page = history(admin_client, grown, "base", "pkg/core.py")
    assert cells(page) == ["base", "", "", "Say <b>what</b> it does"]
    assert "2019-03-02" in page.texts("td.blame")[3]
    assert "Eve &lt;i onclick=x:" in page.texts("td.blame")[3]
    assert not page.select("td.blame i")


def test_nothing_younger_than_the_base_commit_shows(
    admin_client: Client, grown: Trajectory
) -> None:
    for tree in ("base", "tests", "model", "gold"):
        page = history(admin_client, grown, tree, "pkg/core.py", "4")
        text = page.root.text_content()
        assert "too young" not in text
        assert "Younger Name" not in text


def test_the_marked_line_shows_its_commits_whole_message(
    admin_client: Client, grown: Trajectory
) -> None:
    page = history(admin_client, grown, "base", "pkg/core.py", "4")
    message = page.text(".line-history pre")
    assert message.startswith("Say <b>what</b> it does")
    assert "Because ␛[1m it must." in message


@pytest.mark.parametrize("tree", ["model", "gold"])
def test_lines_of_a_patch_say_so_and_the_others_keep_their_commit(
    admin_client: Client, grown: Trajectory, tree: str
) -> None:
    page = history(admin_client, grown, tree, "pkg/core.py", "2")
    assert cells(page) == ["base", f"new in {tree}", "base", "Say <b>what</b> it does"]
    assert "no commit before the task has it" in page.text(".line-history")


def test_a_file_of_the_patch_is_new_as_a_whole(admin_client: Client, grown: Trajectory) -> None:
    page = history(admin_client, grown, "tests", "tests/test_core.py")
    assert cells(page) == ["new in base + test patch", "", "", "", ""]


def test_history_is_found_once(
    admin_client: Client, grown: Trajectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cells(history(admin_client, grown, "base", "pkg/core.py"))

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("asked git again")

    monkeypatch.setattr("trajectories.contexts.blame.blame", fail)
    assert cells(history(admin_client, grown, "base", "pkg/core.py")) == first


def test_a_history_that_takes_too_long_leaves_the_file(
    admin_client: Client, grown: Trajectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object, **__: object) -> None:
        raise GitFailed("blame", None, "no end after 10 s")

    monkeypatch.setattr("trajectories.contexts.blame.blame", slow)
    page = history(admin_client, grown, "base", "pkg/core.py")
    assert "took too long" in page.text(".notice")
    assert len(page.select("tr[data-line]")) == 4


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("abc", "abc"), ("abc", "abXc"), ("abc", "Xabc"), ("abc", "abcX"), ("abc", "ac"),
        ("abc", "bc"), ("abc", "ab"), ("abc", ""), ("", "abc"), ("abcdef", "aXcdYf"),
        ("abcdef", "def"), ("aabb", "abab"),
    ],
)  # fmt: skip
def test_lines_are_followed_through_a_change(sample: SampleRepository, old: str, new: str) -> None:
    sample.add_files({"old": "".join(f"{c}\n" for c in old).encode(),
                      "new": "".join(f"{c}\n" for c in new).encode()})  # fmt: skip
    trajectory = fetched_trajectory(sample)
    mirror = mirror_of(trajectory.task.repository)
    tree = tree_id(trajectory.task_revision, "base")
    old_blob, new_blob = mirror.blob_id(tree, "old"), mirror.blob_id(tree, "new")
    assert old_blob and new_blob
    same = unchanged_lines(mirror, old_blob, new_blob, len(new))
    assert all(old[before - 1] == new[here - 1] for here, before in same.items())
    assert len(same) >= len(set(old) & set(new)) - 1


def test_a_commit_with_odd_facts_is_shown(admin_client: Client, sample: SampleRepository) -> None:
    tree = git(sample.path, "write-tree")
    raw = (
        f"tree {tree}\nauthor \x07<> <a> 99999999999999 +9999\n"
        f"committer x <x> 1 +0000\nencoding latin-1\n\n\n"
    )
    made = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--literally", "--stdin"],
        cwd=sample.path, input=raw.encode("latin-1"), capture_output=True, check=True,
    )  # fmt: skip
    sample.commit = made.stdout.decode().strip()
    git(sample.path, "reset", "-q", "--hard", sample.commit)
    trajectory = fetched_trajectory(sample)
    fetch_repository(trajectory.task.repository)
    page = history(admin_client, trajectory, "base", "pkg/core.py", "1")
    assert len(page.select("tr[data-line]")) == 3
