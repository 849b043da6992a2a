"""Ask the grading process, starting it when first needed and again when it has died."""

from __future__ import annotations

import json
import logging
import os
import selectors
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from validation.grading.protocol import Grade, GradeRequest, decode_grade, encode

logger = logging.getLogger(__name__)

START_SECONDS = 120.0
GRADE_SECONDS = 120.0
GRADES_PER_PROCESS = 300
_ROOT = Path(__file__).resolve().parents[2]


class GradingError(Exception):
    """The grading process could not judge a log; the run itself is not to blame."""


class GradingUnavailableError(GradingError):
    """The ``swebench`` package is not installed where runs are executed."""


class UngradableLogError(GradingError):
    """The log parser failed on this log or did not come to an end: the log is to blame."""


class GradingProcess:
    """One child process that has ``swebench`` imported. Safe to share between threads."""

    def __init__(self, *, grade_seconds: float = GRADE_SECONDS) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        self._grades = 0
        self._grade_seconds = grade_seconds

    @property
    def pid(self) -> int | None:
        """Return the child's process id while it runs."""
        return self._process.pid if self._process else None

    def grade(self, request: GradeRequest) -> Grade:
        """Judge one log. A child that died meanwhile is replaced once."""
        with self._lock:
            try:
                return self._ask(request)
            except (BrokenPipeError, EOFError):
                logger.warning("The grading process died; starting another")
                self._stop()
            try:
                return self._ask(request)
            except (BrokenPipeError, EOFError) as error:
                self._stop()
                raise GradingError("The grading process died twice on the same log.") from error

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._stop()

    def _ask(self, request: GradeRequest) -> Grade:
        process = self._running()
        assert process.stdin is not None
        process.stdin.write(encode(request))
        process.stdin.flush()
        try:
            answer = self._read(process, self._grade_seconds)
        except TimeoutError as error:
            self._stop()
            seconds = self._grade_seconds
            raise UngradableLogError(
                f"The log could not be parsed within {seconds:.0f} s."
            ) from error
        self._grades += 1
        if "error" in answer:
            raise UngradableLogError(f"The log parser failed: {answer['error']}")
        return decode_grade(answer)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._owner != os.getpid():
            # A fork inherited the parent's child: it belongs to the parent.
            self._process, self._owner = None, os.getpid()
        if self._grades >= GRADES_PER_PROCESS:
            self._stop()
        if self._process is None or self._process.poll() is not None:
            self._process = self._start()
        return self._process

    def _start(self) -> subprocess.Popen[bytes]:
        self._grades = 0
        process = subprocess.Popen(
            [sys.executable, "-m", "validation.grading.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
            env=_child_environment(),
        )
        try:
            hello = self._read(process, START_SECONDS)
        except (TimeoutError, EOFError) as error:
            process.kill()
            process.wait()
            raise GradingError("The grading process did not start.") from error
        if not hello.get("ready"):
            process.wait()
            raise GradingUnavailableError(
                f"Test logs cannot be graded: {hello.get('reason')}. Install the requirements of"
                " the runs worker (requirements/runs.txt), which contain the swebench package."
            )
        return process

    def _read(self, process: subprocess.Popen[bytes], seconds: float) -> dict[str, Any]:
        """Read one line; raise EOFError when the child ended, TimeoutError when it is too slow."""
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        deadline = time.monotonic() + seconds
        chunks: list[bytes] = []
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while not (chunks and chunks[-1].endswith(b"\n")):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                chunk = os.read(descriptor, 1 << 16)
                if not chunk:
                    raise EOFError
                chunks.append(chunk)
        answer: dict[str, Any] = json.loads(b"".join(chunks))
        return answer

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue


def _child_environment() -> dict[str, str]:
    """Pass on what an interpreter needs and none of the site's secrets."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR", "LANG") if key in os.environ}
    return {**kept, "PYTHONUTF8": "1"}


_shared = GradingProcess()


def grade(request: GradeRequest) -> Grade:
    """Judge one log in this worker's own grading process."""
    return _shared.grade(request)


def close() -> None:
    """End this worker's grading process."""
    _shared.close()
