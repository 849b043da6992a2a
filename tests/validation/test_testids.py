"""Test ids taken apart, and the functions they name found in a tree."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trajectories.git_repositories import commit_all, git
from trajectories.git import Mirror
from validation.sources import find_source
from validation.testids import parse_test_id


@pytest.mark.parametrize(
    ("test_id", "name", "folder", "owners"),
    [
        ("a/test_x.py::TestA::test_b", "test_b", "a/test_x.py", ("TestA",)),
        ("a/test_x.py::test_b[x::y-a b]", "test_b", "a/test_x.py", ()),
        ("a/test_x.py::test_b[x", "test_b", "a/test_x.py", ()),
        ("a/test_x.py", "", "a/test_x.py", ()),
        ("test_b (pkg.tests.TestA)", "test_b", "pkg.tests.TestA", ()),
        ("test_b (pkg.tests.TestA.test_b)", "test_b", "pkg.tests.TestA", ()),
        ("org.example.FooTest#testBar", "testBar", "org.example.FooTest", ()),
        ("test_b", "test_b", "", ()),
        ("module::tests::name", "name", "module.tests", ("module", "tests")),
        ("TestA/case_1", "TestA", "", ()),
        ("Renders a <b> sentence.", "", "", ()),
        ("", "", "", ()),
    ],
)
def test_an_id_says_what_the_test_is_called_and_where(
    test_id: str, name: str, folder: str, owners: tuple[str, ...]
) -> None:
    test = parse_test_id(test_id)
    assert (test.name, test.folder, test.owners) == (name, folder, owners)


@given(st.text(max_size=80))
def test_any_text_is_taken_apart(test_id: str) -> None:
    assert parse_test_id(test_id).text == test_id


FILES = {
    "tests/admin/tests.py": """\
class First:
    def test_same(self):
        pass


class Second(Base):
    def test_same(self):
        \"\"\"Renders a sentence.\"\"\"
""",
    "tests/base.py": """\
class Base:
    @mark.parametrize(
        "n",
        [1, 2],
    )
    # Not a decorator.
    def test_inherited(self, n):
        pass
""",
    "pkg/core/tests/test_calc.py": "def test_bare():\n    pass\n",
    "pkg/other/tests/test_calc.py": "def test_bare():\n    assert 1\n",
    "src/FooTest.java": "class FooTest {\n  void testBar() {\n  }\n}\n",
    "empty.py": "",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mirror, str]:
    folder = tmp_path_factory.mktemp("tree")
    git(folder, "init", "-q", "-b", "main")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    commit = commit_all(folder, "all")
    mirror = Mirror(Path(folder, "mirror.git"))
    mirror.fetch(str(folder))
    return mirror, mirror.tree_of(commit)


@pytest.mark.parametrize(
    ("test_id", "path", "lines"),
    [
        ("tests/admin/tests.py::Second::test_same", "tests/admin/tests.py", (7, 8)),
        ("tests/admin/tests.py::First::test_same[1]", "tests/admin/tests.py", (2, 3)),
        # unittest names modules from where it is started.
        ("test_same (admin.tests.Second)", "tests/admin/tests.py", (7, 8)),
        ("test_same (admin.tests.Second.test_same)", "tests/admin/tests.py", (7, 8)),
        ("Renders a sentence.", "tests/admin/tests.py", (7, 8)),
        # An inherited test stands in the file of the class that has it.
        ("tests/admin/tests.py::Second::test_inherited", "tests/base.py", (2, 8)),
        ("test_inherited (admin.tests.Second)", "tests/base.py", (2, 8)),
        ("test_bare", "pkg/other/tests/test_calc.py", (1, 2)),
        ("org.example.FooTest#testBar", "src/FooTest.java", (2, 3)),
    ],
)
def test_the_function_is_found(
    place: tuple[Mirror, str], test_id: str, path: str, lines: tuple[int, int]
) -> None:
    # Of several tests of one name, the one that the test patch writes is meant.
    source = find_source(*place, test_id, ("pkg/other/tests/test_calc.py",))
    assert source is not None
    assert (source.path, source.line, source.end_line) == (path, *lines)
    assert find_source(*place, test_id, ("pkg/other/tests/test_calc.py",)) == source


@pytest.mark.parametrize(
    "test_id",
    [
        "",
        "x",
        "test_nowhere",
        "empty.py::test_a",
        "../../x.py::test_a",
        "-e (--help)",
        "No such.\n",
    ],
)
def test_what_is_nowhere_is_not_found(place: tuple[Mirror, str], test_id: str) -> None:
    assert find_source(*place, test_id) is None
