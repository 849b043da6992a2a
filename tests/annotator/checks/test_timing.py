"""Evidence from later than the claim uses it."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from annotator.checks.timing import TIMING_CHECKS
from annotator.facts import Facts
from annotator.facts.conduct import Conduct, StepConduct
from tests.annotator.checks.contents import Content, citation, findings, good_content, told

STEPS = tuple(
    StepConduct(number, "edit", "edit pkg/core.py", edited=frozenset({"pkg/core.py"}))
    if number == 5
    else StepConduct(number, "read", "open pkg/core.py")
    for number in range(1, 9)
)


def _facts() -> Facts:
    patches = Mock()
    patches.paths.side_effect = lambda which: frozenset({"pkg/core.py"})
    return Mock(Facts, conduct=Conduct(STEPS), patches=patches)


def _citing(number: int, cited: Content, **values: Any) -> Content:
    content = good_content(8)
    content["reasoning_steps"][number - 1] |= {"citations": [cited], **values}
    return content


_FILE = {"path": "pkg/core.py", "start_line": 1, "end_line": 1}


@pytest.mark.parametrize(
    ("content", "beginning"),
    [
        (
            _citing(1, citation(kind="observation", step=7, index=0), covers=[1, 2, 3]),
            "R1 is about steps 1, 2 and 3, but cites step 7",
        ),
        (
            _citing(2, citation(kind="observation", step=2, index=0)),
            "R2 cites what settles it in R3",
        ),
        (
            _citing(2, citation(kind="observation", step=7, index=0)),
            "R2 cites step 7, but R3 settles it by step 2 already",
        ),
        (
            _citing(1, citation(kind="patch", which="gold", side="new", **_FILE)),
            "R1 stands before the change, but cites the gold patch (pkg/core.py)",
        ),
        (
            _citing(2, citation(kind="file", tree="gold", tree_id="0" * 40, **_FILE)),
            "R2 stands before the change, but cites the gold patch (pkg/core.py)",
        ),
        (
            _citing(1, citation(kind="file", tree="model", tree_id="0" * 40, **_FILE)),
            "R1 is about step 1, but cites pkg/core.py as the agent left it; step 5 changed it",
        ),
    ],
)
def test_finds_evidence_from_later(content: Content, beginning: str) -> None:
    found = told(findings(content, TIMING_CHECKS, _facts()))

    assert [message for _, message in found if message.startswith(beginning)]
    assert {severity for severity, _ in found} == {"warn"}


@pytest.mark.parametrize(
    "content",
    [
        good_content(),
        _citing(1, citation(kind="observation", step=3, index=0), covers=[1, 2, 3]),
        _citing(1, citation(kind="observation", step=7, index=0), covers=[]),
        _citing(1, citation(kind="file", tree="base", tree_id="0" * 40, **_FILE)),
        _citing(1, citation(kind="file", tree="model", tree_id="0" * 40, **_FILE), covers=[5]),
        _citing(4, citation(kind="patch", which="gold", side="new", **_FILE)),
        _citing(6, citation(kind="observation", step=7, index=0), covers=[1]),
    ],
)
def test_takes_what_was_known_then(content: Content) -> None:
    assert findings(content, TIMING_CHECKS, _facts()) == ()
