"""Read environment recipes from data set rows and from files of recipes.

A recipe says how to install and test a task. Several data sets carry one, each under names of its
own; they all become a `RecipeSpec`. `docs/validation.md` lists the fields that are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from validation.environments import RecipeSpec


class RecipeError(ValueError):
    """An entry that is no usable recipe; the message says which field and what is wrong."""


@dataclass(frozen=True)
class RecipeEntry:
    """A recipe and whom it is for: one instance, or a repository at one version or any."""

    spec: RecipeSpec
    instance_id: str = ""
    repository: str = ""
    version: str = ""


@dataclass(frozen=True)
class ReadEntry:
    """One entry of a file: the recipe, or why it was refused. `line` counts from 1."""

    line: int
    entry: RecipeEntry | None = None
    reason: str = ""


# Each field under the names that data sets use for it; the first that has a value counts.
_NAMES: dict[str, tuple[str, ...]] = {
    "runtime": ("runtime",),
    "python_version": ("python_version", "python"),
    "pre_install": ("pre_install",),
    "install": ("install",),
    "environment": ("environment", "env", "env_vars"),
    "test_command": ("test_command", "test_cmd", "test_cmds"),
    "log_parser": ("log_parser", "parser"),
    "image": ("image", "docker_image", "image_name"),
}
RUNTIMES: dict[str, Literal["python", "node"]] = {"python": "python", "node": "node"}
# Conda's "numpy=1.25" means what pip's "numpy==1.25" does.
_CONDA_PIN = re.compile(r"^(?P<name>[\w.\[\]-]+)=(?P<version>[\w.*+!-]+)$")
_PYTHON_VERSION = re.compile(r"^\d+\.\d+(\.\d+)?$")
_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# What a row of the database holds of each.
_LONGEST = {"version": 100, "log_parser": 100, "image": 500, "python": 20}
_START, _END = ">>>>> Start Test Output", ">>>>> End Test Output"


def read_recipes(text: str) -> Iterator[ReadEntry]:
    """Read JSON lines or one JSON array of entries; a bad entry is told and stops nothing."""
    if text.lstrip().startswith("["):
        yield from _read_array(text)
        return
    for line, content in enumerate(text.splitlines(), start=1):
        if content.strip():
            yield _read_line(line, content)


def _read_array(text: str) -> Iterator[ReadEntry]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield ReadEntry(getattr(error, "lineno", 1), reason=f"This is no JSON: {error}.")
        return
    for number, item in enumerate(items, start=1):
        yield _read_item(number, item)


def _read_line(line: int, content: str) -> ReadEntry:
    try:
        item = json.loads(content)
    except (ValueError, RecursionError) as error:
        return ReadEntry(line, reason=f"This is no JSON: {error}.")
    return _read_item(line, item)


def _read_item(line: int, item: object) -> ReadEntry:
    try:
        return ReadEntry(line, entry=parse_entry(item))
    except RecipeError as error:
        return ReadEntry(line, reason=str(error))


def parse_entry(item: object) -> RecipeEntry:
    """Read one entry of a recipe file. Raise RecipeError where it cannot be used."""
    if not isinstance(item, dict):
        raise RecipeError("An entry must be a JSON object.")
    instance_id = _text(item.get("instance_id"), "instance_id")
    repository = _text(item.get("repo") or item.get("repository"), "repo")
    if not instance_id and not repository:
        raise RecipeError("Name the task with instance_id, or repo and version.")
    spec = parse_spec(item)
    if not spec.test_command:
        raise RecipeError("test_command is missing: say how the tests are run.")
    if instance_id:
        return RecipeEntry(spec, instance_id=instance_id)
    version = _text(item.get("version"), "version")
    return RecipeEntry(spec, repository=repository, version=version)


def entry_of(
    spec: RecipeSpec, *, instance_id: str = "", repository: str = "", version: str = ""
) -> dict[str, object]:
    """Write an entry that `parse_entry` reads as just this; without the fields that are empty."""
    whose = {"instance_id": instance_id} if instance_id else {"repo": repository}
    fields = {
        "version": version,
        "runtime": "" if spec.runtime == "python" else spec.runtime,
        "python": spec.python_version,
        "pre_install": list(spec.pre_install),
        "packages": list(spec.packages),
        "install": list(spec.install),
        "env": dict(spec.environment),
        "test_command": spec.test_command,
        "log_parser": spec.log_parser,
        "image": spec.image,
    }
    return {**whose, **{name: value for name, value in fields.items() if value}}


def recipe_of_row(row: Mapping[str, Any]) -> RecipeSpec | None:
    """Return the recipe that a data set row brings along, or None.

    Rows of SWE-bench 5 have an image, an eval_script and a log_parser; others an install_config
    object or test_cmds.
    """
    script = row.get("eval_script")
    if isinstance(script, str) and script:
        return parse_spec({**row, "test_command": _tested_by(script), "install": None})
    if any(row.get(key) for key in ("install_config", "recipe", *_NAMES["test_command"])):
        spec = parse_spec(row)
        return spec if spec.test_command else None
    return None


def parse_spec(item: Mapping[str, Any]) -> RecipeSpec:
    """Read the recipe's own fields, from `recipe` or `install_config` and from beside them."""
    inner = item.get("recipe") or item.get("install_config") or {}
    if isinstance(inner, str):
        inner = _decoded(inner)
    if not isinstance(inner, Mapping):
        raise RecipeError("recipe must be a JSON object.")
    values = {name: _first(inner, item, names) for name, names in _NAMES.items()}
    runtime = _runtime(values["runtime"])
    if runtime == "node":
        requirements, packages = _npm_packages(inner, item)
    else:
        requirements, packages = _packages(inner, item)
    version = _python_version(values["python_version"])
    if version and runtime != "python":
        raise RecipeError(f"python is named, but the runtime is {runtime}.")
    return RecipeSpec(
        runtime=runtime,
        python_version=version,
        pre_install=_commands(values["pre_install"], "pre_install"),
        packages=packages,
        install=(*requirements, *_commands(values["install"], "install")),
        environment=_environment(values["environment"]),
        test_command="\n".join(_commands(values["test_command"], "test_command")),
        log_parser=_text(values["log_parser"], "log_parser"),
        image=_text(values["image"], "image"),
    )


