"""An environment that comes as a container image, with the repository at /testbed.

A run has a checkout of its own at /testbed, which hides the image's. So what the image has there
beyond the base commit (compiled extensions, metadata of an editable install, files that the image's
makers changed) is taken out once and put into each checkout.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from validation.environments.environment import ABOUT, DELTA, TESTBED, add_delta
from validation.environments.keeping import BUILDING
from validation.environments.locks import locked
from validation.environments.recipe import RecipeSpec
from validation.sandbox import Cancelled, Docker, Image, Mount, SandboxError, remove_tree, trees

# Raise it when something else is kept of an image.
LAYOUT = 1
CHANGED = "changed"
# Where SWE-bench's images of Python projects have the environment that their scripts activate.
CONDA = "/opt/miniconda3"
CONDA_ENVIRONMENT = f"{CONDA}/envs/testbed"

Blobs = Mapping[str, str]


@dataclass(frozen=True)
class ImageEnvironment:
    """What a run needs to know of an image.

    `key` is its digest; `changed` maps the paths that the image has otherwise to base's blobs.
    """

    key: str
    path: Path
    image: str
    search_path: str
    has_conda: bool
    changed: Blobs

    def mounts(self) -> tuple[Mount, ...]:
        """Return nothing: everything is in the image."""
        return ()

    def variables(self, recipe: RecipeSpec) -> dict[str, str]:
        """Return the variables of a run: the image's environment is active."""
        own = {"PATH": self.search_path} if self.search_path else {}
        if self.has_conda:
            own = {
                "CONDA_DEFAULT_ENV": "testbed",
                "CONDA_PREFIX": CONDA_ENVIRONMENT,
                "PATH": f"{CONDA_ENVIRONMENT}/bin:{CONDA}/bin:{self.search_path}".rstrip(":"),
            }
        return {**own, **recipe.environment}

    def prepare_tree(self, folder: Path) -> None:
        """Bring a checkout into the state of the image's, where the checkout is as base is.

        What a patch changed stays as the patch has it.
        """
        for path, blob in self.changed.items():
            if blob_of(folder, path) == blob:
                os.unlink(folder / path)
                trees.copy_below(self.path / CHANGED, folder, path)
        add_delta(self.path / DELTA, folder)


def image_key(image: Image, base_tree: str) -> str:
    """Name the folder in which lies what an image has beyond a tree."""
    return hashlib.sha256(f"image {LAYOUT} {image.digest} {base_tree}".encode()).hexdigest()


def find_image_environment(folder: Path, key: str) -> ImageEnvironment | None:
    """Return what was taken out of an image before, and note its use."""
    path = folder.absolute() / key
    try:
        about = json.loads((path / ABOUT).read_bytes())
        os.utime(path)
    except FileNotFoundError:
        return None
    about.pop("size_bytes")
    return ImageEnvironment(path=path, **about)


def ensure_image_environment(
    sandbox: Docker,
    image: Image,
    key: str,
    base: Blobs,
    folder: Path,
    cancelled: Cancelled | None = None,
) -> ImageEnvironment:
    """Take out of an image what it has at /testbed beyond base (path: blob), unless somebody has.

    Raises SandboxError, and NotLocked when cancelled.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, key, cancelled):
        if found := find_image_environment(folder, key):
            return found
        building = Path(tempfile.mkdtemp(prefix=f"{BUILDING}{key}-", dir=folder))
        try:
            _take_out(sandbox, image, base, building)
            building.rename(folder / key)
        finally:
            remove_tree(building)
    found = find_image_environment(folder, key)
    if found is None:
        raise SandboxError(f"What was taken out of {image.name} is gone again.")
    return found


def _take_out(sandbox: Docker, image: Image, base: Blobs, building: Path) -> None:
    content, delta, changed = (building / name for name in ("content", DELTA, CHANGED))
    for folder in (content, delta, changed):
        folder.mkdir()
    with sandbox.files(image) as files:
        files.copy_out(TESTBED, content, _is_wanted)
        has_conda = files.has(f"{CONDA_ENVIRONMENT}/bin")
    trees.take_back(content)
    replaced = {}
    for path in trees.paths(content):
        blob = base.get(path)
        if blob is None:
            trees.copy_below(content, delta, path)
        elif blob_of(content, path) not in (blob, None):
            trees.copy_below(content, changed, path)
            replaced[path] = blob
    remove_tree(content)
    about = {
        "key": image.digest,
        "image": image.digest,
        "search_path": image.search_path,
        "has_conda": has_conda,
        "changed": replaced,
        "size_bytes": trees.disk_usage(building),
    }
    (building / ABOUT).write_text(json.dumps(about), encoding="utf-8")


def _is_wanted(path: str) -> bool:
    parts = path.split("/")
    return parts[0] != ".git" and "__pycache__" not in parts


def blob_of(folder: Path, path: str) -> str | None:
    """Return git's id of a regular file; None of what is none, or not there, or behind a link."""
    place = folder
    for part in path.split("/"):
        if place.is_symlink():
            return None
        place = place / part
    try:
        if not stat.S_ISREG(place.lstat().st_mode):
            return None
        content = place.read_bytes()
    except OSError:
        return None
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
