"""Become somebody else, and lift the limits."""

import os
import resource
import shutil
import subprocess
from pathlib import Path

from attempt import attempt

attempt("root", lambda: os.setuid(0))
attempt("root's group", lambda: os.setgid(0))
attempt("groups", lambda: os.setgroups([0]))
attempt("priority", lambda: os.nice(-5))
for name in ("NOFILE", "FSIZE", "CPU"):
    kind = getattr(resource, f"RLIMIT_{name}")
    hard = resource.getrlimit(kind)[1]
    attempt(
        f"limit of {name}", lambda kind=kind, hard=hard: resource.setrlimit(kind, (hard, hard + 1))
    )
shutil.copy("/usr/bin/id", "/testbed/id")
os.chmod("/testbed/id", 0o4755)
print(subprocess.run(["/testbed/id", "-u"], capture_output=True, text=True).stdout)
for line in Path("/proc/self/status").read_text().splitlines():
    name, _, value = line.partition(":")
    if name.startswith("Cap"):
        print(f"{'REACHED' if int(value, 16) else 'refused'} {name}: {value.strip()}")
    if name == "NoNewPrivs":
        print(f"{'refused' if value.strip() == '1' else 'REACHED'} new privileges")
    if name == "Groups":
        print(f"{'REACHED' if value.split() else 'refused'} groups: {value.strip()}")
