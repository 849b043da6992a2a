"""Kill the parent, process 1, and everybody."""

import os
import signal

for pid in (os.getppid(), 1, -1):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError as error:
        print(f"refused {pid}: {error}", flush=True)
print("still here", flush=True)
