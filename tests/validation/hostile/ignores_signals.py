"""Ignore every signal that can be ignored."""

import contextlib
import signal

for number in signal.valid_signals():
    with contextlib.suppress(OSError, ValueError):
        signal.signal(number, signal.SIG_IGN)
print("ignoring", flush=True)
while True:
    signal.pause()
