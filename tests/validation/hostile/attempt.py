"""Shared by the hostile programs: try something, and tell whether it was reached."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable

libc = ctypes.CDLL(None, use_errno=True)


def attempt(what: str, act: Callable[[], object]) -> None:
    """Print "REACHED what" when the act succeeds, "refused what" when it raises."""
    try:
        result = act()
    except (OSError, ValueError) as error:
        print(f"refused {what}: {error}", flush=True)
    else:
        print(f"REACHED {what}: {str(result)[:80]!r}", flush=True)


def system_call(number: int, *arguments: object) -> int:
    """Call the kernel directly; raise OSError as Python's own functions do."""
    result = libc.syscall(number, *arguments)
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return int(result)


def read(path: str) -> str:
    with open(path, "rb") as file:
        return file.read(4096).decode(errors="replace")
