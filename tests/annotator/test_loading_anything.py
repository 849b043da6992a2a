"""Whatever content holds is read back the same, and what it must not hold is refused in words."""

from __future__ import annotations

import copy
import json
import tempfile
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Role, User
from annotator.checks import check_content
from annotator.details import DETAILS
from annotator.importing.loading import Loaded, Wish, load_files
from annotator.models import Annotation
from annotator.services.claiming import policy_of
from annotator.submissions import build_content
from tests.conftest import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.checks]

BOOKKEEPING = ("edit_count", "diagnosis_committed_at")
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
LINE = TEXT.map(lambda text: " ".join(text.split()))
UIDS = [str(uuid.UUID(int=number)) for number in range(1, 5)]
KINDS = [kind for kind in DETAILS if kind != "root_cause"]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "outcome": st.sampled_from(["", "confirmed", "refuted", "open"]),
    "settled_by": st.sampled_from(["", *UIDS]),
    "stands_on": st.sampled_from(["", "probe", "trajectory"]),
    "hunks": st.just([]),
    "tests": st.lists(TEXT, max_size=2),
    "visible_from": st.none() | st.integers(1, 9_000),
    "cost_steps": st.none() | st.integers(0, 9_000),
}


@st.composite
def cards(draw: st.DrawFn, uid: str) -> dict[str, Any]:
    quote = draw(TEXT.filter(bool))
    citation = {
        "uid": str(uuid.uuid5(uuid.UUID(uid), "citation")),
        "kind": "issue",
        "target": {"is_rendered": draw(st.booleans())},
        "quote": quote,
        "prefix": draw(TEXT)[:32],
        "suffix": draw(TEXT)[:32],
        "start": draw(st.integers(0, 5_000)),
        "end": draw(st.integers(5_000, 9_000)),
        "content_sha256": draw(st.sampled_from(["0", "a"])) * 64,
    }
    return {
        "uid": uid,
        "claim": draw(LINE),
        "rationale": draw(TEXT),
        "citations": [citation] if draw(st.booleans()) else [],
        "probes": [],
    }


@st.composite
def steps(draw: st.DrawFn, uid: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(KINDS))
    option = st.fixed_dictionaries(
        {
            "title": LINE,
            "for": TEXT,
            "against": TEXT,
            "considered_by": st.sampled_from(["", "agent", "gold", "both", "neither"]),
            "chosen": st.booleans(),
            "evidence": st.lists(st.sampled_from(UIDS), max_size=1),
        }
    )
    relation = st.fixed_dictionaries(
        {
            "type": st.sampled_from(["supports", "refutes", "answers"]),
            "to": st.sampled_from(UIDS),
        }
    )
    return {
        **draw(cards(uid)),
        "kind": kind,
        "details": {name: draw(VALUES.get(name, TEXT)) for name in DETAILS[kind]},
        "options": draw(st.lists(option, max_size=2)) if kind == "decision" else [],
        "covers": sorted(draw(st.sets(st.integers(1, 40), max_size=3))),
        "relations": draw(st.lists(relation, max_size=2)),
    }


