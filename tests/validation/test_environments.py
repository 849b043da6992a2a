"""Environments are built once, inside the sandbox, and hold in every later run."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from validation.environments import (
    BuildCommand,
    Environment,
    EnvironmentBuildFailed,
    RecipeSpec,
    ensure_environment,
    environment_key,
    find_environment,
    remove_abandoned_builds,
)
from validation.environments.building import UNREACHABLE
from validation.environments.indexes import package_indexes
from validation.environments.interpreters import InterpreterNotFound, _reason, find_interpreter
from validation.sandbox import Command, Limits, Mount, Result, choose_sandbox, remove_tree

TREE = "a" * 40
INSTALL = "uv pip install -q --no-deps --no-build-isolation -e ."
METADATA = "python -c 'import setuptools; setuptools.setup()' -q egg_info"
TINY = RecipeSpec(
    packages=("setuptools>=70.1",),
    install=(INSTALL, METADATA),
    environment={"TINY_MODE": "quiet"},
    test_command="python -m tiny",
)
PYPROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "tiny"
version = "1.5"
[project.scripts]
tiny = "tiny.__main__:main"
"""
MAIN = """
import os
from importlib.metadata import version

def main():
    print("tiny", version("tiny"), os.environ["TINY_MODE"])

if __name__ == "__main__":
    main()
"""


def write_tiny(folder: Path) -> None:
    (folder / "tiny").mkdir()
    (folder / "tiny" / "__init__.py").write_text("")
    (folder / "tiny" / "__main__.py").write_text(MAIN)
    (folder / "pyproject.toml").write_text(PYPROJECT)


def built(recipe: RecipeSpec, folder: Path, **options: object) -> Environment:
    """Build an environment, or skip where no package index answers."""
    key = environment_key(recipe, TREE)
    try:
        return ensure_environment(
            recipe,
            key,
            options.pop("source_tree", write_tiny),  # type: ignore[arg-type]
            folder,
            choose_sandbox(),
            **options,  # type: ignore[arg-type]
        )
    except EnvironmentBuildFailed as error:
        if error.index_unreachable:
            pytest.skip(f"the package index does not answer: {error}")
        raise


