"""The chain as a graph, beside what is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from annotator.services.claiming import claim_next
from tests.annotator.conftest import write
from tests.browser.chromium import page_without_troubles
from tests.factories import make_batch
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import make_sample

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_it_stays_unfolded_and_shows_a_relation_as_soon_as_it_is_said(
    live_server: LiveServer, annotator: User, tmp_path: Path
) -> None:
    trajectory = fetched_trajectory(make_sample(tmp_path / "sample"))
    assignment = claim_next(annotator, make_batch(trajectory))
    for claim in ("It adds", "It subtracts"):
        write(assignment.annotation, claim=claim)
    with page_without_troubles(live_server, annotator) as page:
        page.goto(f"{live_server.url}/assignments/{assignment.pk}/")
        graph = page.locator("#graph")
        graph.get_by_text("Chain as a graph").click()
        expect(graph).to_contain_text("No step relates to another one.")
        card = page.get_by_role("article", name="R2", exact=True)
        card.get_by_text("Relations").click()
        card.get_by_label("New relation of R2").select_option("refutes")
        card.get_by_label("What R2 relates to, new").select_option(index=1)
        graph.get_by_text("In words").click()
        expect(graph.locator(".graph-words li")).to_have_text("R2 refutes R1")
        expect(graph.get_by_label("R2, observation: It subtracts")).to_be_visible()
