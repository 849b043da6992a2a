"""Bring test ids that an environment prints into the form the record has."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator

TREE = "/testbed"

_UNITTEST_ID = re.compile(r"\w+ \([\w.]+\)")
# "test_alter_alter_field (migrations.test_optimizer.OptimizerTests.test_alter_alter_field) ... ok"
_LONG_UNITTEST_ID = re.compile(r"^(?P<name>\w+) \((?P<owner>[\w.]+)\.(?P=name)\)", re.MULTILINE)

# An absolute path of two parts or more within an id: "[/home/me/pylint/tests/a.py]"
_PATH = re.compile(r"(?<![\w./])(?:/[^/\s\[\](),;'\"]+){2,}")


def with_recorded_ids(log: str, wanted: Collection[str]) -> str:
    """Rewrite the log's ids that the record has in another form, and no others."""
    return with_recorded_paths(with_recorded_unittest_ids(log, wanted), wanted)


def with_recorded_unittest_ids(log: str, wanted: Collection[str]) -> str:
    """Shorten ``name (mod.Class.name)`` to ``name (mod.Class)`` where the record has the latter.

    From Python 3.11 on unittest repeats the method's name within the parentheses; records made on
    an older Python do not have it. An id that the record has in the long form stays as it is.
    """
    # The id of a part of a test has more after the test's own: "test_a (mod.Class) (size=2)".
    known = {match[0] for test_id in wanted if (match := _UNITTEST_ID.match(test_id))}

    def shorten(match: re.Match[str]) -> str:
        short = f"{match['name']} ({match['owner']})"
        return short if short in known and match[0] not in known else match[0]

    return _LONG_UNITTEST_ID.sub(shorten, log)


def with_recorded_paths(log: str, wanted: Collection[str]) -> str:
    """Put the record's own folder where an id of the log has the working tree's, `/testbed`.

    ``test_a[/testbed/tests/x.py]`` becomes ``test_a[/home/me/pylint/tests/x.py]`` where the record
    has the latter, and has nothing else that it could mean.
    """
    printed: defaultdict[str, set[str]] = defaultdict(set)
    for recorded in set(wanted):
        for variant in _as_printed(recorded):
            printed[variant].add(recorded)
    for variant in sorted(printed.keys() - set(wanted)):
        if len(printed[variant]) == 1 and variant in log:
            (recorded,) = printed[variant]
            whole = re.compile(rf"(?<!\S){re.escape(variant)}(?!\S)")
            log = whole.sub(lambda _, recorded=recorded: recorded, log)  # type: ignore[misc]
    return log


def _as_printed(recorded: str) -> Iterator[str]:
    """Write the id as it would be if some beginning of its path were the working tree."""
    match = _PATH.search(recorded)
    if match is None:
        return
    parts = match[0].split("/")[1:]
    for n_cut in range(1, len(parts)):
        folder = "/" + "/".join(parts[:n_cut])
        yield recorded.replace(folder + "/", TREE + "/")
