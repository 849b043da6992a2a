"""Leave a daemon behind that holds the output open, and end well."""

import os
import signal
import sys

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        while True:
            signal.pause()
    os._exit(0)
os.wait()
print("done", flush=True)
sys.exit(3)
