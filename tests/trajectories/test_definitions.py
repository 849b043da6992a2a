"""All names that a tree defines, and those that fit a few letters."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trajectories.git_repositories import make_sample
from trajectories.contexts.definitions import Definitions, definitions_of
from trajectories.git import Mirror

FILES = {
    "app/models.py": b"class Model:\n async def save(self):\n  def inner():\n   pass\n",
    "app/load.ts": b"export default async function loadAll() {}\nexport interface Shape {}\n",
    "app/main.go": b"func (s *Server) Serve(port int) error {\n}\ntype Server struct {\n}\n",
    "app/lib.rs": b"pub(crate) fn read_it() {}\npub struct Reader;\n",
    "app/parse.c": b"static int parse_line(const char *line)\n{\n  if (x) {\n  return f(1);\n}\n",
    "app/Tool.java": b"public class Tool {\n    public void close() {\n    }\n}\n",
    "tests/test_models.py": b"def test_save():\n    pass\n",
    "docs/notes.txt": b"def no_code():\n",
}


@pytest.fixture
def definitions(tmp_path: Path) -> Definitions:
    sample = make_sample(tmp_path / "sample")
    sample.add_files(FILES)
    mirror = Mirror(tmp_path / "mirror.git")
    mirror.fetch(str(sample.path), commits=(sample.commit,))
    return definitions_of(mirror, mirror.tree_of(sample.commit))


@pytest.mark.parametrize(
    ("qualified", "path", "line"),
    [
        ("Model", "app/models.py", 1),
        ("Model.save", "app/models.py", 2),
        ("Model.save.inner", "app/models.py", 3),
        ("loadAll", "app/load.ts", 1),
        ("Shape", "app/load.ts", 2),
        ("Serve", "app/main.go", 1),
        ("Server", "app/main.go", 3),
        ("read_it", "app/lib.rs", 1),
        ("Reader", "app/lib.rs", 2),
        ("parse_line", "app/parse.c", 1),
        ("Tool", "app/Tool.java", 1),
        ("Tool.close", "app/Tool.java", 2),
    ],
)
def test_a_definition_is_found_with_what_it_stands_in(
    definitions: Definitions, qualified: str, path: str, line: int
) -> None:
    found = [(one.qualified, one.path, one.line) for one in definitions.all]
    assert (qualified, path, line) in found


def test_what_is_no_definition_is_none(definitions: Definitions) -> None:
    assert {"no_code", "if", "f", "return"} & {one.name for one in definitions.all} == set()


def test_a_name_comes_before_one_that_only_begins_with_it_and_tests_come_last(
    definitions: Definitions,
) -> None:
    best = [one.qualified for one in definitions.best("save", 3)]
    assert best == ["Model.save", "Model.save.inner", "test_save"]


def test_letters_in_their_order_are_enough(definitions: Definitions) -> None:
    assert [one.name for one in definitions.best("ldal", 1)] == ["loadAll"]
    assert definitions.best("", 5) == []


def test_a_name_is_found_bare_and_with_its_class(definitions: Definitions) -> None:
    assert [one.path for one in definitions.named("Model.save")] == ["app/models.py"]
    assert [one.path for one in definitions.named("save")] == ["app/models.py"]
    assert definitions.named("Other.save") == ()
