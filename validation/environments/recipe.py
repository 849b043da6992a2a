"""How to install and test a task, as plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

# What a key stands for beyond its recipe: raise it when environments are built otherwise.
LAYOUT = 1


@dataclass(frozen=True)
class RecipeSpec:
    """How to install and test a task: the content of a recipe, whatever it came from."""

    runtime: Literal["python", "node"] = "python"
    python_version: str = ""
    pre_install: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    install: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    test_command: str = ""
    log_parser: str = ""
    image: str = ""

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the content; equal recipes have equal digests."""
        content = {**asdict(self), "environment": dict(self.environment)}
        return _digest(_without_default(content))


def environment_key(recipe: RecipeSpec, base_tree: str) -> str:
    """Name the environment of a recipe on a tree; equal names are built once.

    Only what the build sees counts: two test commands share an environment, and the tree matters
    only where commands run in it (an editable install leaves files of that very tree behind).
    """
    commands = [*recipe.pre_install, *recipe.install]
    content: dict[str, object] = {
        "layout": LAYOUT,
        "runtime": recipe.runtime,
        "python_version": recipe.python_version,
        "packages": recipe.packages,
        "pre_install": recipe.pre_install,
        "install": recipe.install,
        "environment": dict(recipe.environment) if commands else {},
        "tree": base_tree if commands else "",
    }
    return _digest(_without_default(content))


def _without_default(content: dict[str, object]) -> dict[str, object]:
    """Leave Python out, so that recipes from before there were others keep their names."""
    if content["runtime"] == "python":
        del content["runtime"]
    return content


def _digest(content: Mapping[str, object]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
