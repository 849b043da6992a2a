"""Read what belongs to the host: argv names files and folders of its."""

import os
import sys

from attempt import attempt, read

for path in ("/etc/shadow", "/root", "/home", "/var/log", *sys.argv[1:-1]):
    if os.path.isdir(path):
        seen = [name for name in os.listdir(path) if name != "runner"]
        print(f"{'REACHED' if seen and path != '/root' else 'refused'} {path}: {seen}")
    else:
        attempt(path, lambda path=path: read(path))
known = {"HOME", "LANG", "LOGNAME", "PATH", "PWD", "SHLVL", "TMPDIR", "USER", "_", "LC_CTYPE"}
foreign = sorted(os.environ.keys() - known)
print(f"{'REACHED' if foreign else 'refused'} variables of the host: {foreign}")
