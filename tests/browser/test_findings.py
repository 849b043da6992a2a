"""What the checks found, beside what is written."""

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

pytestmark = [
    pytest.mark.browser,
    pytest.mark.checks,
    pytest.mark.django_db(transaction=True),
]


def test_the_list_is_folded_at_first_and_stays_unfolded_while_one_writes(
    live_server: LiveServer, annotator: User, tmp_path: Path
) -> None:
    trajectory = fetched_trajectory(make_sample(tmp_path / "sample"))
    assignment = claim_next(annotator, make_batch(trajectory))
    write(assignment.annotation, claim="")
    with page_without_troubles(live_server, annotator) as page:
        page.goto(f"{live_server.url}/assignments/{assignment.pk}/")
        said = page.locator("#findings").get_by_text("R1 has no claim")
        expect(said).to_be_attached()
        expect(said).to_be_hidden()
        page.locator("[data-findings-list] > summary").click()
        expect(said).to_be_visible()
        page.get_by_label("Claim of R1").fill("The sign is wrong")
        expect(said).not_to_be_attached()
        expect(page.locator("[data-findings-list] li").first).to_be_visible()
