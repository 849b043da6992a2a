"""Environments of Node: npm installs in the build, and tests run without a network."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.validation.npm_registry import Registry, integrity, serving
from validation.environments import (
    Environment,
    EnvironmentBuildFailed,
    RecipeSpec,
    ensure_environment,
    environment_key,
    find_environment,
)
from validation.environments.interpreters import InterpreterNotFound, find_node
from validation.environments.registries import npm_registries
from validation.sandbox import Command, Mount, Result, choose_sandbox

TREE = "a" * 40
TOKEN = "npm_hunter2"
GREETING = {
    "package.json": json.dumps(
        {
            "name": "greeting",
            "version": "1.2.3",
            "main": "index.js",
            "bin": {"greet": "greet.js"},
            "scripts": {"postinstall": "node postinstall.js"},
        }
    ),
    "index.js": "exports.greet = (name) => `Hello ${name}`;\n",
    "greet.js": "#!/usr/bin/env node\nconsole.log(require('./index').greet('tool'));\n",
    "postinstall.js": "require('fs').writeFileSync('built', process.version);\n",
}
TEST = """\
const test = require("node:test");
const assert = require("node:assert");
const { greet } = require("greeting");

test("greets by name", () => assert.strictEqual(greet("Ada"), "Hello Ada"));
test("greets nobody", () => assert.strictEqual(greet(""), "Hello nobody"));
"""
RECIPE = RecipeSpec(
    runtime="node",
    install=("npm ci",),
    test_command="node --test --test-reporter=tap test/",
    log_parser="parse_log_tap",
)


@pytest.fixture(scope="module", autouse=True)
def node() -> None:
    """Skip, with the reason, where Node or npm is missing."""
    try:
        find_node()
    except InterpreterNotFound as error:
        pytest.skip(str(error))


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serving(Registry({"greeting": GREETING}, TOKEN)) as registry:
        yield registry


@pytest.fixture
def npmrc(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Say to this process where npm packages come from, as an administrator does."""
    for name in list(os.environ):
        if name.lower().startswith("npm_config_"):
            monkeypatch.delenv(name)
    file = tmp_path / "npmrc"
    file.write_text(
        f"registry={registry.url}\nreplace-registry-host=always\nfund=true\n"
        f"{registry.url.removeprefix('http:')}:_authToken=${{MY_NPM_TOKEN}}\n"
    )
    file.chmod(0o600)
    monkeypatch.setenv("NPM_CONFIG_USERCONFIG", str(file))
    monkeypatch.setenv("MY_NPM_TOKEN", TOKEN)
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "environments"


def write_project(folder: Path, archive: bytes = b"") -> None:
    about = {"name": "project", "version": "1.0.0", "dependencies": {"greeting": "1.2.3"}}
    locked = {
        "version": "1.2.3",
        # As everywhere: the lock names some registry, and npm asks the one that is set.
        "resolved": "https://packages.example/greeting/-/greeting-1.2.3.tgz",
        "integrity": integrity(archive),
        "hasInstallScript": True,
        "bin": {"greet": "greet.js"},
    }
    lock = {
        "name": "project",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "requires": True,
        "packages": {"": about, "node_modules/greeting": locked},
    }
    (folder / "test").mkdir()
    (folder / "test" / "greeting.test.js").write_text(TEST)
    (folder / "package.json").write_text(json.dumps(about))
    (folder / "package-lock.json").write_text(json.dumps(lock))


def built(recipe: RecipeSpec, folder: Path, archive: bytes = b"") -> Environment:
    return ensure_environment(
        recipe,
        environment_key(recipe, TREE),
        lambda tree: write_project(tree, archive),
        folder,
        choose_sandbox(),
    )


def run_in(environment: Environment, tree: Path, command: str) -> Result:
    tree.mkdir()
    write_project(tree)
    environment.prepare_tree(tree)
    return choose_sandbox().run(
        Command(
            argv=("/bin/bash", "-c", command),
            mounts=(*environment.mounts(), Mount(tree, "/testbed", writable=True)),
            environment=environment.variables(RECIPE),
        )
    )


