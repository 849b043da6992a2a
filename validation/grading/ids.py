"""Bring test ids that an environment prints into the form the record has."""

from __future__ import annotations

import re
from collections.abc import Collection

# "test_alter_alter_field (migrations.test_optimizer.OptimizerTests.test_alter_alter_field) ... ok"
_LONG_UNITTEST_ID = re.compile(r"^(?P<name>\w+) \((?P<owner>[\w.]+)\.(?P=name)\)", re.MULTILINE)


def with_recorded_unittest_ids(log: str, wanted: Collection[str]) -> str:
    """Shorten ``name (mod.Class.name)`` to ``name (mod.Class)`` where the record has the latter.

    From Python 3.11 on unittest repeats the method's name within the parentheses; records made on
    an older Python do not have it. An id that the record has in the long form stays as it is.
    """
    known = set(wanted)

    def shorten(match: re.Match[str]) -> str:
        short = f"{match['name']} ({match['owner']})"
        return short if short in known and match[0] not in known else match[0]

    return _LONG_UNITTEST_ID.sub(shorten, log)
