"""Rows of a step's parts: numbered, addressed, opened by chunks; the text stays what is cited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.html import Page, page_of
from tests.trajectories.test_steps import call, make_steps, seen, trajectory
from trajectories.contexts.steps import citable_step_text
from trajectories.models import Step, Trajectory

__all__ = ["trajectory"]

LOG = "\n".join(f"line {number}" for number in range(1, 1001))
SHOWN = "[data-cite-kind=observation]"


@pytest.fixture
def client(annotator_client: Client) -> Client:
    return annotator_client


def step(client: Client, trajectory: Trajectory, **query: Any) -> Page:
    return page_of(client.get(reverse("trajectories:step", args=[trajectory.pk, 1]), query))


def numbers(page: Page, selector: str = "[data-line]") -> list[int]:
    return [int(row.get("data-line")) for row in page.select(selector)]


def everything(page: Page, client: Client) -> Iterator[str]:
    """Yield the rows of a page and, for each gap, what its first link opens."""
    for element in page.select("[data-line], .gap"):
        if element.get("data-line"):
            yield element.text_content()
        else:
            link = element.cssselect("a")[0].get("hx-get")
            yield from everything(page_of(client.get(link)), client)


def test_each_line_of_an_output_is_a_row_and_the_rows_are_what_is_cited(
    trajectory: Trajectory, client: Client
) -> None:
    make_steps(trajectory, {"observations": [seen("\none\r\n\x1b[31mtwo\x1b[0m three\n")]})
    page = step(client, trajectory)
    assert numbers(page) == [1, 2, 3, 4]
    assert page.text(SHOWN) == "\none\ntwo three\n"
    assert page.text(SHOWN) == citable_step_text(Step.objects.get(), "observation")
    assert page.texts(".ansi-red") == ["two"]


def test_a_long_output_shows_its_ends(trajectory: Trajectory, client: Client) -> None:
    make_steps(trajectory, {"observations": [seen(LOG)]})
    page = step(client, trajectory)
    assert numbers(page) == [*range(1, 41), *range(981, 1001)]
    (gap,) = page.select(".gap")
    assert gap.get("data-label") == "… 940 more lines"
    labels = [link.get("data-label") for link in gap.cssselect("a")]
    assert labels == ["next 200", "last 200", "all"]
    assert page.text(".gap") == ""


@pytest.mark.parametrize("content", [LOG, "x" * 900_000, "ab\n" * 10 + "y" * 90_000 + "\nz" * 3])
def test_a_long_output_opens_by_chunks_to_all_of_it(
    content: str, trajectory: Trajectory, client: Client
) -> None:
    make_steps(trajectory, {"observations": [seen(content)]})
    assert "".join(everything(step(client, trajectory), client)) == content


def test_a_gap_opens_from_its_end_and_as_a_whole(trajectory: Trajectory, client: Client) -> None:
    make_steps(trajectory, {"observations": [seen(LOG)]})
    links = step(client, trajectory).select(".gap a")
    last = page_of(client.get(links[1].get("hx-get")))
    assert numbers(last) == list(range(781, 981))
    assert last.select(".gap, [data-line]")[0].get("data-label") == "… 740 more lines"
    assert numbers(page_of(client.get(links[2].get("hx-get")))) == list(range(41, 981))


@pytest.mark.parametrize("take", ["next", "previous", "all"])
def test_rows_beyond_the_end_of_a_text_are_none(
    take: str, trajectory: Trajectory, client: Client
) -> None:
    make_steps(trajectory, {"observations": [seen("a\nb\nc")]})
    url = reverse("trajectories:step-part", args=[trajectory.pk, 1, "output-0"])
    rows = numbers(page_of(client.get(url, {"first": 2, "last": 900, "take": take})))
    assert rows == [2, 3]
    assert not numbers(page_of(client.get(url, {"first": 700, "last": 900, "take": take})))


def test_a_gap_opens_without_scripts_too(trajectory: Trajectory, client: Client) -> None:
    make_steps(trajectory, {"observations": [seen(LOG)]})
    page = step(client, trajectory)
    for _ in range(2):
        page = page_of(client.get(page.select(".gap a")[0].get("href")))
    assert numbers(page) == [*range(1, 441), *range(981, 1001)]
    assert not page.select(".is-target, [data-wanted]")


def test_one_huge_line_is_cut_and_says_so(trajectory: Trajectory, client: Client) -> None:
    make_steps(trajectory, {"observations": [seen("x" * 1_000_000)]})
    response = client.get(reverse("trajectories:step", args=[trajectory.pk, 1]))
    assert len(response.content) < 20_000
    (gap,) = page_of(response).select(".gap")
    assert gap.get("data-label") == "… 994,000 more characters of line 1"
    opened = client.get(gap.cssselect("a")[0].get("hx-get"))
    assert 64_000 < len(opened.content) < 80_000


@pytest.mark.parametrize(
    ("part", "targets", "shown"),
    [
        ("output-0.500-502", [500, 501, 502], range(495, 508)),
        ("output-0.3", [3], range(1, 41)),
        ("output-0.999-2000", [999, 1000], range(981, 1001)),
    ],
)
def test_an_address_opens_its_lines_and_marks_them(
    part: str, targets: list[int], shown: range, trajectory: Trajectory, client: Client
) -> None:
    make_steps(trajectory, {"observations": [seen(LOG)]})
    page = step(client, trajectory, part=part)
    assert numbers(page, ".is-target") == targets
    assert numbers(page, "[data-wanted]") == targets[:1]
    assert set(shown) <= set(numbers(page))


@pytest.mark.parametrize("part", ["thought", "call-0", "output-0", "output-0.5000"])
def test_an_address_of_a_part_scrolls_to_it(
    part: str, trajectory: Trajectory, client: Client
) -> None:
    body = {"thought": "x", "tool_calls": [call("bash", {"command": "ls"})]}
    make_steps(trajectory, {**body, "observations": [seen(LOG)]})
    (wanted,) = step(client, trajectory, part=part).select("[data-wanted]")
    assert wanted.get("id") == f"step-{trajectory.pk}-1-{part.partition('.')[0]}"


@pytest.mark.parametrize("part", ["", "output-9", "output--1", "x", "output-0.3-1"])
def test_an_address_that_makes_no_sense_shows_the_step_from_its_top(
    part: str, trajectory: Trajectory, client: Client
) -> None:
    make_steps(trajectory, {"observations": [seen("a\nb\nc")]})
    assert not step(client, trajectory, part=part).select(".is-target")


@pytest.mark.parametrize("query", ["first=0&last=3&take=all", "first=1&last=2&take=x", ""])
def test_rows_that_make_no_sense_are_not_found(
    query: str, trajectory: Trajectory, client: Client
) -> None:
    make_steps(trajectory, {"observations": [seen(LOG)]})
    url = reverse("trajectories:step-part", args=[trajectory.pk, 1, "output-0"])
    assert client.get(f"{url}?{query}").status_code == 404


def test_a_part_in_the_address_belongs_to_its_step(trajectory: Trajectory, client: Client) -> None:
    make_steps(trajectory, {}, {})
    page = step(client, trajectory, part="thought", open="output-0.1-9", q="word")
    (following,) = page.select(".step-nav a")
    assert following.get("href").endswith("?q=word&left=step&step=2")


def test_long_thoughts_and_calls_are_cut_too(trajectory: Trajectory, client: Client) -> None:
    written = {"path": "/testbed/notes.md", "command": "create", "file_text": LOG}
    make_steps(trajectory, {"thought": LOG, "tool_calls": [call("str_replace_editor", written)]})
    page = step(client, trajectory)
    assert len(page.select(".gap")) == 2
    assert "".join(everything(page, client)) == LOG + LOG


def test_what_is_searched_is_marked_and_counted_where_it_is_hidden(
    trajectory: Trajectory, client: Client
) -> None:
    make_steps(trajectory, {"observations": [seen(f"LINE 0\n{LOG}")]})
    page = step(client, trajectory, q="line 5")
    assert page.texts("mark") == ["line 5"]
    assert page.select(".gap")[0].get("data-label").endswith("110 of them with “line 5”")
    assert step(client, trajectory, q="LINE").texts("mark") == ["LINE"]


def test_a_part_with_hits_scrolls_to_the_first(trajectory: Trajectory, client: Client) -> None:
    make_steps(trajectory, {"observations": [seen(LOG)]})
    page = step(client, trajectory, q="line 77", part="output-0")
    assert numbers(page, "[data-wanted]") == [77]
    assert numbers(page, ".is-target") == []
