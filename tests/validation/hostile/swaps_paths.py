"""Swap files of the tree for links and back, for whoever measures or reads it meanwhile.

argv names a file of the host.
"""

import os
import sys
import time

target = sys.argv[1]
os.mkdir("folder")
with open("folder/file", "w") as file:
    file.write("own")
os.symlink(os.path.dirname(target), "link")
os.symlink("link", "chain")
os.symlink("loop", "loop")
os.mkfifo("fifo")
end = time.monotonic() + 2
while time.monotonic() < end:
    os.rename("folder", "aside")
    os.rename("link", "folder")
    os.rename("folder", "link")
    os.rename("aside", "folder")
print("swapped", flush=True)
