from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from trajectories.pages import page_url, show_in_address


def fragment_request(path: str, page: str | None = None) -> HttpRequest:
    headers = {"HX-Request": "true", "HX-Current-URL": page} if page else {}
    request = RequestFactory().get(path, headers=headers)
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    return request


def test_a_link_changes_the_parameters_of_its_own_page() -> None:
    request = fragment_request("/assignments/3/?left=step&step=2&right=gold")
    assert page_url(request, step=9) == "/assignments/3/?left=step&right=gold&step=9"


def test_a_link_in_a_fragment_leads_to_the_page_around_it() -> None:
    request = fragment_request(
        "/trajectories/7/steps/9/", "http://testserver/assignments/3/?step=2"
    )
    assert page_url(request, left="issue") == "/assignments/3/?step=2&left=issue"


def test_none_removes_a_parameter() -> None:
    request = fragment_request("/assignments/3/?path=a.py")
    assert page_url(request, path=None) == "/assignments/3/"


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/assignments/3/",
        "http://testserver//evil.example/",
        "http://testserver/\\evil.example/",
        "javascript:alert(1)",
    ],
)
def test_a_link_never_leaves_the_site(page: str) -> None:
    url = page_url(fragment_request("/trajectories/7/issue/", page), step=1)
    assert url.startswith("/")
    assert url[1] not in "/\\"


def test_the_tag_escapes_what_it_prints() -> None:
    request = fragment_request("/x/?path=%22%3E%3Cscript%3E")
    template = Template("{% load evidence %}<a href=\"{% page_link left='step' %}\">")
    assert "<script" not in template.render(Context({"request": request}))


def test_the_answer_to_a_fragment_names_the_page_address() -> None:
    request = fragment_request(
        "/trajectories/7/steps/9/", "http://testserver/assignments/3/?right=gold"
    )
    response = show_in_address(request, HttpResponse(), left="step", step=9)
    assert response["HX-Replace-Url"] == "/assignments/3/?right=gold&left=step&step=9"
    assert "HX-Current-URL" in response["Vary"]


def test_a_plain_answer_names_no_address() -> None:
    response = show_in_address(fragment_request("/x/"), HttpResponse(), left="step")
    assert "HX-Replace-Url" not in response
