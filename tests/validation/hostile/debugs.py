"""Take hold of another process: by ptrace, by its memory, by its descriptors."""

import ctypes
import os
import signal

from attempt import attempt, libc, system_call

TRACEME, ATTACH = 0, 16
child = os.fork()
if child == 0:
    while True:
        signal.pause()
attempt("ptrace of a child", lambda: system_call(101, ATTACH, child, 0, 0))
attempt("ptrace of the parent", lambda: system_call(101, ATTACH, os.getppid(), 0, 0))
attempt("being traced", lambda: system_call(101, TRACEME, 0, 0, 0))
buffer = ctypes.create_string_buffer(8)
attempt("memory of a child", lambda: system_call(310, child, buffer, 1, buffer, 1, 0))
attempt("descriptors of a child", lambda: system_call(438, os.pidfd_open(child), 1, 0))
os.kill(child, signal.SIGKILL)
assert libc is not None
