"""Images in a step's texts: taken out of the text when a file is loaded, served on their own."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import grant
from tests.html import page_of
from trajectories.formats.images import MAX_IMAGE_BYTES, screenshot_as_text, take_images
from trajectories.formats.openhands_v0 import read_v0_events
from trajectories.formats.openhands_v1 import read_v1_events
from trajectories.formats.values import as_text
from trajectories.loading import load_trajectories
from trajectories.models import Step

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def url_of(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def markdown(content: bytes, kind: str = "image/png") -> str:
    return f"![image]({url_of(content, kind)})"


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image_url", "image_url": {"url": url_of(PNG)}},
        {"type": "input_image", "image_url": url_of(PNG)},
        {"type": "image", "image": url_of(PNG)},
        {"type": "image", "image_urls": [url_of(PNG)]},
        {"type": "image", "mimeType": "image/png", "data": base64.b64encode(PNG).decode()},
        {
            "type": "image",
            "source": {"media_type": "image/png", "data": base64.b64encode(PNG).decode()},
        },
    ],
)
def test_an_image_of_any_program_is_taken_out_of_the_text(block: dict[str, Any]) -> None:
    text, images = take_images(as_text([{"type": "text", "text": "Look:"}, block]))
    assert text == "Look:\n[image 1: PNG, 1 kB]"
    assert [(image.media_type, image.content) for image in images] == [("image/png", PNG)]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image_url", "image_url": {"url": "https://example.org/x.png"}},
        {"type": "image", "source": {"type": "url", "url": "https://example.org/x.png"}},
        {
            "type": "image",
            "source": {"media_type": "image/png", "path": "https://example.org/x.png"},
        },
    ],
)
def test_an_image_elsewhere_is_named_and_never_loaded(block: dict[str, Any]) -> None:
    text, images = take_images(as_text([block]))
    assert text == "[image that is not in the file: https://example.org/x.png]"
    assert not images


@pytest.mark.parametrize("block", [{"type": "image"}, {"type": "image_url", "image_url": 3}, {}])
def test_a_broken_block_stays_as_it_is(block: dict[str, Any]) -> None:
    assert as_text([block]) == json.dumps(block)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (markdown(SVG, "image/svg+xml"), "can carry scripts"),
        (markdown(SVG, "image/png"), "can carry scripts"),
        ("![x](data:image/png;base64,iVB)", "broken"),
        (markdown(b"\x89PNG\r\n\x1a\n" + bytes(MAX_IMAGE_BYTES)), "more than 10 MiB"),
    ],
)
def test_what_cannot_be_shown_says_why(text: str, problem: str) -> None:
    _, (image,) = take_images(text)
    assert problem in image.problem
    assert image.content == b""


def test_a_short_data_url_in_code_stays_text() -> None:
    text = f"background: url({url_of(PNG)})"
    assert take_images(text) == (text, ())


@pytest.fixture
def step(db: None, tmp_path: Path) -> Step:
    """A step of a loaded file whose observation has an image and a drawing that is not shown."""
    seen = f"a\n{markdown(PNG)}\n{markdown(SVG, 'image/svg+xml')}"
    document = {"trajectory": [{"action": "view_image x.png", "observation": seen}], "info": {}}
    file = tmp_path / "retrace__sample-1.traj"
    file.write_text(json.dumps(document))
    load_trajectories([file], batch_slug="images")
    return Step.objects.get()


def test_an_image_is_shown_below_the_text(step: Step, admin_client: Client) -> None:
    page = page_of(admin_client.get(reverse("trajectories:step", args=[step.trajectory_id, 1])))
    text = "a\n[image 1: PNG, 1 kB]\n[image 2: SVG+XML, 1 kB]"
    assert page.text("[data-cite-kind=observation]") == text
    (image,) = page.select("figure img")
    assert "Image 2 is not shown: it is no PNG" in page.text(".block .more")
    response = admin_client.get(image.get("src"))
    assert response.content == PNG
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_an_image_is_for_who_may_see_the_trajectory(
    step: Step, annotator: User, annotator_client: Client, client: Client
) -> None:
    sha256 = step.observations[0]["images"][0]["sha256"]
    url = reverse("trajectories:step-image", args=[step.trajectory_id, 1, sha256])
    assert client.get(url).status_code == 302
    assert annotator_client.get(url).status_code == 404
    grant(annotator, step.trajectory)
    assert annotator_client.get(url).status_code == 200
    assert annotator_client.post(url).status_code == 405
    other = reverse("trajectories:step-image", args=[step.trajectory_id, 1, "0" * 64])
    assert annotator_client.get(other).status_code == 404


def test_an_image_in_a_thought_is_shown_below_it(
    db: None, tmp_path: Path, admin_client: Client
) -> None:
    said = f"Look:\n{markdown(PNG)}"
    document = {"trajectory": [{"thought": said, "action": "ls", "observation": "x"}], "info": {}}
    file = tmp_path / "retrace__sample-1.traj"
    file.write_text(json.dumps(document))
    load_trajectories([file], batch_slug="images")
    step = Step.objects.get()
    page = page_of(admin_client.get(reverse("trajectories:step", args=[step.trajectory_id, 1])))
    assert page.text("[data-cite-kind=thought]") == "Look:\n[image 1: PNG, 1 kB]"
    (image,) = page.select(".block:has([data-cite-kind=thought]) figure img")
    assert image.get("alt") == "Image 1 of this thought"
    assert admin_client.get(image.get("src")).content == PNG


@pytest.mark.parametrize(
    "event",
    [
        {"observation": "browse", "content": "a page", "extras": {"screenshot": url_of(PNG)}},
        {
            "kind": "ObservationEvent",
            "observation": {
                "content": "a page",
                "screenshot_data": base64.b64encode(PNG).decode(),
            },
        },
    ],
)
def test_what_a_browser_showed_is_an_image_of_the_observation(event: dict[str, Any]) -> None:
    read = read_v1_events if "kind" in event else read_v0_events
    (step,) = read([event])
    text, images = take_images(step.observations[0].content)
    assert (text, images[0].content) == ("a page\n[image 1: PNG, 1 kB]", PNG)


@pytest.mark.parametrize("value", [None, 3, "", "shots/1.png", "bm8gaW1hZ2U=", "é"])
def test_what_is_no_screenshot_is_left_out(value: object) -> None:
    assert screenshot_as_text(value) == ""
