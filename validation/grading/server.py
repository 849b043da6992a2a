"""The grading process: ``python -m validation.grading.server``.

Reads one request per line from standard input and answers with one line each, until the input
ends. The first line it writes says whether ``swebench`` could be imported.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import BinaryIO

from validation.grading.protocol import decode_request, encode

# A parser's regular expression can run for hours on a hostile log, deaf to Python's signals. The
# client gives up long before; this ends the process where no client is left to do it.
LONGEST_GRADE_SECONDS = 300


def main() -> int:
    """Serve until the input ends."""
    answers = _take_over_stdout()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    try:
        from validation.grading.grader import grade
    except ImportError as error:
        _say(answers, {"ready": False, "reason": f"{error}"})
        return 1
    _say(answers, {"ready": True})
    for line in sys.stdin.buffer:
        signal.alarm(LONGEST_GRADE_SECONDS)
        try:
            answers.write(encode(grade(decode_request(line))))
        except Exception as error:
            # A parser that trips over one log must not take the process, and all later logs, down.
            _say(answers, {"error": f"{type(error).__name__}: {error}"})
        answers.flush()
        signal.alarm(0)
    return 0


def _take_over_stdout() -> BinaryIO:
    """Keep standard output for answers; whatever a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _say(answers: BinaryIO, message: dict[str, object]) -> None:
    answers.write(json.dumps(message).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())
