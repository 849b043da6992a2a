from __future__ import annotations

import pytest
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse

from tests.factories import make_trajectory
from tests.html import Page, page_of
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import SampleRepository
from trajectories.models import Trajectory

pytestmark = pytest.mark.django_db

LONG = [
    *(f"start = {number}" for number in range(1, 40)),
    "def outer(value):",
    *(f"    step_{number} = value" for number in range(41, 80)),
    "    return value",
    *(f"end = {number}" for number in range(81, 201)),
]
PATCH = """\
--- a/long.py
+++ b/long.py
@@ -78,4 +78,4 @@ def outer(value):
     step_78 = value
     step_79 = value
-    return value
+    return value + 1
 end = 81
"""


@pytest.fixture
def trajectory(db: None, sample: SampleRepository) -> Trajectory:
    sample.add_files({"long.py": "".join(f"{line}\n" for line in LONG).encode()})
    trajectory = fetched_trajectory(sample)
    trajectory.model_patch = PATCH
    trajectory.save()
    return trajectory


def diff_page(client: Client, trajectory: Trajectory, query: str = "") -> Page:
    return page_of(client.get(reverse("trajectories:diff", args=[trajectory.pk, "model"]) + query))


def rows_of(response: HttpResponseBase) -> Page:
    assert response.status_code == 200
    return Page.of_text(f"<table>{response.getvalue().decode()}</table>")


def follow(client: Client, page: Page, label: str) -> Page:
    links = [link for link in page.select(".hunk-more a") if label in link.text_content()]
    return rows_of(client.get(links[0].get("hx-get") or ""))


def new_lines(page: Page) -> list[int]:
    return [int(row.get("data-line") or 0) for row in page.select('tr[data-side="new"]')]


def test_the_header_names_the_function_of_the_change(
    admin_client: Client, trajectory: Trajectory
) -> None:
    page = diff_page(admin_client, trajectory)
    assert page.text("tr.hunk b") == "outer"
    (hunk,) = page.select("tr.hunk")
    assert (hunk.get("data-hunk"), hunk.get("tabindex")) == ("o80", "-1")


def test_twenty_lines_before_a_hunk_open_in_place(
    admin_client: Client, trajectory: Trajectory
) -> None:
    page = diff_page(admin_client, trajectory)
    opened = follow(admin_client, page, "↑ 20 lines")
    assert new_lines(opened) == list(range(58, 82))
    assert "all 57" in opened.text(".hunk-more")
    assert new_lines(follow(admin_client, opened, "↑ 20 lines"))[0] == 38


@pytest.mark.parametrize("label", ["↑ 20 lines", "↓ 20 lines"])
def test_what_is_open_of_a_gap_is_named_as_an_address_names_it(
    admin_client: Client, trajectory: Trajectory, label: str
) -> None:
    opened = follow(admin_client, diff_page(admin_client, trajectory), label)
    (hunk,) = opened.select("tbody[data-opened]")
    again = diff_page(admin_client, trajectory, f"?file=long.py&opened={hunk.get('data-opened')}")
    assert set(new_lines(opened)) <= set(new_lines(again))
    assert len(again.select("tbody[data-opened]")) == 1


def test_all_lines_before_the_first_hunk_open(admin_client: Client, trajectory: Trajectory) -> None:
    opened = follow(admin_client, diff_page(admin_client, trajectory), "all 77")
    assert new_lines(opened) == list(range(1, 82))
    assert not opened.select("tr.hunk .hunk-more")


def test_the_lines_up_to_the_enclosing_function_open(
    admin_client: Client, trajectory: Trajectory
) -> None:
    opened = follow(admin_client, diff_page(admin_client, trajectory), "↑ to outer")
    assert new_lines(opened)[0] == 40


def test_a_blank_line_before_a_change_does_not_say_which_function_it_is_in(
    admin_client: Client, trajectory: Trajectory
) -> None:
    trajectory.model_patch = (
        "--- a/long.py\n+++ b/long.py\n@@ -79,3 +79,5 @@\n"
        "     step_79 = value\n     return value\n+\n+def later(): ...\n end = 81\n"
    )
    trajectory.save()
    assert diff_page(admin_client, trajectory).text("tr.hunk b") == "later"


def test_no_function_is_named_for_a_line_outside_of_all(
    admin_client: Client, trajectory: Trajectory
) -> None:
    """git names whatever line above begins with a letter, an import or an assignment too."""
    trajectory.model_patch = (
        "--- a/long.py\n+++ b/long.py\n@@ -20,2 +20,3 @@ start = 19\n"
        " start = 20\n+added = 1\n start = 21\n"
    )
    trajectory.save()
    hunk = diff_page(admin_client, trajectory).text("tr.hunk")
    assert "start = 19" not in hunk
    assert "↑ to" not in hunk
    assert "19 lines" in hunk


