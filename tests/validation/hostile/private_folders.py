"""Fill the private folders, and one file beyond its limit."""

from attempt import attempt


def fill(path: str) -> None:
    with open(path, "wb") as file:
        for _ in range(64):
            file.write(b"x" * 1_000_000)


for folder in ("/tmp", "/dev/shm", "/home/runner"):
    attempt(f"more than allowed in {folder}", lambda folder=folder: fill(f"{folder}/big"))
