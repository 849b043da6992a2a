"""Follow links out of the tree, and leave traps for whoever reads the tree back.

argv names a file of the host.
"""

import os
import sys

from attempt import attempt, read

target = sys.argv[1]
for name, to in (("shadow", "/etc/shadow"), ("secret", target), ("out", os.path.dirname(target))):
    os.symlink(to, name)
    attempt(f"a link to {to}", lambda name=name: read(name))
attempt("a hard link to the host", lambda: os.link("/usr/bin/env", "hard"))
attempt("a link's way up", lambda: read("../../../../../.." + target))
os.mkfifo("fifo")
os.mkdir("closed")
os.symlink("/", "closed/root")
os.chmod("closed", 0)
with open("huge", "wb") as file:
    file.truncate(100_000_000)
