"""The documents name what exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from django.core.management import get_commands

PROJECT_FOLDER = Path(__file__).resolve().parents[1]
DOCUMENTS = [
    path
    for pattern in ("*.md", "docs/*.md", "samples/*.md")
    for path in sorted(PROJECT_FOLDER.glob(pattern))
]


def test_architecture_says_what_every_dependency_is_for() -> None:
    project = tomllib.loads((PROJECT_FOLDER / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["runs"]]
    text = (PROJECT_FOLDER / "docs" / "architecture.md").read_text()
    table = text[text.index("## Dependencies") :]
    names = [re.split(r"[<>=\[]", requirement)[0] for requirement in wanted]
    assert [name for name in names if name not in table] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_document_names_only_what_exists(document: Path) -> None:
    text = document.read_text()
    targets = set(
        re.findall(r"^([a-z][a-z-]*):", (PROJECT_FOLDER / "Makefile").read_text(), re.MULTILINE)
    )
    commands = set(get_commands())
    missing = [f"make {t}" for t in re.findall(r"`make ([a-z-]+)", text) if t not in targets]
    missing += [
        f"manage.py {c}" for c in re.findall(r"manage\.py ([a-z_]+)", text) if c not in commands
    ]
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        if not (document.parent / link).exists():
            missing.append(link)
    assert missing == []


def test_requirements_name_no_registry() -> None:
    for path in (PROJECT_FOLDER / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "://" not in text, path
        assert "--index-url" not in text, path
        assert "--hash=sha256:" in text, path
