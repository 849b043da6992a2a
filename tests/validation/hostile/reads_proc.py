"""Look for other processes, and at what the kernel tells about and takes from them."""

import os

from attempt import attempt, read

others = [
    pid for pid in os.listdir("/proc") if pid.isdecimal() and int(pid) not in (1, os.getpid())
]
print(f"{'REACHED' if others else 'refused'} other processes: {others}")


def variables() -> str:
    """Return what process 1, which is the sandbox's own, knows of the host's variables."""
    known = ("PATH=", "PWD=/")
    found = read("/proc/1/environ").rstrip("\0").split("\0")
    foreign = [variable for variable in found if not variable.startswith(known)]
    if not foreign:
        raise ValueError("there are none")
    return str(foreign)


attempt("variables of process 1", variables)
for name in ("mem", "root/etc/shadow", "cwd/etc/shadow"):
    attempt(f"/proc/1/{name}", lambda name=name: read(f"/proc/1/{name}"))
for path in ("/proc/kcore", "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern"):
    attempt(f"writing to {path}", lambda path=path: os.open(path, os.O_RDWR))
attempt("/sys", lambda: os.listdir("/sys")[0])
