"""Look for a person's regular expression in an output, without waiting for it for ever.

Python's `re` cannot be interrupted from another thread, so it works in a process that can be ended.
"""

from __future__ import annotations

import json
import subprocess
import sys

SECONDS = 5.0
_PROGRAM = """\
import json, re, sys, warnings
warnings.simplefilter("ignore")
pattern, output = json.loads(sys.stdin.buffer.read())
sys.exit(0 if re.search(pattern, output, re.MULTILINE) else 10)
"""
_FOUND, _NOT_FOUND = 0, 10


class PatternNotSearched(Exception):
    """The regular expression was not done within its time, or could not begin."""


def find_pattern(pattern: str, output: str, seconds: float = SECONDS) -> bool:
    """Tell whether the pattern is found anywhere; raise PatternNotSearched if that is not known."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _PROGRAM],
            input=json.dumps([pattern, output]).encode("ascii"),
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PatternNotSearched(f"The pattern was not done after {seconds:g} s.") from error
    except OSError as error:
        raise PatternNotSearched(f"The pattern could not be looked for: {error}") from error
    if done.returncode not in (_FOUND, _NOT_FOUND):
        raise PatternNotSearched("The pattern could not be looked for: it needs too much memory.")
    return done.returncode == _FOUND
