from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from tests.factories import make_trajectory
from tests.html import Page
from trajectories.access import Sight
from trajectories.contexts.evidence import Evidence, Tab, evidence_context
from trajectories.models import TaskRevision, Trajectory

pytestmark = pytest.mark.django_db

SEES_ALL = Sight(sees_gold=True, sees_verdicts=True)
SEES_NO_GOLD = Sight(sees_gold=False, sees_verdicts=False)


def page_request(user: User, query: str = "") -> HttpRequest:
    request = RequestFactory().get(f"/assignments/3/{query}")
    request.user = user
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    return request


def render(request: HttpRequest, evidence: Evidence) -> Page:
    html = render_to_string("trajectories/_evidence.html", {"evidence": evidence}, request)
    return Page.of_text(html)


def shown(user: User, trajectory: Trajectory, query: str = "", sight: Sight = SEES_ALL) -> Page:
    request = page_request(user, query)
    return render(request, evidence_context(request, trajectory, sight))


def test_the_page_opens_on_the_first_step_and_the_model(admin_user: User) -> None:
    page = shown(admin_user, make_trajectory())
    assert page.texts(".tabs [aria-current]") == ["Step 1", "Model"]
    assert page.select("#right-pane article.diff-file")


@pytest.mark.parametrize(
    ("query", "current", "content"),
    [
        ("?left=issue", "Issue", '#left-pane [data-cite-kind="issue"]'),
        ("?left=files", "Files @ 0000000", "#left-pane .notice"),
        ("?left=step&step=3", "Step 3", '#left-pane [data-step="3"]'),
        ("?right=test", "Test patch", '#right-pane [data-which="test"]'),
        ("?right=gold", "Gold", '#right-pane [data-which="gold"]'),
    ],
)
def test_the_address_opens_tabs(admin_user: User, query: str, current: str, content: str) -> None:
    page = shown(admin_user, make_trajectory(), query)
    assert current in page.texts(".tabs [aria-current]")
    assert page.select(content)


@pytest.mark.parametrize(
    "query", ["?left=x&right=y", "?step=999", "?step=x", "?tree=HEAD&left=files", "?line=%F0"]
)
def test_an_address_that_makes_no_sense_opens_what_is_there(admin_user: User, query: str) -> None:
    assert len(shown(admin_user, make_trajectory(), query).select(".tabs [aria-current]")) == 2


def test_the_files_of_a_task_without_a_row_name_no_commit(admin_user: User) -> None:
    trajectory = make_trajectory()
    TaskRevision.objects.update(base_commit="")
    trajectory.refresh_from_db()
    assert "Files" in shown(admin_user, trajectory).texts(".tabs [data-tab]")


def test_the_edit_beside_a_step_that_is_not_there_is_of_the_last(admin_user: User) -> None:
    trajectory = make_trajectory(n_steps=3)
    (tab,) = shown(admin_user, trajectory, "?step=999").select('[data-tab="edit"]')
    assert tab.get("hx-get") == reverse("trajectories:diff", args=[trajectory.pk, "step-3"])


def test_the_code_after_a_step_that_is_not_there_is_not_shown(
    admin_user: User, admin_client: Client
) -> None:
    trajectory = make_trajectory(n_steps=3)
    page = shown(admin_user, trajectory, "?left=files&tree=step-4&right=step-4")
    assert page.texts(".tabs [aria-current]") == ["Files @ 0000000", "Model"]
    assert "step 4" not in page.text(".evidence")
    for name in ("diff", "files"):
        url = reverse(f"trajectories:{name}", args=[trajectory.pk, "step-4"])
        assert admin_client.get(url).status_code == 404


def test_tabs_are_links_of_the_page_and_requests_for_a_fragment(admin_user: User) -> None:
    page = shown(admin_user, make_trajectory(), "?left=step&step=2")
    (tab,) = page.select('[data-tabs="right"] [data-tab="gold"]')
    assert tab.get("href") == "/assignments/3/?left=step&step=2&right=gold"
    assert tab.get("hx-target") == "#right-pane"


@pytest.mark.parametrize("right", ["gold", "model-gold"])
def test_a_hidden_tab_says_until_when_and_requests_nothing(admin_user: User, right: str) -> None:
    page = shown(admin_user, make_trajectory(), f"?right={right}", SEES_NO_GOLD)
    (tab,) = page.select(f'[data-tab="{right}"]')
    assert tab.get("hx-get") is None
    assert "Hidden until your first diagnosis" in page.text("#right-pane .empty")
    assert not page.select("[data-which]")


def test_the_gold_tree_is_not_opened_by_an_address(admin_user: User) -> None:
    page = shown(admin_user, make_trajectory(), "?left=files&tree=gold", SEES_NO_GOLD)
    assert page.select(".tree-picker [aria-current]")[0].text_content().strip() == "base"


def test_a_later_room_adds_a_tab_as_data(admin_user: User) -> None:
    trajectory = make_trajectory()
    built: list[Any] = []

    def build() -> object:
        built.append(1)
        return evidence_context(request, trajectory, SEES_ALL).right.content

    tab = Tab("right", "more", "More", "/more/", "trajectories/_diff.html", "diff", build)
    request = page_request(admin_user)
    assert evidence_context(request, trajectory, SEES_ALL, (tab,)).right.tabs[-1] == tab
    assert built == []
    request = page_request(admin_user, "?right=more")
    page = render(request, evidence_context(request, trajectory, SEES_ALL, (tab,)))
    assert page.texts(".tabs [aria-current]") == ["Step 1", "More"]
    assert built == [1]


def test_a_trajectory_without_steps_opens_on_the_issue(admin_user: User) -> None:
    page = shown(admin_user, make_trajectory(n_steps=0))
    assert page.texts('[data-tabs="left"] [aria-current]') == ["Issue"]


def test_the_bar_between_the_panes_is_for_the_keyboard_too(admin_user: User) -> None:
    (splitter,) = shown(admin_user, make_trajectory()).select('[role="separator"]')
    assert splitter.get("tabindex") == "0"
    assert splitter.get("aria-controls") == "left-pane"
