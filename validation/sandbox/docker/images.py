"""Images: those SWE-bench published, any other by its name, and one of this machine's own files."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from validation.sandbox import layout
from validation.sandbox.docker.engine import ContainerLost, speaking
from validation.sandbox.protocol import Mount, SandboxError, SandboxUnavailable

# A recipe's image of this name is the one SWE-bench published for the instance.
PUBLISHED = "swebench"
HOST = "retrace/host"
# /sbin is no link to this machine's /usr/sbin, because engines mount their init into it.
FOLDERS = ("dev", "etc", "home", "proc", "root", "run", "sbin", "sys", "usr", "var")
SYSTEM_FOLDERS = tuple(name for name in layout.SYSTEM_FOLDERS if name != "sbin")
# Python's ctypes asks for it by this path.
LDCONFIG = ("sbin/ldconfig", "../usr/sbin/ldconfig")
OPEN_FOLDERS = ("tmp", "var/tmp", f"{layout.HOME[1:]}")
# Registries say these of what trying again does not mend.
FOR_GOOD = ("not found", "denied", "unauthorized", "manifest unknown", "does not exist", "invalid")


@dataclass(frozen=True, slots=True)
class Image:
    """An image that the engine has. `digest` names its content."""

    name: str
    digest: str
    search_path: str = ""


def published_image(instance_id: str) -> str:
    """Return the name of the image that SWE-bench published for an instance.

    Docker Hub allows no two underscores in a row; SWE-bench writes _1776_ for them.
    """
    return f"swebench/sweb.eval.x86_64.{instance_id.replace('__', '_1776_')}:latest".lower()


def image_named(client: Any, name: str, cancelled: Callable[[], bool] | None = None) -> Image:
    """Return an image, pulled where the engine lacks it.

    Raise SandboxUnavailable where it cannot be had, SandboxError where that may pass.
    """
    found = _found(client, name)
    if found is None:
        _pull(client, name, cancelled)
        found = _found(client, name)
    if found is None:
        raise SandboxError(f"The engine says it has pulled {name}, but does not have it.")
    return found


def _found(client: Any, name: str) -> Image | None:
    try:
        with speaking():
            about = client.inspect_image(name)
    except ContainerLost:
        return None
    variables = (about.get("Config") or {}).get("Env") or []
    paths = [text.partition("=")[2] for text in variables if text.startswith("PATH=")]
    return Image(name, about["Id"], paths[-1] if paths else "")


def _pull(client: Any, name: str, cancelled: Callable[[], bool] | None) -> None:
    try:
        with speaking():
            for line in client.pull(name, stream=True, decode=True):
                if line.get("error"):
                    raise SandboxError(line["error"])
                if cancelled is not None and cancelled():
                    raise SandboxError("it was cancelled")
    except SandboxError as error:
        said = str(error)
        reason = f"The image {name} could not be pulled: {said}"
        if isinstance(error, ContainerLost) or any(word in said.lower() for word in FOR_GOOD):
            raise SandboxUnavailable(
                f"{reason} Correct the recipe's image, or sign in: docker login"
            ) from error
        raise SandboxError(reason) from error


def host_image(client: Any) -> Image:
    """Return the image with this machine's own programs: an empty one that they are mounted into.

    With it, environments that were built on this machine run in containers as they do elsewhere.
    """
    content = _skeleton()
    tag = hashlib.sha256(content).hexdigest()[:16]
    name = f"{HOST}:{tag}"
    found = _found(client, name)
    if found is None:
        client.import_image_from_data(content, repository=HOST, tag=tag)
        found = _found(client, name)
    if found is None:
        raise SandboxError(f"The engine did not keep the image {name}.")
    return found


def _skeleton() -> bytes:
    """Return a tar file of the folders, links and few files that nothing is mounted over."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in (*FOLDERS, *OPEN_FOLDERS):
            entry = tarfile.TarInfo(path)
            entry.type = tarfile.DIRTYPE
            entry.mode = 0o1777 if path in OPEN_FOLDERS else 0o755
            tar.addfile(entry)
        names = [name for name in SYSTEM_FOLDERS if Path("/", name).is_symlink()]
        for name, target in (LDCONFIG, *((name, os.readlink(f"/{name}")) for name in names)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
        text = b"passwd: files\ngroup: files\nhosts: files dns\n"
        entry = tarfile.TarInfo("etc/nsswitch.conf")
        entry.size, entry.mode = len(text), 0o644
        tar.addfile(entry, io.BytesIO(text))
    return stream.getvalue()


def system_mounts() -> tuple[Mount, ...]:
    """Return what is mounted into the image of this machine's own programs, read-only."""
    folders = [Path("/usr")]
    for name in SYSTEM_FOLDERS:
        folder = Path("/", name)
        if folder.is_dir() and not folder.is_symlink():
            folders.append(folder)
    etc = [Path("/etc", name) for name in layout.ETC if Path("/etc", name).exists()]
    return tuple(Mount(path.resolve(), str(path)) for path in (*folders, *etc))
