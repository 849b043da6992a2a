"""Static files as they are served outside of tests: under hashed names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from annotator.config.settings import base
from tests.conftest import PROJECT_FOLDER

IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*["'](\.{0,2}/[^"']+)["']""")


@pytest.fixture
def collected(tmp_path: Path, settings: Any) -> Path:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": base.STORAGES["staticfiles"]}
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


def test_modules_import_each_other_by_the_names_that_pages_use(collected: Path) -> None:
    """Else a module that a page loads and another one imports would run twice."""
    hashed = re.compile(r"^\./[\w-]+\.[0-9a-f]{12}\.js$")
    imported = {
        found
        for path in (collected / "js").glob("*.*.js")
        for found in IMPORT.findall(path.read_text())
    }
    assert imported
    assert [name for name in imported if not hashed.match(name)] == []
    assert all((collected / "js" / name).is_file() for name in imported)


def test_the_stylesheet_of_every_page_is_one_file(collected: Path) -> None:
    [site] = (collected / "css").glob("site.*.css")
    text = site.read_text()
    assert "@import" not in text
    for sheet in (PROJECT_FOLDER / "static/css").glob("*.css"):
        is_in = sheet.read_text().rstrip() in text
        assert is_in or sheet.name == "site.css", f"{sheet.name} is not imported by site.css"


def test_collecting_again_keeps_the_stylesheet_in_one(collected: Path) -> None:
    before = {path.name for path in (collected / "css").iterdir()}
    call_command("collectstatic", interactive=False, verbosity=0)
    assert {path.name for path in (collected / "css").iterdir()} == before
