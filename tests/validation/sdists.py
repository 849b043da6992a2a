"""Rebuild real repositories from source distributions, once per data folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.validation.conftest import git

DOWNLOAD_SECONDS = 600
# What pip says when the index does not answer, as opposed to a package it cannot build.
_NO_INDEX = (
    "Connection refused",
    "NewConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "Temporary failure in name resolution",
    "503 Server Error",
    "502 Bad Gateway",
)


class IndexUnreachable(Exception):
    """The package index did not answer."""


@dataclass(frozen=True)
class RealInstance:
    """A task row whose base_commit is the commit made of the source distribution."""

    instance_id: str
    row: dict[str, Any]
    entry: dict[str, Any]
    repository: Path


def real_instance(corpus: Path, cache: Path, instance_id: str) -> RealInstance:
    """Fetch, unpack and commit the instance's source distribution. Raise IndexUnreachable."""
    entry = _find(corpus / "runnable" / "instances.jsonl", instance_id)
    files = [
        path for path in (corpus / "tasks").glob("swe-bench-*.jsonl") if "no-tests" not in path.name
    ]
    row = next(found for path in sorted(files) if (found := _find(path, instance_id)))
    repository = _repository(cache, entry)
    base = git(repository, "rev-parse", "HEAD")
    return RealInstance(instance_id, {**row, "base_commit": base}, entry, repository)


def _find(path: Path, instance_id: str) -> dict[str, Any]:
    for line in path.read_text().splitlines():
        if f'"{instance_id}"' in line:
            found: dict[str, Any] = json.loads(line)
            return found
    return {}


def _repository(cache: Path, entry: dict[str, Any]) -> Path:
    folder = cache / str(entry["sdist"])
    if not folder.is_dir():
        archive = _download(cache, entry)
        fresh = cache / f".{entry['sdist']}-{os.getpid()}"
        with tarfile.open(archive) as tar:
            tar.extractall(fresh, filter="data")
        (top,) = fresh.iterdir()
        git(top, "init", "--quiet", "--initial-branch=main")
        git(top, "add", "--all", "--force")
        git(top, "commit", "--quiet", f"--message={entry['sdist']}")
        try:
            top.rename(folder)
        except OSError:  # another process was faster
            shutil.rmtree(top)
        shutil.rmtree(fresh)
    return folder


def _download(cache: Path, entry: dict[str, Any]) -> Path:
    archive = cache / str(entry["sdist_file"])
    if archive.is_file():
        return archive
    folder = cache / f".download-{os.getpid()}"
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-binary", ":all:", "--no-deps"),
        *("--dest", str(folder), str(entry["sdist"])),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise IndexUnreachable(f"no answer in {DOWNLOAD_SECONDS} s") from error
    if done.returncode:
        if any(sign in done.stderr for sign in _NO_INDEX):
            raise IndexUnreachable(done.stderr[-500:])
        raise AssertionError(done.stderr[-2000:])
    (fetched,) = folder.iterdir()
    fetched.replace(archive)
    folder.rmdir()
    return archive
