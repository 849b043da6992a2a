"""Fill the disk with names."""

import os

for number in range(100_000_000):
    os.close(os.open(f"/testbed/{number}", os.O_CREAT))
