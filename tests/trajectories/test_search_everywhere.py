"""The search across trajectories: words from PostgreSQL's index, the text rechecked."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from tests.factories import grant, make_batch, make_trajectory
from tests.html import Page, page_of
from tests.trajectories.test_steps import call, make_steps, seen
from trajectories.contexts import search_everywhere
from trajectories.indexing import ask_for_index, index_trajectories
from trajectories.models import StepWords, Trajectory
from trajectories.words import CHUNK_CHARS, chunks_of, query_of, words_of


@pytest.fixture(autouse=True)
def nothing_asked_yet() -> None:
    cache.clear()


def trajectory_with(*outputs: str, **fields: Any) -> Trajectory:
    """Make a trajectory, indexed, with a step per output."""
    trajectory = make_trajectory()
    make_steps(trajectory, *({"observations": [seen(output)], **fields} for output in outputs))
    index_trajectories([trajectory.pk])
    return trajectory


def search(client: Client, **query: Any) -> Page:
    return page_of(client.get(reverse("trajectories:search-all"), query))


def hits(page: Page) -> list[str]:
    return [text.split(": ", 1)[1] for text in page.texts(".found ul a")]


def test_steps_of_all_trajectories_are_found_with_their_lines(
    db: None, admin_client: Client
) -> None:
    one = trajectory_with("nothing", "a\nraise ValueError(x)\n")
    trajectory_with("ValueError: bad")
    page = search(admin_client, q="valueerror")
    assert hits(page) == ["raise ValueError(x)", "ValueError: bad"]
    link = page.select(".found ul a")[0].get("href")
    assert link == f"{one.get_absolute_url()}?left=step&step=2&part=output-0.2&q=valueerror"
    assert page_of(admin_client.get(link)).text("[data-wanted]") == "raise ValueError(x)\n"


def test_thoughts_and_calls_are_found_too(db: None, admin_client: Client) -> None:
    edit = call("edit", {"path": "a.py", "old_str": "x", "new_str": "get_queryset()"})
    trajectory_with("x", thought="I override get_queryset.", tool_calls=[edit])
    assert hits(search(admin_client, q="get_queryset")) == [
        "I override get_queryset.",
        "get_queryset()",
    ]


@pytest.mark.parametrize("q", ["query", "Set", "get_q", "QuerySet)", "sql/query.py", "py:7"])
def test_a_text_is_found_from_the_beginning_of_a_word_or_of_its_parts(
    q: str, db: None, admin_client: Client
) -> None:
    trajectory_with("f(get_queryset, QuerySet) django/db/models/sql/query.py:745")
    assert len(hits(search(admin_client, q=q))) == 1


def test_the_words_have_to_stand_together(db: None, admin_client: Client) -> None:
    trajectory_with("add the months", "months to add")
    assert hits(search(admin_client, q="add the mon")) == ["add the months"]


def test_a_search_in_a_batch_finds_nothing_of_another(db: None, admin_client: Client) -> None:
    inside, outside = trajectory_with("needle in"), trajectory_with("needle out")
    make_batch(inside, slug="inside")
    make_batch(outside)
    assert hits(search(admin_client, q="needle", batch="inside")) == ["needle in"]
    url = reverse("trajectories:search-all")
    assert admin_client.get(url, {"batch": "absent", "q": "x"}).status_code == 404


def test_only_what_a_person_may_open_is_found(
    annotator: User, annotator_client: Client, client: Client
) -> None:
    mine, hidden = trajectory_with("needle mine"), trajectory_with("needle hidden")
    make_batch(mine, slug="mine")
    make_batch(hidden, slug="hidden")
    grant(annotator, mine)
    page = search(annotator_client, q="needle")
    assert hits(page) == ["needle mine"]
    choices = [option.get("value") for option in page.select("option")]
    assert choices == ["", "mine"]
    url = reverse("trajectories:search-all")
    assert annotator_client.get(url, {"batch": "hidden"}).status_code == 404
    assert client.get(url).status_code == 302
    assert annotator_client.post(url).status_code == 405


def test_pages_go_on_until_everything_was_shown(
    db: None, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_everywhere, "CANDIDATES", 2)
    for start in (0, 3):
        trajectory_with(*(f"needle {start + number}" for number in range(3)))
    page = search(admin_client, q="needle")
    found = hits(page)
    while page.select("a[rel=next]"):
        page = page_of(admin_client.get(page.select("a[rel=next]")[0].get("href")))
        found += hits(page)
    assert found == [f"needle {number}" for number in range(6)]


def test_what_is_not_indexed_is_told_and_asked_for(db: None, admin_client: Client) -> None:
    trajectory = make_trajectory()
    page = search(admin_client, q="reproduction")
    assert "The words of 1 trajectory are not indexed yet" in page.text(".notice--warn")
    index_trajectories([trajectory.pk])
    page = search(admin_client, q="reproduction")
    assert not page.select(".notice--warn")
    assert len(hits(page)) == 3


def test_indexing_twice_changes_nothing(db: None) -> None:
    trajectory = trajectory_with("a", "b")
    index_trajectories([trajectory.pk, trajectory.pk + 1000])
    assert StepWords.objects.count() == 2
    assert ask_for_index(Trajectory.objects.all()) == 0


def test_a_huge_output_is_indexed_in_chunks(db: None, admin_client: Client) -> None:
    words = " ".join(f"word{number:07}x{number * 7919}" for number in range(60_000))
    trajectory_with(words + "\nthe last line")
    assert StepWords.objects.count() > 10
    assert hits(search(admin_client, q="the last line")) == ["the last line"]
    border = words[CHUNK_CHARS - 60 : CHUNK_CHARS + 60].split(" ", 1)[1]
    assert len(hits(search(admin_client, q=border))) == 1


@pytest.mark.parametrize(
    "q", ["", " ", "==", "'", "a'b", "& | !", "x:*", "\\", "<b>", "\x00", "日本"]
)
def test_any_text_can_be_searched(q: str, db: None, admin_client: Client) -> None:
    trajectory_with("a'b x:* <b> \\ 日本語")
    page = search(admin_client, q=q)
    assert hits(page) or page.select(".empty")


@pytest.mark.parametrize("after", ["1", "x.y", "1.2.3", "99999999999.1"])
def test_a_page_that_makes_no_sense_is_not_found(
    after: str, db: None, admin_client: Client
) -> None:
    url = reverse("trajectories:search-all")
    assert admin_client.get(url, {"q": "x", "after": after}).status_code == 404


def test_the_batch_page_has_the_search(db: None, admin_client: Client) -> None:
    make_batch(make_trajectory(), slug="these")
    page = page_of(admin_client.get(reverse("annotator:batch", args=["these"])))
    (form,) = page.select("form.search-box")
    assert form.get("action") == reverse("trajectories:search-all")
    assert form.cssselect("[name=batch]")[0].get("value") == "these"


def test_a_search_asks_as_often_for_twice_as_many_trajectories(
    db: None, admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for _ in range(2):
        for _ in range(4):
            make_batch(trajectory_with("needle", "needle"))
        with django_assert_max_num_queries(12) as captured:
            search(admin_client, q="needle")
        counts.append(len(captured))
    assert counts[0] == counts[1]


@given(st.text(max_size=200))
def test_every_word_of_a_text_is_asked_for_by_the_beginning_of_one_it_has(text: str) -> None:
    words = words_of(text)
    for asked in query_of(text).split(" & "):
        assert not asked or asked.removesuffix(":*").strip("'") in words


@given(st.text(max_size=100), st.integers(1, 3))
def test_chunks_hold_the_text(text: str, times: int) -> None:
    long = text * 2_000 * times
    chunks = list(chunks_of(long))
    assert chunks
    assert sum(map(len, chunks)) >= len(long)


def test_nothing_found_says_how_words_are_found(db: None, admin_client: Client) -> None:
    trajectory_with("autosummary")
    said = search(admin_client, q="summary").text(".empty")
    assert "“summary”. Words are found by their beginning." in said