def _decoded(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise RecipeError(f"recipe is no JSON: {error}.") from error


def _first(inner: Mapping[str, Any], outer: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for source in (inner, outer):
        for name in names:
            if source.get(name) not in (None, "", [], {}):
                return source[name]
    return None


def _runtime(value: object) -> Literal["python", "node"]:
    name = _text(value, "runtime") or "python"
    if name not in RUNTIMES:
        raise RecipeError(f"runtime must be {' or '.join(RUNTIMES)}, not {name!r}.")
    return RUNTIMES[name]


def _npm_packages(
    inner: Mapping[str, Any], outer: Mapping[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    value = _first(inner, outer, ("packages",))
    packages = tuple(value.split()) if isinstance(value, str) else _texts(value, "packages")
    if strange := next((name for name in packages if name.startswith("-")), None):
        raise RecipeError(f"packages: {strange!r} is an option, no package.")
    return (), packages


def _packages(
    inner: Mapping[str, Any], outer: Mapping[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return install commands for requirement files, and the packages named one by one."""
    requirements: list[str] = []
    packages: list[str] = []
    for key in ("packages", "pip", "pip_packages"):
        value = inner.get(key, outer.get(key))
        if value == "requirements.txt":
            paths = _texts(inner.get("reqs_path") or "requirements.txt", "reqs_path")
            requirements += [f"uv pip install -r {_quoted(path)}" for path in paths]
        elif value == "environment.yml":
            raise RecipeError("packages names a conda environment.yml: list the packages instead.")
        elif isinstance(value, str):
            packages += value.split()
        else:
            packages += _texts(value, key)
    return tuple(requirements), tuple(_CONDA_PIN.sub(r"\g<name>==\g<version>", p) for p in packages)


def _quoted(path: str) -> str:
    if not re.fullmatch(r"[\w./-]+", path) or path.startswith("-"):
        raise RecipeError(f"reqs_path is no plain path: {path!r}.")
    return path


def _tested_by(script: str) -> str:
    """Return the commands between the markers of a SWE-bench 5 eval script."""
    lines = script.split("\n")
    start = next((n for n, line in enumerate(lines) if _START in line), None)
    end = next((n for n, line in enumerate(lines) if _END in line), None)
    if start is None or end is None:
        raise RecipeError("eval_script lacks the markers of the test output.")
    return "\n".join(line for line in lines[start + 1 : end] if line.strip())


def _python_version(value: object) -> str:
    version = _text(str(value) if isinstance(value, int | float) else value, "python")
    if version and not _PYTHON_VERSION.match(version):
        raise RecipeError(f"python must look like 3.11 or 3.11.7, not {version!r}.")
    return version


def _environment(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RecipeError("env must be a JSON object of variables.")
    for name in value:
        if not _VARIABLE.match(str(name)):
            raise RecipeError(f"env: {name!r} is no name of a variable.")
    return {str(name): _text(text, f"env.{name}") for name, text in sorted(value.items())}


def _commands(value: object, name: str) -> tuple[str, ...]:
    return tuple(command for command in _texts(value, name) if command.strip())


def _texts(value: object, name: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (_text(value, name),)
    if not isinstance(value, list):
        raise RecipeError(f"{name} must be a text or a list of texts.")
    return tuple(_text(item, f"{name}[{n}]") for n, item in enumerate(value))


def _text(value: object, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RecipeError(f"{name} must be a text, not {type(value).__name__}.")
    if "\0" in value:
        raise RecipeError(f"{name} contains a NUL character.")
    if _SURROGATE.search(value):
        raise RecipeError(f"{name} contains half a character (a lone surrogate).")
    if len(value) > _LONGEST.get(name, len(value)):
        raise RecipeError(f"{name} is longer than {_LONGEST[name]} characters.")
    return value.strip("\n")
