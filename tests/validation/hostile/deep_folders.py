"""Nest folders so deep that whoever walks them falls over, then wait to be looked at."""

import os
import time

for _ in range(2000):
    os.mkdir("d")
    os.chdir("d")
time.sleep(60)
