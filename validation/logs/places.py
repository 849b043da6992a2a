"""Find where a log says something about a test."""

from __future__ import annotations

import re

from validation.logs.model import Log, Place, Section
from validation.testids import TestName, parse_test_id

# "ERROR at setup of TestA.test_b"
_STAGE = re.compile(r"(?:ERROR|FAILED) at (?:setup|teardown) of ")
# "ERROR collecting tests/test_x.py"
_COLLECTING = re.compile(r"ERROR collecting (?P<path>\S+)")
# "test_calc (unittest.loader._FailedTest.test_calc)"
_NOT_LOADED = re.compile(r"(?P<module>[\w.]+) \(unittest\.loader\.\S+\)")


def place_of(log: Log, test_id: str) -> Place | None:
    """Return the failure of a test, or the line with its result, or why its file was not read."""
    test = parse_test_id(test_id)
    about = [section for section in log.sections if _is_about(section, test)]
    if about:
        return _likeliest(about, test, log).place
    line = log.results.get(test_id) or _other_result(log, test)
    if line:
        return Place(line, line)
    unread = next((section for section in log.sections if _stops(section, test)), None)
    return unread.place if unread else None


def _is_about(section: Section, test: TestName) -> bool:
    about = _STAGE.sub("", section.about)
    if not test.name:
        return bool(test.text) and test.text in (about, section.words)
    if " (" in about:
        return _is_unittest(about, test)
    path, colon, name = about.rpartition(":")
    if colon and path.endswith(".py"):
        return name == test.name and (not test.path or path.endswith(test.path))
    wanted = ".".join((*test.owners, test.name)) + test.parameters
    if about == wanted:
        return True
    # Records cut ids off at a blank within the parameters.
    is_cut = bool(test.parameters) and not test.parameters.endswith("]")
    return is_cut and about.startswith(wanted)


def _is_unittest(about: str, test: TestName) -> bool:
    """Compare with `test_b (pkg.TestA)`, which subtests follow up with `(i=1)` or `[message]`."""
    name, _, owner = about.partition(" (")
    owner = owner.partition(")")[0].removesuffix(f".{name}")
    module = test.module or ".".join((*test.path.removesuffix(".py").split("/"), *test.owners))
    return name == test.name and (owner == module or not module or module.endswith(f".{owner}"))


def _likeliest(sections: list[Section], test: TestName, log: Log) -> Section:
    """Prefer the failure that mentions the test's file: two files may have tests of one name."""
    if test.path and len(sections) > 1:
        for section in sections:
            if any(test.path in line for line in log.text(section.place)):
                return section
    return sections[0]


def _other_result(log: Log, test: TestName) -> int | None:
    """Look for the other forms in which runners print the same id."""
    if test.module and test.name:
        long = f"{test.name} ({test.module}.{test.name})"
        return log.results.get(long) or log.results.get(f"{test.name} ({test.module})")
    if test.parameters and not test.parameters.endswith("]"):
        return next((n for key, n in log.results.items() if key.startswith(test.text)), None)
    return None


def _stops(section: Section, test: TestName) -> bool:
    if match := _COLLECTING.match(section.about):
        return bool(test.path) and test.path.endswith(match["path"])
    if match := _NOT_LOADED.match(section.about):
        return f".{match['module']}." in f".{test.module}."
    return False
