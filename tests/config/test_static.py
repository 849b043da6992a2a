"""Static files as they are served outside of tests: under hashed names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.core.management import call_command

from annotator.config.settings import base

IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*["'](\.{0,2}/[^"']+)["']""")


def test_modules_import_each_other_by_the_names_that_pages_use(
    tmp_path: Path, settings: Any
) -> None:
    """Else a module that a page loads and another one imports would run twice."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": base.STORAGES["staticfiles"]}
    call_command("collectstatic", interactive=False, verbosity=0)
    hashed = re.compile(r"^\./[\w-]+\.[0-9a-f]{12}\.js$")
    imported = {
        found
        for path in (tmp_path / "js").glob("*.*.js")
        for found in IMPORT.findall(path.read_text())
    }
    assert imported
    assert [name for name in imported if not hashed.match(name)] == []
    assert all((tmp_path / "js" / name).is_file() for name in imported)