def test_what_stands_after_the_last_hunk_opens(
    admin_client: Client, trajectory: Trajectory
) -> None:
    page = diff_page(admin_client, trajectory)
    opened = follow(admin_client, page, "↓ 20 lines")
    assert new_lines(opened) == list(range(82, 102))
    assert new_lines(follow(admin_client, opened, "all 99")) == list(range(82, 201))


def test_opened_lines_have_the_numbers_and_text_of_both_sides(
    admin_client: Client, trajectory: Trajectory
) -> None:
    opened = follow(admin_client, diff_page(admin_client, trajectory), "all 77")
    row = opened.select('tr[data-old-line="40"][data-new-line="40"] td.code')[0]
    assert row.text_content() == "def outer(value):"


def test_without_javascript_the_link_opens_the_page_with_the_lines(
    admin_client: Client, trajectory: Trajectory
) -> None:
    page = diff_page(admin_client, trajectory)
    (link,) = [a for a in page.select(".hunk-more a") if "↑ 20" in a.text_content()]
    query = (link.get("href") or "").partition("?")[2].partition("#")[0]
    assert "file=long.py" in query
    assert new_lines(diff_page(admin_client, trajectory, f"?{query}"))[0] == 58


@pytest.mark.parametrize("view", ["unified", "split"])
def test_an_address_in_no_hunk_opens_around_its_line(
    admin_client: Client, trajectory: Trajectory, view: str
) -> None:
    page = diff_page(admin_client, trajectory, f"?file=long.py&at=n150&view={view}")
    (target,) = page.select("tr.is-target[data-wanted]")
    assert "end = 150" in target.text_content()
    assert page.select("tr.hunk")


def test_an_address_of_an_old_line_marks_it(admin_client: Client, trajectory: Trajectory) -> None:
    page = diff_page(admin_client, trajectory, "?file=long.py&at=o80")
    assert page.text("tr.is-target td.code") == "    return value"


def test_around_an_addressed_line_more_can_be_opened(
    admin_client: Client, trajectory: Trajectory
) -> None:
    page = diff_page(admin_client, trajectory, "?file=long.py&at=n150")
    everything = set(new_lines(page))
    for label in ("all 77", "all 58", "all 40"):
        everything |= set(new_lines(follow(admin_client, page, label)))
    assert everything == set(range(1, 201))


@pytest.mark.parametrize("at", ["n999", "x", "n0", "o99999999", "n-1", "n1-999999"])
def test_an_address_that_is_not_there_opens_the_file(
    admin_client: Client, trajectory: Trajectory, at: str
) -> None:
    assert diff_page(admin_client, trajectory, f"?file=long.py&at={at}").select("tr.hunk")


def test_without_trees_nothing_can_be_opened(admin_client: Client) -> None:
    page = diff_page(admin_client, make_trajectory(model_patch=PATCH))
    assert page.select("tr.hunk")
    assert not page.select(".hunk-more")


def test_a_patch_that_applies_elsewhere_opens_nothing_wrong(
    admin_client: Client, trajectory: Trajectory
) -> None:
    trajectory.model_patch = PATCH.replace("-78,4 +78,4", "-70,4 +70,4")
    trajectory.save()
    page = diff_page(admin_client, trajectory)
    assert not page.select(".notice")
    assert not page.select(".hunk-more")


@pytest.mark.parametrize("query", ["", "&gap=2&bottom=20", "&gap=x", "&gap=99999999"])
def test_what_is_no_gap_is_not_found(
    admin_client: Client, trajectory: Trajectory, query: str
) -> None:
    url = reverse("trajectories:diff-context", args=[trajectory.pk, "model"])
    assert admin_client.get(f"{url}?path=long.py{query}").status_code == 404


def test_lines_that_differ_in_blanks_are_marked_and_can_be_hidden(
    admin_client: Client, sample: SampleRepository
) -> None:
    sample.add_files({"blank.py": b"if a:\n  b = 1\nc = 2\n"})
    trajectory = fetched_trajectory(sample)
    trajectory.model_patch = (
        "--- a/blank.py\n+++ b/blank.py\n"
        "@@ -1,3 +1,3 @@\n if a:\n-  b = 1\n-c = 2\n+    b = 1\n+c = 3\n"
    )
    trajectory.save()
    page = diff_page(admin_client, trajectory)
    assert len(page.select("tr.is-space")) == 2
    assert page.select("tr.is-space .diff-mark")[0].get("data-mark") == "blanks only"
    hidden = diff_page(admin_client, trajectory, "?ws=hide")
    assert not hidden.select("tr.is-space")
    assert hidden.text("tr.diff-line--added td.code") == "c = 3"
    assert hidden.text('tr[data-old-line="2"][data-new-line="2"] td.code') == "    b = 1"
