"""The list of steps: windows of it, filters, marks, the ribbon."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import make_trajectory
from tests.html import Page, page_of
from tests.trajectories.test_steps import make_steps
from trajectories.contexts.outline import WINDOW_ROWS
from trajectories.models import Grant, Trajectory


@pytest.fixture
def trajectory(annotator: User) -> Trajectory:
    trajectory = make_trajectory()
    Grant.objects.create(user=annotator, trajectory=trajectory)
    return trajectory


def url_of(trajectory: Trajectory) -> str:
    return reverse("trajectories:outline", args=[trajectory.pk])


def outline(client: Client, trajectory: Trajectory, **query: object) -> Page:
    return page_of(client.get(url_of(trajectory), query))


def numbers(page: Page) -> list[int]:
    return [int(row.get("data-step")) for row in page.select("li[data-step]")]


def test_every_step_is_listed_and_the_open_one_is_marked(
    trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(
        trajectory,
        {"kind": "search", "summary": "find “x”"},
        {"kind": "test", "summary": "pytest t.py", "is_error": True},
        {"kind": "test", "summary": "pytest t.py"},
        {"kind": "edit", "summary": "edit t.py", "is_error": True},
    )
    page = outline(annotator_client, trajectory, step=2)
    assert page.texts(".steps .glyph") == ["⌕", "✗", "✓", "✗"]
    assert len(page.select(".steps .glyph--bad")) == 2
    assert [row.get("data-step") for row in page.select("li[aria-current]")] == ["2"]
    link = page.select(".steps a")[0]
    assert link.get("hx-get") == reverse("trajectories:step", args=[trajectory.pk, 1])
    assert "step=1" in link.get("href")


def test_a_tool_of_a_server_goes_by_its_own_name(
    trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(trajectory, {"kind": "other", "summary": "mcp__issues__issue_get 686"})
    page = outline(annotator_client, trajectory)
    assert page.texts(".steps .t") == ["1, Other: issue_get 686"]
    assert page.select(".steps a")[0].get("title") == "mcp__issues__issue_get 686"


@pytest.mark.parametrize(
    "path", ["django/db/models/sql/query.py:745", "/home/me/django/db/models/sql/query.py:745"]
)
def test_a_long_path_keeps_its_end(
    path: str, trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(trajectory, {"kind": "read", "summary": f"open {path}"})
    page = outline(annotator_client, trajectory)
    assert page.texts(".steps .t") == ["1, Read: open …/sql/query.py:745"]
    assert page.select(".steps a")[0].get("title") == f"open {path}"


def test_files_time_and_cost_are_said_where_they_are_known(
    trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(
        trajectory,
        {"summary": "python run.py", "files": ["pkg/run.py", "pkg/core.py"]},
        {"duration_seconds": 3.21, "cost_usd": "0.0123"},
        {"summary": "nothing known"},
    )
    page = outline(annotator_client, trajectory)
    assert page.texts(".steps .d") == ["core.py", "3.2 s $0.012"]


def test_a_run_without_turns_says_so(trajectory: Trajectory, annotator_client: Client) -> None:
    make_steps(trajectory)
    page = outline(annotator_client, trajectory)
    assert "stopped before its first turn (submitted)" in page.text(".empty")


@pytest.mark.parametrize("step", ["", "x", "-1", "99999999999999999999"])
def test_a_step_that_makes_no_sense_marks_nothing(
    step: str, trajectory: Trajectory, annotator_client: Client
) -> None:
    assert not outline(annotator_client, trajectory, step=step).select("li[aria-current]")


def test_what_failed_is_filtered_whatever_its_kind(
    trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(
        trajectory,
        {"kind": "edit", "is_error": True},
        {"kind": "edit"},
        {"kind": "run", "is_error": True},
    )
    page = outline(annotator_client, trajectory, kind="failed")
    assert numbers(page) == [1, 3]
    assert page.texts("select[name=kind] option") == ["any kind", "Edit", "Run", "Failed"]
    make_steps(trajectory, {"kind": "edit"})
    assert "Failed" not in outline(annotator_client, trajectory).text("select[name=kind]")


# --- windows --------------------------------------------------------------------------------------


def test_a_long_list_holds_the_rows_around_the_open_step_and_leads_to_the_others(
    annotator: User, annotator_client: Client
) -> None:
    trajectory = make_trajectory(n_steps=5 * WINDOW_ROWS)
    Grant.objects.create(user=annotator, trajectory=trajectory)
    page = outline(annotator_client, trajectory, step=300)
    shown = numbers(page)
    assert len(shown) == WINDOW_ROWS
    assert 300 in shown
    seen = set(shown)
    waiting = [more.get("hx-get") for more in page.select("[data-more]")]
    while waiting:
        part = page_of(annotator_client.get(waiting.pop()))
        fresh = numbers(part)
        assert not seen & set(fresh)
        assert len(fresh) <= WINDOW_ROWS
        seen |= set(fresh)
        waiting += [more.get("hx-get") for more in part.select("[data-more]")]
    assert seen == set(range(1, 5 * WINDOW_ROWS + 1))


def test_the_page_does_not_grow_with_the_number_of_steps(
    annotator: User, annotator_client: Client
) -> None:
    sizes = []
    for factor in (2, 10):
        trajectory = make_trajectory(n_steps=factor * WINDOW_ROWS)
        Grant.objects.create(user=annotator, trajectory=trajectory)
        sizes.append(len(outline(annotator_client, trajectory, step=1).select("*")))
    assert sizes[0] == sizes[1]


# --- filters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"kind": "edit"}, [2]),
        ({"touch": "core.py"}, [1, 2]),
        ({"find": "PYTEST"}, [3]),
        ({"kind": "edit", "find": "pytest"}, []),
        ({"kind": "no such kind"}, [1, 2, 3]),
    ],
)
def test_the_list_is_filtered_by_kind_file_and_words(
    query: dict[str, str], expected: list[int], trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(
        trajectory,
        {"kind": "read", "summary": "open core.py", "files": ["pkg/core.py"]},
        {"kind": "edit", "summary": "edit core.py", "files": ["pkg/core.py"]},
        {"kind": "test", "summary": "pytest tests"},
    )
    page = outline(annotator_client, trajectory, **query)
    assert numbers(page) == expected
    if not expected:
        assert "No step fits" in page.text(".empty")
        assert "0 of 3 steps" in page.text(".pane-title")


def test_a_filter_stands_in_the_page_s_address_and_works_without_scripts(
    trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(trajectory, {"kind": "edit"}, {"kind": "run"})
    response = annotator_client.get(
        url_of(trajectory),
        {"kind": "edit", "step": "1"},
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/x/?step=1&find=old"},
    )
    assert response.headers["HX-Replace-Url"] == "/x/?step=1&kind=edit"
    page = page_of(annotator_client.get(f"{trajectory.get_absolute_url()}?kind=edit"))
    assert numbers(page) == [1]


# --- sub-agents and condensations -----------------------------------------------------------------


def test_sub_agents_and_condensations_stand_where_they_happen(
    trajectory: Trajectory, annotator_client: Client
) -> None:
    agent = {"agent": {"name": "explorer", "depth": 1}}
    condensation = {"condensation": {"n_steps": 2, "summary_chars": 90}}
    make_steps(trajectory, {}, {"extra": agent}, {"extra": agent}, {"extra": condensation}, {})
    page = outline(annotator_client, trajectory)
    order = [
        row.get("data-step") or row.text_content().strip() for row in page.select(".steps > li")
    ]
    assert order == [
        *("1", "↳ explorer · 2 steps", "2", "3"),
        *("2 steps replaced by a summary", "4", "5"),
    ]
    assert len(page.select("li[data-step].steps-row--depth-1")) == 2


def test_a_filter_keeps_the_name_of_the_sub_agent_once(
    trajectory: Trajectory, annotator_client: Client
) -> None:
    agent = {"agent": {"name": "explorer", "depth": 1}}
    found = {"extra": agent, "summary": "found"}
    make_steps(trajectory, {"extra": agent}, found, found, {}, found)
    page = outline(annotator_client, trajectory, find="found")
    assert numbers(page) == [2, 3, 5]
    assert page.texts(".steps-agent") == ["↳ explorer · 3 steps", "↳ explorer · 1 step"]


def test_a_sub_agent_whose_steps_are_in_another_file_is_named_where_it_worked(
    trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(trajectory, {"extra": {"elsewhere": ["agent-1.jsonl"]}}, {})
    page = outline(annotator_client, trajectory)
    assert [row.get("data-step") for row in page.select(".steps > li")] == ["1", None, "2"]
    assert page.texts(".steps-agent") == ["↳ sub-agent, in agent-1.jsonl"]
    url = reverse("trajectories:step", args=[trajectory.pk, 1])
    assert "another file" in page_of(annotator_client.get(url)).text("article")


@pytest.mark.parametrize(
    "extra",
    [{"agent": "x"}, {"agent": {"depth": "y"}}, {"condensation": 3}, {"elsewhere": {"x": 1}}],
)
def test_odd_remarks_about_agents_break_nothing(
    extra: dict[str, Any], trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(trajectory, {"extra": extra})
    assert numbers(outline(annotator_client, trajectory)) == [1]


# --- the ribbon -----------------------------------------------------------------------------------


def bounds(page: Page) -> list[int]:
    return [int(edge) for edge in page.select("[data-ribbon]")[0].get("data-ribbon").split(",")]


def test_the_ribbon_has_a_bar_for_each_step_whatever_the_window(
    annotator: User, annotator_client: Client
) -> None:
    trajectory = make_trajectory(n_steps=2 * WINDOW_ROWS)
    Grant.objects.create(user=annotator, trajectory=trajectory)
    page = outline(annotator_client, trajectory, step=1)
    assert len(bounds(page)) == 2 * WINDOW_ROWS + 1
    assert len(page.select("[data-ribbon] path")) < 8


def test_the_ribbon_shows_time_where_it_is_known_and_says_where_it_is_not(
    trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(trajectory, {"duration_seconds": 1}, {"duration_seconds": 9}, {})
    page = outline(annotator_client, trajectory, ribbon="time")
    first, second, third = (b - a for a, b in zip(bounds(page), bounds(page)[1:], strict=False))
    assert second > 3 * first > third
    assert "time of 1 step is not known" in page.text(".outline-note")
    disabled = [option.get("value") for option in page.select("option[disabled]")]
    assert disabled == ["cost"]


def test_the_bars_of_failures_and_edits_have_their_own_colours(
    trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(trajectory, {"kind": "edit"}, {"kind": "test", "is_error": True}, {"kind": "test"})
    page = outline(annotator_client, trajectory)
    tones = {path.get("class").rpartition("--")[2] for path in page.select(".ribbon-bars")}
    assert tones == {"edit", "fail", "pass"}


def test_the_list_asks_as_often_for_twice_as_many_steps_and_never_for_bodies(
    annotator: User, annotator_client: Client, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for n_steps in (20, 40):
        trajectory = make_trajectory(n_steps=n_steps)
        Grant.objects.create(user=annotator, trajectory=trajectory)
        with django_assert_max_num_queries(10) as captured:
            annotator_client.get(url_of(trajectory))
        counts.append(len(captured))
        asked = " ".join(query["sql"] for query in captured.captured_queries)
        assert '"trajectories_step"."observations"' not in asked
    assert counts[0] == counts[1]
