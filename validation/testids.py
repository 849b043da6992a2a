"""What the id of a test says: where it stands and what it is called.

Ids come from many test runners, and records cut some of them off: nothing here fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# "pkg/tests/test_x.py::TestA::test_b[1-x]", also without its end
_PYTEST = re.compile(r"(?P<path>[^\s:\[]+\.py)(?:::(?P<rest>.*))?", re.DOTALL)
# "test_b (pkg.tests.TestA)", and from Python 3.11 on "test_b (pkg.tests.TestA.test_b)"
_UNITTEST = re.compile(r"(?P<name>\w+) \((?P<owner>[\w.]+)\)")
# "org.example.FooTest#testBar"
_JUNIT = re.compile(r"(?P<owner>[\w.$]+)#(?P<name>\w+).*", re.DOTALL)
# "test_b" of SymPy, "TestA/case_1" of Go, "module::tests::name" of Rust
_WORDS = re.compile(r"(?P<words>\w+(?:::\w+)*)(?:/.*|\[.*)?", re.DOTALL)


@dataclass(frozen=True)
class TestName:
    """A test id taken apart. Without `name` the id is a sentence, such as a docstring's first line.

    `path` is a file, `module` a dotted name that may end in classes, `owners` are what the test
    stands in. `parameters` begin with the bracket.
    """

    text: str
    name: str = ""
    path: str = ""
    module: str = ""
    owners: tuple[str, ...] = ()
    parameters: str = ""

    __test__ = False

    @property
    def folder(self) -> str:
        """Return the file or class that many tests are listed under."""
        return self.path or self.module


@lru_cache(maxsize=16_384)
def parse_test_id(test_id: str) -> TestName:
    """Take a test id apart."""
    if match := _PYTEST.fullmatch(test_id):
        names, bracket, parameters = (match["rest"] or "").partition("[")
        *owners, name = names.split("::")
        return TestName(
            test_id, name.strip(), match["path"], "", tuple(owners), bracket + parameters
        )
    if match := _UNITTEST.fullmatch(test_id):
        module = match["owner"].removesuffix(f".{match['name']}")
        return TestName(test_id, match["name"], module=module)
    if match := _JUNIT.fullmatch(test_id):
        return TestName(test_id, match["name"], module=match["owner"])
    if match := _WORDS.fullmatch(test_id):
        *owners, name = match["words"].split("::")
        return TestName(test_id, name, module=".".join(owners), owners=tuple(owners))
    return TestName(test_id)