def run_in(environment: Environment, recipe: RecipeSpec, tree: Path, command: str) -> Result:
    environment.prepare_tree(tree)
    return choose_sandbox().run(
        Command(
            argv=("/bin/bash", "-c", command),
            mounts=(*environment.mounts(), Mount(tree, "/testbed", writable=True)),
            environment=environment.variables(recipe),
        )
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Share one folder of environments, and so one cache of wheels, among these tests."""
    made = tmp_path_factory.mktemp("environments")
    yield made
    remove_tree(made)


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Environment:
    return built(TINY, folder)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    made = tmp_path / "testbed"
    made.mkdir()
    write_tiny(made)
    return made


def test_an_editable_install_holds_in_a_later_tree(tiny: Environment, tree: Path) -> None:
    (tree / "tiny" / "__main__.py").write_text(MAIN.replace('"tiny"', '"patched"', 1))

    result = run_in(tiny, TINY, tree, f"{TINY.test_command} && tiny && which tiny python")

    assert result.output.decode().splitlines() == [
        "patched 1.5 quiet",
        "patched 1.5 quiet",
        "/environment/bin/tiny",
        "/environment/bin/python",
    ]


def test_what_the_install_left_in_the_tree_is_there_again(tiny: Environment, tree: Path) -> None:
    assert not (tree / "tiny.egg-info").exists()

    tiny.prepare_tree(tree)

    assert (tree / "tiny.egg-info" / "PKG-INFO").is_file()
    assert not list(tree.rglob("__pycache__"))


def test_a_run_cannot_change_its_environment(tiny: Environment, tree: Path) -> None:
    script = "python -c 'import tiny' && pip install --no-index . ; touch /environment/planted"

    result = run_in(tiny, TINY, tree, script)

    assert b"Read-only file system" in result.output
    assert not (tiny.path / "environment" / "planted").exists()


def test_an_environment_is_found_again(tiny: Environment, folder: Path) -> None:
    commands: list[BuildCommand] = []

    again = built(TINY, folder, on_command=commands.append)

    assert again == tiny == find_environment(folder, tiny.key)
    assert commands == []
    assert INSTALL in tiny.log


def test_other_test_commands_share_an_environment() -> None:
    other = RecipeSpec(**{**TINY.__dict__, "test_command": "pytest", "log_parser": "x"})

    assert environment_key(other, TREE) == environment_key(TINY, TREE)
    assert other.digest != TINY.digest


def test_the_tree_counts_only_where_commands_run_in_it() -> None:
    packages_only = RecipeSpec(packages=("pytest",))

    assert environment_key(TINY, TREE) != environment_key(TINY, "b" * 40)
    assert environment_key(packages_only, TREE) == environment_key(packages_only, "b" * 40)


def test_packages_that_are_there_already_need_no_step(folder: Path) -> None:
    commands: list[BuildCommand] = []

    built(RecipeSpec(packages=("setuptools>0",)), folder, on_command=commands.append)

    assert [(command.phase, command.exit_code) for command in commands] == [
        ("environment", 0),
        ("resolve", 0),
    ]


def test_many_workers_build_once(folder: Path) -> None:
    recipe = RecipeSpec(pre_install=("echo building",))
    commands: list[BuildCommand] = []
    environments: list[Environment] = []

    def work() -> None:
        environments.append(built(recipe, folder, on_command=commands.append))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(environments)) == 1 and len(environments) == 4
    assert [command.command for command in commands if command.phase == "pre_install"] == [
        "echo building"
    ]


def test_a_failed_build_says_why_and_leaves_nothing(folder: Path) -> None:
    recipe = RecipeSpec(install=("echo preparing", "echo no compiler here >&2; exit 7"))

    with pytest.raises(EnvironmentBuildFailed) as failure:
        built(recipe, folder)

    assert str(failure.value) == (
        "`echo no compiler here >&2; exit 7` failed. It ended with exit status 7.\nno compiler here"
    )
    assert "$ echo preparing\npreparing\n" in failure.value.log
    assert find_environment(folder, environment_key(recipe, TREE)) is None
    assert list(folder.glob(".building-*")) == []


def test_what_a_killed_build_left_is_removed(folder: Path) -> None:
    recipe = RecipeSpec(pre_install=("echo after the kill",))
    left_over = folder / f".building-{environment_key(recipe, TREE)}-x"
    left_over.mkdir()

    built(recipe, folder)

    assert not left_over.exists()


def test_abandoned_builds_are_removed_and_others_are_not(tmp_path: Path) -> None:
    abandoned, building = (tmp_path / f".building-{key}-x" for key in ("a" * 64, "b" * 64))
    abandoned.mkdir()
    building.mkdir()
    (tmp_path / ".locks").mkdir()
    with open(tmp_path / ".locks" / ("b" * 64), "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        remove_abandoned_builds(tmp_path)

    assert not abandoned.exists()
    assert building.exists()


def test_a_build_has_a_time_limit(folder: Path) -> None:
    recipe = RecipeSpec(install=("read line < <(tail -f /dev/null)",))

    with pytest.raises(EnvironmentBuildFailed, match="It ran longer than"):
        built(recipe, folder, limits=Limits(wall_seconds=2.0))


def test_a_build_can_be_cancelled(folder: Path) -> None:
    recipe = RecipeSpec(install=("read line < <(tail -f /dev/null)",))
    phases: list[str] = []

    with pytest.raises(EnvironmentBuildFailed) as failure:
        built(
            recipe,
            folder,
            on_command=lambda command: phases.append(command.phase),
            cancelled=lambda: "environment" in phases,
        )

    assert failure.value.cancelled


def test_a_build_cannot_reach_the_shared_wheels(folder: Path) -> None:
    """A setup script that planted a wheel there would decide later verdicts."""
    recipe = RecipeSpec(install=("mkdir -p /cache/uv && touch /cache/uv/planted; ls -d /cache",))

    built(recipe, folder)

    assert list((folder / ".wheels").rglob("planted")) == []


def test_a_link_to_the_host_stays_a_link(folder: Path, tree: Path) -> None:
    recipe = RecipeSpec(install=("ln -s /etc/shadow stolen; mkfifo pipe",))
    environment = built(recipe, folder)

    environment.prepare_tree(tree)

    assert (tree / "stolen").is_symlink()
    assert not (tree / "pipe").exists()
    assert not (environment.path / "delta" / "pipe").exists()


def test_a_python_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(EnvironmentBuildFailed, match=r"Python 3\.3 is not on this machine"):
        built(RecipeSpec(python_version="3.3.7"), folder)


def test_a_python_that_uv_has_no_environments_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InterpreterNotFound, match=r"no environments of Python 2\.7: name a cont"):
        find_interpreter("2.7", tmp_path)


def test_a_source_of_pythons_out_of_reach_is_said_without_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = {
        "name": "cpython",
        "arch": {"family": "x86_64", "variant": None},
        **{"os": "linux", "libc": "gnu", "major": 3, "minor": 99, "patch": 1, "prerelease": ""},
        "url": "http://me:hunter2@127.0.0.1:1/cpython-3.99.1.tar.gz",
        **{"sha256": None, "variant": None, "build": "20260101"},
    }
    (tmp_path / "pythons.json").write_text(json.dumps({"cpython-3.99.1-linux-x86_64-gnu": listed}))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS_JSON_URL", str(tmp_path / "pythons.json"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")

    with pytest.raises(InterpreterNotFound) as failure:
        find_interpreter("3.99", tmp_path)

    assert str(failure.value).startswith("Python 3.99 is not on this machine, and uv could not")
    assert "onnection refused" in str(failure.value)
    assert "hunter2" not in str(failure.value) and "127.0.0.1" not in str(failure.value)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "no reason given"),
        (
            "error: no\n  cause: HTTP status client error (404 Not Found) for url"
            " (https://me:secret@pythons.example/cpython.tar.gz)",
            "HTTP status client error (404 Not Found) for url its source",
        ),
    ],
)
def test_what_uv_says_of_a_source_is_told_without_its_address(said: str, told: str) -> None:
    assert _reason(said) == told


def test_any_patch_release_of_our_own_python_will_do(tmp_path: Path) -> None:
    major, minor = sys.version_info[:2]

    interpreter = find_interpreter(f"{major}.{minor}.99", tmp_path)

    assert interpreter.version.startswith(f"{major}.{minor}.")
    assert interpreter == find_interpreter("", tmp_path)


def test_another_python_is_used_or_said_not_to_be_had(folder: Path, tree: Path) -> None:
    version = "3.12" if sys.version_info[:2] != (3, 12) else "3.11"
    recipe = RecipeSpec(python_version=version)
    try:
        environment = built(recipe, folder)
    except EnvironmentBuildFailed as error:
        assert "uv could not fetch it" in str(error)
        return

    result = run_in(environment, recipe, tree, "python --version")

    assert result.output.startswith(f"Python {version}.".encode())


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Forget this machine's own package index settings."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_", "SSL_", "REQUESTS_", "CURL_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return monkeypatch


def test_settings_for_pip_are_said_to_uv(no_settings: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("certificates")
    config = tmp_path / "pip.conf"
    config.write_text(
        f"[global]\nindex-url = https://packages.example/simple\ncert = {bundle}\n"
        f"find-links =\n  {tmp_path}/wheels\n[install]\nextra-index-url = https://more.example/s\n"
    )
    no_settings.setenv("PIP_CONFIG_FILE", str(config))

    indexes = package_indexes()

    assert indexes.variables["UV_DEFAULT_INDEX"] == "https://packages.example/simple"
    assert indexes.variables["PIP_INDEX_URL"] == "https://packages.example/simple"
    assert indexes.variables["UV_INDEX"] == "https://more.example/s"
    assert indexes.variables["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert indexes.variables["UV_FIND_LINKS"] == f"{tmp_path}/wheels"
    assert indexes.variables["SSL_CERT_FILE"] == str(bundle)
    assert {mount.target for mount in indexes.mounts} == {str(bundle), f"{tmp_path}/wheels"}
    assert not any(mount.writable for mount in indexes.mounts)


def test_variables_win_over_files_and_uv_over_pip(no_settings: pytest.MonkeyPatch) -> None:
    no_settings.setenv("PIP_INDEX_URL", "https://pip.example/simple")
    no_settings.setenv("UV_DEFAULT_INDEX", "https://uv.example/simple")

    variables = package_indexes().variables

    assert variables["UV_DEFAULT_INDEX"] == "https://uv.example/simple"
    assert variables["PIP_INDEX_URL"] == "https://pip.example/simple"


def test_addresses_and_credentials_never_reach_a_log(no_settings: pytest.MonkeyPatch) -> None:
    no_settings.setenv("PIP_INDEX_URL", "https://me:hunter2@packages.example/simple")
    output = (
        b"error: Failed to fetch: `https://me:hunter2@packages.example/simple/x/`\n"
        b"at packages.example with hunter2; also git+https://token@code.example/x"
    )

    redacted = package_indexes().redact(output)

    for secret in (b"hunter2", b"packages.example", b"token"):
        assert secret not in redacted
    assert b"Failed to fetch" in redacted


def test_this_machines_settings_stay_out_of_the_log(tiny: Environment) -> None:
    text = tiny.log + (tiny.path / "about.json").read_text()

    assert [secret for secret in package_indexes().secrets if secret in text] == []


def downloaded(requirement: str, folder: Path) -> Path:
    """Fetch and unpack a source distribution; unpacking it runs none of its code."""
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
    done = subprocess.run(
        [*pip, "-d", str(folder), requirement], capture_output=True, text=True, check=False
    )
    if UNREACHABLE.search(done.stderr.encode()):
        pytest.skip(f"the package index does not answer: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr
    archive = next(folder.glob("*.tar.gz"))
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


@pytest.mark.corpus
def test_a_real_recipe_is_built_and_its_tests_run(
    corpus: Path, folder: Path, tmp_path: Path
) -> None:
    """flask-5063 as it was before its fix: its tests of that time pass."""
    lines = (corpus / "runnable" / "instances.jsonl").read_text().splitlines()
    entry = next(e for e in map(json.loads, lines) if e["instance_id"] == "pallets__flask-5063")
    recipe = RecipeSpec(
        python_version=entry["recipe"]["python"],
        packages=tuple(entry["recipe"]["pip"]),
        install=tuple(entry["recipe"]["install"]),
        environment=entry["env"],
        test_command=entry["test_command"],
    )
    source = downloaded(entry["sdist"], tmp_path / "sdist")

    environment = built(
        recipe, folder, source_tree=partial(shutil.copytree, source, dirs_exist_ok=True)
    )
    result = run_in(environment, recipe, source, recipe.test_command)

    assert (result.ended, result.exit_code) == ("exited", 0)
    assert b"PASSED tests/test_cli.py::TestRoutes::test_simple" in result.output
    assert b"55 passed" in result.output
