"""Print without end."""

import os

print("the beginning", flush=True)
while True:
    os.write(1, b"y\n" * 30_000)
