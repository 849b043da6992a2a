"""Images of the stand-in engine: folders with a root file system."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

FOLDERS = ("dev", "etc", "home", "proc", "root", "run", "sbin", "sys", "tmp", "usr", "var/tmp")
SYSTEM = ("bin", "lib", "lib32", "lib64", "libx32")


@dataclass
class StoredImage:
    """An image as the engine has it. `with_system`: this machine's /usr stands for its own."""

    digest: str
    root: Path
    names: list[str]
    env: list[str] = field(default_factory=list)
    with_system: bool = False

    def about(self) -> dict[str, object]:
        return {
            "Id": self.digest,
            "RepoTags": self.names,
            "RepoDigests": [],
            "Config": {"Env": self.env},
        }


def make_image(folder: Path, files: dict[str, str], *, env: tuple[str, ...] = ()) -> StoredImage:
    """Make an image for a registry: this machine's programs, and files of its own."""
    for name in (
        "dev",
        "etc",
        "home",
        "proc",
        "root",
        "run",
        "sbin",
        "sys",
        "tmp",
        "usr",
        "var/tmp",
    ):
        (folder / name).mkdir(parents=True)
    for name in SYSTEM:
        if Path("/", name).is_symlink():
            (folder / name).symlink_to(Path("/", name).readlink())
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    content = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
    return StoredImage(f"sha256:{content}", folder, [], list(env), with_system=True)


def imported(folder: Path, content: bytes, name: str) -> StoredImage:
    """Unpack a tar file that a client sent as an image."""
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        tar.extractall(folder)  # from our own client; a filter needs Python 3.11.4
    return StoredImage(f"sha256:{hashlib.sha256(content).hexdigest()}", folder, [name])
