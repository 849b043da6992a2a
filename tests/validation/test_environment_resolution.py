"""Which releases of a recipe's packages are installed."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from validation.environments import RecipeSpec, ensure_environment, environment_key
from validation.sandbox import SandboxUnavailable, choose_sandbox

# A build backend that needs nothing but the interpreter.
BACKEND = """
import zipfile

def build_wheel(folder, config=None, metadata=None):
    name = "tally-2.0-py3-none-any.whl"
    info = "tally-2.0.dist-info"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("tally.py", "VERSION = 2\\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: tally\\nVersion: 2.0\\n")
        about = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr(f"{info}/WHEEL", about)
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tally"
version = "2.0"
"""


def write_old_wheel(folder: Path) -> None:
    info = "tally-1.0.dist-info"
    with zipfile.ZipFile(folder / "tally-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tally.py", "VERSION = 1\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tally\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


def write_new_sdist(folder: Path) -> None:
    files = {
        "pyproject.toml": PYPROJECT,
        "backend.py": BACKEND,
        "PKG-INFO": "Metadata-Version: 2.1\nName: tally\nVersion: 2.0\n",
    }
    with tarfile.open(folder / "tally-2.0.tar.gz", "w:gz") as sdist:
        for name, text in files.items():
            member = tarfile.TarInfo(f"tally-2.0/{name}")
            member.size = len(text.encode())
            sdist.addfile(member, io.BytesIO(text.encode()))


def test_the_newest_release_is_taken_even_if_only_an_older_one_has_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """psf__requests-5414: an older flasgger has a wheel and does not work with its Flask."""
    try:
        sandbox = choose_sandbox()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    links = tmp_path / "links"
    links.mkdir()
    write_old_wheel(links)
    write_new_sdist(links)
    monkeypatch.setenv("UV_FIND_LINKS", str(links))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    recipe = RecipeSpec(packages=("tally",))
    environment = ensure_environment(
        recipe, environment_key(recipe, ""), lambda tree: None, tmp_path / "environments", sandbox
    )
    assert [path.read_text() for path in environment.path.rglob("tally.py")] == ["VERSION = 2\n"]
