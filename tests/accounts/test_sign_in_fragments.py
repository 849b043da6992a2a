"""A fragment that needs a sign-in."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_fragment_sends_its_page_to_the_sign_in_and_back(client: Client) -> None:
    page = "http://testserver/assignments/3/?left=step&step=2"
    headers = {"HX-Request": "true", "HX-Current-URL": page}
    response = client.get("/assignments/3/reasoning/", headers=headers)
    assert response.headers["HX-Redirect"] == (
        "/sign-in/?next=/assignments/3/%3Fleft%3Dstep%26step%3D2"
    )


def test_a_page_is_redirected_as_ever(client: Client) -> None:
    response = client.get("/assignments/3/")
    assert response.headers["Location"] == "/sign-in/?next=/assignments/3/"