@st.composite
def chains(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what stands in an annotation besides its identities."""
    uids = draw(st.permutations(UIDS))[: draw(st.integers(1, 4))]
    root_cause = {**draw(cards(str(uuid.UUID(int=9)))), "elsewhere": draw(TEXT)}
    return {
        "first_diagnosis": draw(TEXT),
        "root_cause": draw(st.sampled_from([None, root_cause])),
        "reasoning_steps": [draw(steps(uid)) for uid in uids],
    }


@pytest.fixture
def start(annotation: Annotation) -> dict[str, Any]:
    policy = policy_of(annotation.assignment.membership.batch)
    policy.overlap = 3
    policy.save()
    content: dict[str, Any] = json.loads(json.dumps(build_content(annotation)))
    return content


@pytest.fixture
def other(db: None) -> User:
    return make_user("otto", Role.ANNOTATOR)


def load(content: object, person: User | None) -> Loaded:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "given.jsonl"
        file.write_text(f"{json.dumps(content)}\n")
        [loaded] = load_files([file], Wish(person))
    return loaded


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=chains())
def test_a_draft_of_any_content_has_that_content_and_its_findings(
    start: dict[str, Any], other: User, annotation: Annotation, drawn: dict[str, Any]
) -> None:
    given_content = {**start, **drawn}
    with transaction.atomic():
        loaded = load(given_content, other)
        assert (loaded.outcome, loaded.reason) == ("loaded", "")
        draft = Annotation.objects.get(assignment=loaded.assignment)
        built = json.loads(json.dumps(build_content(draft)))
        transaction.set_rollback(True)
    for name in BOOKKEEPING:
        built[name] = given_content[name]
    assert built == given_content
    trajectory = annotation.assignment.membership.trajectory
    assert loaded.report is not None
    assert set(loaded.report.findings) == set(check_content(given_content, trajectory).findings)
    assert not loaded.report.broken


ODD: dict[type, list[object]] = {
    int: [0, -1, 2**31, 10**30],
    str: ["", "\0", "\ud800", "a" * 70_000, "`", "line " + "9" * 30, "2026-99-99T99:99:99Z"],
    bool: [True, False],
    list: [[], None],
    dict: [{}, []],
    type(None): [0, ""],
}


def _spoil(draw: st.DataObject, value: Any) -> Any:
    """Replace something at any depth by something odd."""
    if isinstance(value, dict | list) and value and draw.draw(st.integers(0, 7)):
        spoilt = copy.copy(value)
        key = draw.draw(
            st.sampled_from(list(value) if isinstance(value, dict) else range(len(value)))
        )
        spoilt[key] = _spoil(draw, value[key])
        return spoilt
    return draw.draw(st.sampled_from(ODD[type(value)]))


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=chains(), data=st.data())
def test_odd_content_is_loaded_or_refused_in_words(
    start: dict[str, Any], other: User, drawn: dict[str, Any], data: st.DataObject
) -> None:
    spoilt = _spoil(data, {**start, **drawn})
    for person in (None, other):
        with transaction.atomic():
            loaded = load({"annotation": {"content": spoilt}}, person)
            transaction.set_rollback(True)
        assert bool(loaded.reason) == (loaded.outcome == "refused")
        assert loaded.report is None or not loaded.report.broken


def test_a_number_that_nothing_can_have_is_named(start: dict[str, Any], other: User) -> None:
    start["edit_count"] = 10**12
    loaded = load(start, other)
    assert loaded.outcome == "refused"
    assert "$.edit_count is a number" in loaded.reason


@pytest.mark.parametrize("judgement", ["as_claimed", "not_as_claimed", "could_not_run"])
def test_a_loaded_check_was_not_run_here_as_a_draft_either(
    start: dict[str, Any], other: User, judgement: str
) -> None:
    probe = {
        "tree": "base",
        "command": "true",
        "expectation": {"kind": "output_contains", "text": "done"},
        "result": {
            "run": 7,
            "judgement": judgement,
            "reason": "so it came out",
            "outcome": "ran",
            "exit_code": 0,
            "statuses": {},
            "recipe_digest": None,
            "environment_key": "",
            "tested_tree": "",
            "sandbox": "bubblewrap",
            "finished_at": "2026-11-23T12:00:00Z",
        },
        "uid": str(uuid.UUID(int=3)),
    }
    start["reasoning_steps"] = [{"uid": UIDS[0], "kind": "observation", "probes": [probe]}]
    found = [
        {(each.check, each.severity, each.place) for each in loaded.report.findings}
        for loaded in (load(start, None), load(start, other))
        if loaded.report
    ]
    assert found[0] == found[1]
    assert any(check == "probe-as-claimed" for check, _, _ in found[0])
