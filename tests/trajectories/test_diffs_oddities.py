"""Every oddity of a patch, read back from the fragment that a person sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_trajectory
from tests.html import Page, page_of
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import SampleRepository
from trajectories.contexts.diff_files import OPEN_LINES
from trajectories.git.text import decode
from trajectories.models import Trajectory

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).resolve().parents[1] / "samples" / "diffs"


def sample_text(name: str) -> str:
    return decode((SAMPLES / f"{name}.diff").read_bytes())


def page_of_diff(client: Client, trajectory: Trajectory, query: str = "") -> Page:
    return page_of(client.get(reverse("trajectories:diff", args=[trajectory.pk, "model"]) + query))


def shown(client: Client, name: str, query: str = "") -> Page:
    return page_of_diff(client, make_trajectory(model_patch=sample_text(name)), query)


def marks(page: Page) -> list[str]:
    return [mark.get("data-mark") or "" for mark in page.select(".diff-mark")]


@pytest.mark.parametrize("view", ["unified", "split"])
@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("*.diff")))
def test_every_sample_is_drawn_with_all_its_files(
    admin_client: Client, name: str, view: str
) -> None:
    page = shown(admin_client, name, f"?view={view}")
    headers = [line for line in sample_text(name).split("\n") if line.startswith("diff --")]
    assert len(page.select("article.diff-file")) == max(1, len(headers))
    ids = [element.get("id") for element in page.select("[id]")]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("rename", "renamed"),
        ("copy", "copied, 92% alike"),
        ("rewritten", "renamed, 0% alike"),
        ("mode", "mode 100644 → 100755"),
        ("mode-and-change", "mode 100644 → 100755"),
        ("submodule", "submodule"),
    ],
)
def test_what_happened_to_the_file_is_said(admin_client: Client, name: str, label: str) -> None:
    assert label in shown(admin_client, name).text("summary .chip")


def test_a_symbolic_link_is_called_so(admin_client: Client) -> None:
    assert "symbolic link" in shown(admin_client, "symlink").text("summary .chip")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("binary", "Binary file"),
        ("binary-literal", "Binary file"),
        ("pure-rename", "renamed without a change"),
        ("empty-files", "An empty file is deleted"),
        ("mode", "Only the file's mode changes"),
        ("combined", "a combined diff of a merge"),
        ("wrong-counts", "could not be read"),
    ],
)
def test_why_there_are_no_lines_is_said(admin_client: Client, name: str, reason: str) -> None:
    assert reason in shown(admin_client, name).text(".file-message")


def test_a_combined_diff_is_shown_as_it_came_and_the_next_file_as_ever(
    admin_client: Client,
) -> None:
    page = shown(admin_client, "combined")
    assert "++    return total" in page.text("article pre")
    assert page.text('[data-path="run.sh"] tr.diff-line--added td.code') == "echo hi"


def test_mixed_line_endings_and_a_missing_one_are_marked(admin_client: Client) -> None:
    page = shown(admin_client, "crlf-mixed")
    assert marks(page) == [
        "CR LF",
        "CR LF",
        "blanks only",
        "no newline at end",
        "CR LF, blanks only",
    ]


def test_line_endings_that_are_all_alike_are_not_marked(admin_client: Client) -> None:
    assert marks(shown(admin_client, "crlf")) == []


def test_quoted_names_are_shown_as_they_are(admin_client: Client) -> None:
    page = shown(admin_client, "quoted-names")
    assert page.select('[data-path="dätä.txt"]')


def test_what_belongs_to_no_file_is_shown(admin_client: Client) -> None:
    assert "Here is my patch:" in shown(admin_client, "garbage-between").text(".diff-strays pre")


def test_bytes_that_are_not_utf_8_are_shown_as_latin_1(admin_client: Client) -> None:
    assert "café é" in shown(admin_client, "not-utf-8").texts("tr.diff-line--added td.code")


@pytest.mark.parametrize("name", ["fuzz", "one-hunk-fails"])
def test_a_patch_that_fails_is_shown_with_its_failing_hunks(
    admin_client: Client, sample: SampleRepository, name: str
) -> None:
    trajectory = fetched_trajectory(sample)
    trajectory.model_patch = sample_text(name)
    trajectory.save()
    page = page_of_diff(admin_client, trajectory)
    assert "A run also tries a three-way merge" in page.text(".notice")
    failing = [bool(hunk.cssselect(".chip--bad")) for hunk in page.select("tr.hunk")]
    assert failing == {"fuzz": [True], "one-hunk-fails": [False, True]}[name]
    assert "return a + b" in page.text("tr.diff-line--added td.code")
    assert not page.select(".hunk-more")


@pytest.mark.parametrize("view", ["unified", "split"])
def test_a_line_of_a_million_letters_is_cut_until_all_is_asked_for(
    admin_client: Client, view: str
) -> None:
    old, new = "a" * 500_000 + "b" * 500_000, "a" * 500_000 + "c" + "b" * 500_000
    patch = f"--- a/min.js\n+++ b/min.js\n@@ -1 +1 @@\n-{old}\n+{new}\n"
    trajectory = make_trajectory(model_patch=patch)
    response = admin_client.get(
        reverse("trajectories:diff", args=[trajectory.pk, "model"]) + f"?view={view}"
    )
    assert len(response.content) < 50_000
    assert "2,000 of 1,000,001 characters" in marks(page_of(response))
    url = reverse("trajectories:diff-file", args=[trajectory.pk, "model"])
    whole = page_of(admin_client.get(f"{url}?path=min.js&all=1&view={view}"))
    assert new in whole.texts("td.code")


def test_more_than_ten_thousand_lines_come_in_pieces(admin_client: Client) -> None:
    lines = "".join(f"+line {number}\n" for number in range(12_000))
    patch = f"--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1,12000 @@\n{lines}"
    trajectory = make_trajectory(model_patch=patch)
    page = page_of_diff(admin_client, trajectory)
    assert len(page.select("tr[data-line]")) == OPEN_LINES
    deep = page_of_diff(admin_client, trajectory, "?file=new.txt&at=n9000")
    assert deep.text("tr.is-target td.code") == "line 8999"
    assert len(deep.select("tr[data-line]")) <= 300


def test_lines_that_moved_name_where_to(admin_client: Client) -> None:
    body = ["def normalise(name):", "    return name.strip().lower()"]
    removed = "".join(f"-{line}\n" for line in body)
    added = "".join(f"+{line}\n" for line in body)
    patch = (
        f"--- a/a.py\n+++ b/a.py\n@@ -1,3 +1 @@\n import os\n{removed}"
        f"--- a/b.py\n+++ b/b.py\n@@ -1 +1,3 @@\n import re\n{added}"
    )
    for view in ("unified", "split"):
        page = page_of_diff(admin_client, make_trajectory(model_patch=patch), f"?view={view}")
        there, back = page.select("a.diff-moved")
        assert there.get("aria-label") == "2 lines moved to b.py, line 2"
        assert back.get("aria-label") == "2 lines moved from a.py, line 2"
        assert "file=b.py&at=n2" in (there.get("href") or "")
        assert len(page.select(".is-moved")) == 4
        cells = [cell.text_content() for cell in page.select("td.code.is-moved, .is-moved td.code")]
        assert cells == [*body, *body]


def test_an_address_of_the_page_is_no_markup(admin_client: Client) -> None:
    trajectory = make_trajectory(model_patch=sample_text("rename"))
    headers = {"HX-Request": "true", "HX-Current-URL": 'http://testserver/"><script>x</script>/'}
    url = reverse("trajectories:diff", args=[trajectory.pk, "model"])
    assert not page_of(admin_client.get(url, headers=headers)).select("script")
