from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.fuzzy import best_paths

PATHS = [
    "django/db/models/query.py",
    "django/db/models/query_utils.py",
    "django/db/models/sql/query.py",
    "django/contrib/admin/options.py",
    "docs/ref/models/querysets.txt",
    "tests/queries/test_query.py",
    "django/core/management/commands/startapp.py",
    "src/UserProfile/ProfileView.tsx",
]


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("query.py", "django/db/models/query.py"),
        ("sqlquery", "django/db/models/sql/query.py"),
        ("dbmoq", "django/db/models/query.py"),
        ("admin opt", "django/contrib/admin/options.py"),
        ("test_query", "tests/queries/test_query.py"),
        ("PV", "src/UserProfile/ProfileView.tsx"),
        ("models/query.py", "django/db/models/query.py"),
        ("docs/ref/models/querysets.txt", "docs/ref/models/querysets.txt"),
    ],
)
def test_the_path_that_is_meant_comes_first(typed: str, path: str) -> None:
    assert best_paths(PATHS, typed, 3)[0] == path


def test_what_lacks_a_character_does_not_fit() -> None:
    assert best_paths(PATHS, "qz", 9) == []


def test_nothing_typed_gives_the_nearest_to_the_root() -> None:
    assert best_paths(["b/c", "a", "b/a"], "", 2) == ["a", "b/a"]


@given(st.lists(st.text(max_size=30), max_size=20), st.text(max_size=12))
def test_what_fits_has_the_characters_in_order(paths: list[str], typed: str) -> None:
    for path in best_paths(paths, typed, 5):
        rest = iter(path.lower())
        assert all(character in rest for character in "".join(typed.lower().split()))


def test_a_hostile_path_costs_little() -> None:
    started = time.monotonic()
    best_paths(["a/" * 2_000 + "b"] * 200, "a" * 50 + "c", 5)
    best_paths(["ab" * 2_000] * 200, "ab" * 40, 5)
    assert time.monotonic() - started < 5
