"""Have as many processes at a time as can be had, and count them."""

import os
import signal

children = []
try:
    while len(children) < 5000:
        child = os.fork()
        if child == 0:
            signal.pause()
        children.append(child)
except OSError as error:
    print(f"refused one more: {error}", flush=True)
else:
    print("REACHED all that were wanted", flush=True)
print(f"had {len(children)}", flush=True)
for child in children:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
