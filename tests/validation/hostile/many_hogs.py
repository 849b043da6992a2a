"""Take in each of several processes less than the limit, and in all of them more."""

import os
import time

for _ in range(8):
    if os.fork() == 0:
        break
taken = b"x" * 30_000_000
time.sleep(60)
