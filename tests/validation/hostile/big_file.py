"""Make one file larger than any may be."""

import signal

from attempt import attempt

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def grow() -> None:
    with open("/testbed/big", "wb") as file:
        file.truncate(10**12)


attempt("a file of 1 TB", grow)