def test_packages_of_a_lock_are_there_in_a_later_tree(
    registry: Registry, npmrc: Path, folder: Path, tmp_path: Path
) -> None:
    environment = built(RECIPE, folder, registry.archives["greeting"])

    result = run_in(environment, tmp_path / "testbed", RECIPE.test_command)

    assert (result.ended, result.exit_code) == ("exited", 1)
    lines = result.output.decode().splitlines()
    assert "ok 1 - greets by name" in lines
    assert "not ok 2 - greets nobody" in lines


def test_programs_of_packages_and_what_their_scripts_made_are_kept(
    registry: Registry, npmrc: Path, folder: Path, tmp_path: Path
) -> None:
    environment = built(RECIPE, folder, registry.archives["greeting"])

    result = run_in(
        environment, tmp_path / "testbed", "npx greet && cat node_modules/greeting/built"
    )

    assert result.output.decode() == f"Hello tool\nv{find_node().version}"


def test_packages_of_the_recipe_are_programs_of_the_environment(
    registry: Registry, npmrc: Path, folder: Path, tmp_path: Path
) -> None:
    environment = built(RecipeSpec(runtime="node", packages=("greeting@1.2.3",)), folder)

    result = run_in(environment, tmp_path / "testbed", "which greet && greet")

    assert result.output.decode().splitlines() == ["/environment/bin/greet", "Hello tool"]


def test_addresses_and_tokens_stay_out_of_logs_and_environments(
    registry: Registry, npmrc: Path, folder: Path
) -> None:
    recipe = RecipeSpec(
        runtime="node", install=("cat /opt/retrace/npmrc; npm config list; npm ci",)
    )
    environment = built(recipe, folder, registry.archives["greeting"])

    assert "$ cat /opt/retrace/npmrc" in environment.log
    kept = [path for path in environment.path.rglob("*") if path.is_file()]
    texts = {path: path.read_bytes() for path in kept}
    for secret in (TOKEN, f"127.0.0.1:{registry.server_port}"):
        assert [path for path, text in texts.items() if secret.encode() in text] == []


def test_only_what_says_where_packages_come_from_reaches_a_build(
    npmrc: Path, tmp_path: Path
) -> None:
    file = tmp_path / "for the build"

    indexes = npm_registries(find_node(), file)

    names = {line.partition("=")[0] for line in file.read_text().splitlines()}
    assert "registry" in names
    assert "fund" not in names
    assert any(name.endswith(":_authToken") for name in names)
    assert TOKEN in indexes.secrets
    assert not any(mount.writable for mount in indexes.mounts)


def test_a_registry_that_does_not_answer_may_answer_later(
    registry: Registry, npmrc: Path, folder: Path
) -> None:
    npmrc.write_text("registry=http://127.0.0.1:1/\nfetch-retries=0\n")

    with pytest.raises(EnvironmentBuildFailed, match="npm ci") as failure:
        built(RECIPE, folder)

    assert failure.value.index_unreachable


def test_a_missing_node_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(EnvironmentBuildFailed, match="Node is not on this machine: install it"):
        built(RECIPE, folder)


def test_another_node_needs_another_build(folder: Path) -> None:
    environment = built(RecipeSpec(runtime="node"), folder)
    about = environment.path / "about.json"
    content = json.loads(about.read_bytes())
    assert find_environment(folder, environment.key) == environment

    content["interpreter"]["version"] = "0.10.48"
    about.write_text(json.dumps(content))

    assert find_environment(folder, environment.key) is None
    assert built(RecipeSpec(runtime="node"), folder) == environment


def test_recipes_of_python_keep_their_names() -> None:
    """Environments and recipes from before there were other runtimes are found again."""
    recipe = RecipeSpec(packages=("pytest==8.4.2",), test_command="pytest")

    assert recipe.digest == "94ac9c8f70a79840ced0f8b2bd540df08a6585a808badabb13c5dc711231caee"
    assert (
        environment_key(recipe, TREE)
        == "aea57b5982ab32db8bf7b6527bc18092a2aa7ab3b3388666a65f4444794fa886"
    )
    assert environment_key(RecipeSpec(runtime="node"), TREE) != environment_key(RecipeSpec(), TREE)
