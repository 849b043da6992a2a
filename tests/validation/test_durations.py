"""How long tests took, where a log says it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.logs import durations


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0.12s call     tests/test_x.py::test_a[1 2]", {"tests/test_x.py::test_a[1 2]": 0.12}),
        ("0.25s setup    t.py::a\n0.50s teardown t.py::a", {"t.py::a": 0.75}),
        ("0.123s     test_b (pkg.TestA)", {"test_b (pkg.TestA)": 0.123}),
        (
            "1.500s     test_b (pkg.TestA.test_b)",
            {"test_b (pkg.TestA.test_b)": 1.5, "test_b (pkg.TestA)": 1.5},
        ),
        ("    --- PASS: TestA/case (0.01s)", {"TestA/case": 0.01}),
        ("✔ adds numbers (1.25ms)", {"adds numbers": 0.00125}),
        ("  ✓ adds (5 ms)", {"adds": 0.005}),
        ("\x1b[32m✕\x1b[0m fails (2 s)", {"fails": 2.0}),
        ("test_integrate - Took 12.345 seconds", {"test_integrate": 12.345}),
        ("ok 1 - adds\n  ---\n  duration_ms: 0.5\n  ...\nnot ok 2 - halves", {"- adds": 0.0005}),
        ("  duration_ms: 0.5", {}),
        ("PASSED tests/test_x.py::test_a", {}),
        (f"{'9' * 400}.0s call     t.py::a", {}),
        ("3 passed in 0.12s", {}),
        ("Ran 3 tests in 0.005s", {}),
        ("", {}),
    ],
)
def test_the_forms_that_runners_print(text: str, found: dict[str, float]) -> None:
    assert durations(text) == found


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    assert all(seconds >= 0 for seconds in durations(text).values())
