"""Knock at the kernel's less used doors."""

import ctypes
import fcntl
import os
import pty
import time

from attempt import attempt, system_call

block = ctypes.create_string_buffer(512)
for name, number, arguments in (
    ("keyctl", 250, (0, -3, 1)),
    ("add_key", 248, (b"user", b"x", b"y", 1, -3)),
    ("bpf", 321, (0, block, 72)),
    ("perf_event_open", 298, (block, 0, -1, -1, 0)),
    ("userfaultfd", 323, (1,)),
    ("io_uring_setup", 425, (4, block)),
    ("init_module", 175, (block, 8, b"")),
    ("finit_module", 313, (0, b"", 0)),
    ("kexec_load", 246, (0, 0, 0, 0)),
    ("open_by_handle_at", 304, (-100, block, 0)),
    ("syslog", 103, (10, 0, 0)),
    ("reboot", 169, (0, 0, 0, 0)),
    ("swapon", 167, (b"/tmp", 0)),
    ("a call of the x32 interface", 0x40000000 + 39, ()),
):
    attempt(name, lambda number=number, arguments=arguments: system_call(number, *arguments))
attempt("the clock", lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()))
attempt("the host's name", lambda: system_call(170, b"x", 1))
_, terminal = pty.openpty()
attempt("typing into a terminal", lambda: fcntl.ioctl(terminal, 0x5412, b"x"))
attempt("a terminal of the worker", lambda: os.open("/dev/tty", os.O_RDWR))
