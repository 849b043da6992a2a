"""Run one git command: argument list, closed environment, time limit.

GitPython serves the reading of objects (`objects.py`), where its persistent `cat-file` pays.
Commands run here instead, because GitPython can only add to the environment it inherits, and
its time limit leaves the children of `git fetch` alive where `ps` is not installed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from trajectories.git.errors import GitFailed

CONFIG = Path(__file__).with_name("gitconfig")
# What is kept of our own environment: enough to find git, ssh keys and a proxy, no GIT_* at all.
_KEPT = (
    "PATH",
    "HOME",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)


class GitOptions(TypedDict, total=False):
    """The options of `run_git` that a caller with a mirror may give."""

    cwd: Path
    stdin: bytes
    extra: Mapping[str, str]
    timeout_seconds: float
    ok_codes: tuple[int, ...]


def git_environment() -> dict[str, str]:
    """Return the variables that close git off from the machine's and the user's configuration."""
    return {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(CONFIG),
        # Empty, since GitPython inherits what our own caller may have set.
        "GIT_CONFIG_COUNT": "0",
        "GIT_CONFIG_PARAMETERS": "",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "LC_ALL": "C",
    }


def run_git(
    *arguments: str,
    git_dir: Path | None = None,
    cwd: Path | None = None,
    stdin: bytes = b"",
    extra: Mapping[str, str] | None = None,
    timeout_seconds: float = 60,
    ok_codes: tuple[int, ...] = (0,),
) -> tuple[bytes, str]:
    """Return (stdout, stderr) of `git ARGUMENTS`, or raise GitFailed.

    A command that outlives `timeout_seconds` is ended with everything it started.
    """
    process = _start(arguments, git_dir, cwd, extra)
    try:
        stdout, stderr = process.communicate(stdin, timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        raise GitFailed(arguments[0], None, f"no end after {timeout_seconds:g} s") from None
    finally:
        _end(process)
    said = _message(stderr)
    if process.returncode not in ok_codes:
        raise GitFailed(arguments[0], process.returncode, said)
    return stdout, said


def read_git(
    *arguments: str,
    git_dir: Path,
    extra: Mapping[str, str] | None = None,
    timeout_seconds: float = 10,
    max_bytes: int = 16_000_000,
    ok_codes: tuple[int, ...] = (0,),
) -> tuple[bytes, bool]:
    """Return what `git ARGUMENTS` wrote within the limits, and whether a limit cut it short.

    For commands that write as they go, such as a search: what is there already is of use. Raises
    GitFailed where git ended with an error by itself.
    """
    process = _start(arguments, git_dir, None, extra)
    # Ending git closes its end of the pipe, which ends the reading below.
    is_late = threading.Event()

    def stop() -> None:
        is_late.set()
        _kill(process)

    timer = threading.Timer(timeout_seconds, stop)
    timer.start()
    try:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.close()
        data = process.stdout.read(max_bytes)
        is_cut = len(data) == max_bytes
        if is_cut:
            _kill(process)
        said = _message(process.stderr.read(10_000))
        code = process.wait()
    finally:
        timer.cancel()
        _kill(process)
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()
    if is_late.is_set() or is_cut:
        return data, True
    if code not in ok_codes:
        raise GitFailed(arguments[0], code, said)
    return data, False


def _message(stderr: bytes) -> str:
    """Decode what git said; a server may say anything, and a database takes no NUL."""
    return stderr.decode("utf-8", "replace").replace("\0", "\ufffd")


def _start(
    arguments: tuple[str, ...],
    git_dir: Path | None,
    cwd: Path | None,
    extra: Mapping[str, str] | None,
) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= git_environment() | dict(extra or {})
    if git_dir is not None:
        environment["GIT_DIR"] = str(git_dir)
    return subprocess.Popen(
        ["git", *arguments],
        cwd=cwd or git_dir,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the command's process group if it still runs, and reap it."""
    if process.poll() is None:
        _kill(process)
        process.communicate()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
