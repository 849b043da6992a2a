"""Write where later runs read: argv names folders."""

import os
import sys

from attempt import attempt


def write(folder: str) -> None:
    with open(f"{folder}/planted", "w") as file:
        file.write("x")


for path in ("/", "/usr/bin", "/etc", "/dev", "/var", "/run", *sys.argv[1:-1]):
    attempt(f"writing to {path}", lambda path=path: write(path))
    attempt(f"opening up {path}", lambda path=path: os.chmod(path, 0o777))
