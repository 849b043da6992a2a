"""What no page of ours sends is refused in a sentence; nothing of it is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotator.citations.targets import CannotCite, read_target
from annotator.models import Annotation, Citation, CitationKind, ReasoningStep
from tests.annotator.conftest import write

LINES = {"start_line": 1, "end_line": 2}
PATCH = {"which": "model", "path": "pkg/core.py", "side": "new", **LINES}
FILE = {"tree": "base", "tree_id": "0" * 40, "path": "pkg/core.py", **LINES}

TARGETS: list[tuple[str, Any]] = [
    ("file", {**FILE, "path": "../../../etc/passwd"}),
    ("file", {**FILE, "path": "--output=/tmp/x"}),
    ("file", {**FILE, "path": "\ud800"}),
    ("file", {**FILE, "tree_id": "HEAD"}),
    ("file", {**FILE, "tree": "base/../gold"}),
    ("patch", {**PATCH, "path": "a\0b"}),
    ("patch", {**PATCH, "path": "\ud800"}),
    ("patch", {**PATCH, "path": {"x": 1}}),
    ("patch", {**PATCH, "side": ["new"]}),
    ("patch", {**PATCH, "start_line": 0, "end_line": 2**31 - 1}),
    ("patch", {**PATCH, "end_line": 10**30}),
    ("patch", {**PATCH, "end_line": 2.5}),
    ("thought", {"step": -(2**63)}),
    ("thought", {"step": None}),
    ("observation", {"step": 1, "index": 2**31 - 1}),
    ("observation", {"step": 1, "index": False}),
    ("test", {"run": 2**31 - 1, "test_id": "t"}),
    ("test", {"run": 1, "test_id": "t" * 5000}),
    ("test", {"run": 1, "test_id": "\0"}),
    ("issue", {"is_rendered": "yes"}),
    ("thought", [1]),
    ("thought", "step 1"),
]
NOT_JSON = ["{", '{"step": ' + "9" * 5000 + "}", "[" * 100_000, '{"step": NaN}', '{"step": 1e400}']


def cite(client: Client, annotation: Annotation, kind: str, target: str) -> Any:
    data = {"kind": kind, "target": target, "quote": "Thought"}
    return client.post(reverse("annotator:cite", args=[annotation.pk]), data)


def expect_sentence(response: Any) -> None:
    assert response.status_code == 422
    assert response.headers["Content-Type"].startswith("text/plain")
    assert response.content.decode().rstrip().endswith(".")
    assert len(response.content) < 400


@pytest.mark.parametrize(("kind", "target"), TARGETS)
def test_a_target_that_names_nothing_is_refused(
    annotation: Annotation, annotator_client: Client, kind: str, target: Any
) -> None:
    expect_sentence(cite(annotator_client, annotation, kind, json.dumps(target)))
    assert not Citation.objects.exists()


@pytest.mark.parametrize("text", NOT_JSON, ids=lambda text: text[:12])
def test_a_target_that_cannot_be_read_is_refused(
    annotation: Annotation, annotator_client: Client, text: str
) -> None:
    expect_sentence(cite(annotator_client, annotation, "thought", text))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = sorted({*FILE, *PATCH, "step", "index", "run", "test_id", "is_rendered"})


@given(st.sampled_from(CitationKind.values), st.dictionaries(st.sampled_from(NAMES), json_values))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_target_is_read_or_refused_in_a_sentence(kind: str, raw: dict[str, Any]) -> None:
    try:
        read_target(kind, raw)
    except CannotCite as error:
        assert str(error).endswith(".")


# --- saves ----------------------------------------------------------------------------------------

OPTION = {"title": "One", "for": "", "against": "", "chosen": False}
CHANGED: list[dict[str, str]] = [
    {"covers_json": json.dumps([99])},
    {"covers_json": json.dumps([True])},
    {"covers_json": json.dumps([{"step": 1}])},
    {"covers_json": json.dumps(["\0"])},
    {"covers_json": "[" + "9" * 5000 + "]"},
    {"covers_json": "[" * 100_000},
    {"options_json": json.dumps([{**OPTION, "title": 1}])},
    {"options_json": json.dumps([{**OPTION, "more": 1}])},
    {"options_json": json.dumps({"title": "One"})},
]


def save(client: Client, step: ReasoningStep, data: dict[str, Any]) -> Any:
    values = {"version": step.version, **data}
    return client.post(reverse("annotator:step-save", args=[step.uid]), values)


@pytest.mark.parametrize("data", CHANGED, ids=lambda data: str(data)[:60])
def test_a_save_that_was_changed_on_its_way_is_refused(
    annotation: Annotation, annotator_client: Client, data: dict[str, str]
) -> None:
    step = write(annotation)
    expect_sentence(save(annotator_client, step, data))
    assert ReasoningStep.objects.get().version == step.version


@pytest.mark.parametrize("name", ["claim", "rationale"])
def test_a_text_with_a_null_character_is_refused(
    annotation: Annotation, annotator_client: Client, name: str
) -> None:
    step = write(annotation)
    expect_sentence(save(annotator_client, step, {name: "a\0b"}))


@pytest.mark.parametrize(
    ("data", "title"),
    [
        (
            {
                "options_sent": "1",
                "option_title": "O\0ne",
                "option_for": "",
                "option_against": "",
            },
            "One",
        ),
        ({"options_json": json.dumps([{**OPTION, "title": "One\ud800"}])}, "One�"),
    ],
)
def test_what_a_database_cannot_hold_is_left_out_of_an_option(
    annotation: Annotation, annotator_client: Client, data: dict[str, str], title: str
) -> None:
    step = write(annotation, "decision")
    assert save(annotator_client, step, data).status_code == 302
    assert ReasoningStep.objects.get().options == [
        {**OPTION, "title": title, "considered_by": "", "evidence": []}
    ]
