"""Reading recipes and finding out which tests a command runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.directives import directives_of, full_command, names_tests
from validation.environments import RecipeSpec
from validation.recipes import RecipeError, parse_entry, read_recipes, recipe_of_row

ENTRY: dict[str, Any] = {"instance_id": "shop__cart-1", "test_command": "pytest -rA"}


def test_fields_stand_in_the_recipe_or_beside_it() -> None:
    entry = parse_entry(
        {
            **ENTRY,
            "recipe": {"python": "3.11.7", "pip": ["a==1"], "install": ["pip install -e ."]},
            "env": {"LANG": "C.UTF-8"},
        }
    )
    assert entry.instance_id == "shop__cart-1"
    assert entry.spec == RecipeSpec(
        python_version="3.11.7",
        packages=("a==1",),
        install=("pip install -e .",),
        environment={"LANG": "C.UTF-8"},
        test_command="pytest -rA",
    )


def test_an_entry_may_be_for_a_repository_and_version() -> None:
    entry = parse_entry({"repo": "shop/cart", "version": "0.10", "test_command": "pytest"})
    assert (entry.instance_id, entry.repository, entry.version) == ("", "shop/cart", "0.10")


def test_harness_specifications_are_read() -> None:
    entry = parse_entry(
        {
            "repo": "shop/cart",
            "version": "1.0",
            "install_config": {
                "python": "3.9",
                "packages": "numpy=1.25 scipy",
                "pip_packages": ["pytest==7.4.0"],
                "pre_install": "apt-get update",
                "install": "python -m pip install -e .",
                "test_cmd": ["cd lib", "pytest -rA"],
            },
        }
    )
    assert entry.spec.packages == ("numpy==1.25", "scipy", "pytest==7.4.0")
    assert entry.spec.pre_install == ("apt-get update",)
    assert entry.spec.test_command == "cd lib\npytest -rA"


def test_packages_of_node_are_named_as_npm_names_them() -> None:
    spec = parse_entry({**ENTRY, "recipe": {"runtime": "node", "packages": ["c8@10", "a=1"]}}).spec
    assert (spec.runtime, spec.packages) == ("node", ("c8@10", "a=1"))


def test_requirement_files_are_installed_first() -> None:
    spec = parse_entry(
        {
            **ENTRY,
            "recipe": {
                "packages": "requirements.txt",
                "reqs_path": ["dev.txt"],
                "install": "pip install .",
            },
        }
    ).spec
    assert spec.install == ("uv pip install -r dev.txt", "pip install .")


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ([], "must be a JSON object"),
        ({"test_command": "pytest"}, "Name the task"),
        ({"instance_id": "a__b-1"}, "test_command is missing"),
        ({**ENTRY, "recipe": []} | {"recipe": [1]}, "recipe must be a JSON object"),
        ({**ENTRY, "env": ["A=1"]}, "env must be a JSON object"),
        ({**ENTRY, "env": {"A B": "1"}}, "no name of a variable"),
        ({**ENTRY, "env": {"A": 1}}, "env.A must be a text"),
        ({**ENTRY, "install": {"a": 1}}, "install must be a text or a list"),
        ({**ENTRY, "install": ["a", 2]}, r"install\[1\] must be a text"),
        ({**ENTRY, "recipe": {"python": "three"}}, "must look like 3.11"),
        ({**ENTRY, "recipe": {"packages": "environment.yml"}}, "conda"),
        ({**ENTRY, "runtime": "deno"}, "runtime must be python or node, not 'deno'"),
        ({**ENTRY, "runtime": ["node"]}, "runtime must be a text"),
        ({**ENTRY, "runtime": "node", "python": "3.11"}, "the runtime is node"),
        ({**ENTRY, "runtime": "node", "packages": ["--prefix=/x"]}, "is an option, no package"),
        ({**ENTRY, "test_command": "py\0test"}, "NUL"),
        (
            {**ENTRY, "recipe": {"packages": "requirements.txt", "reqs_path": ["a;b"]}},
            "no plain path",
        ),
    ],
)
def test_a_bad_entry_says_what_is_wrong(item: object, reason: str) -> None:
    with pytest.raises(RecipeError, match=reason):
        parse_entry(item)


def test_bad_lines_are_told_and_good_ones_read() -> None:
    text = f"{json.dumps(ENTRY)}\n\nnot json\n[1]\n{json.dumps(ENTRY)}\n"
    read = list(read_recipes(text))
    assert [(item.line, item.entry is not None) for item in read] == [
        (1, True),
        (3, False),
        (4, False),
        (5, True),
    ]
    assert "no JSON" in read[1].reason


def test_an_array_is_read_too() -> None:
    read = list(read_recipes(json.dumps([ENTRY, {}], indent=2)))
    assert [item.entry is not None for item in read] == [True, False]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["recipe", "env", "install", "pip", "packages", "python", "test_cmd"]
                ),
                inner,
            )
        ),
    )
)
def test_whatever_json_holds_is_read_or_refused(value: object) -> None:
    for item in read_recipes(json.dumps([value, {**ENTRY, "recipe": value}])):
        assert (item.entry is None) == bool(item.reason)


def test_equal_recipes_have_equal_digests() -> None:
    first = parse_entry({**ENTRY, "env": {"A": "1", "B": "2"}}).spec
    second = parse_entry({**ENTRY, "env": {"B": "2", "A": "1"}}).spec
    assert first.digest == second.digest
    assert first.digest != parse_entry(ENTRY).spec.digest


def test_a_row_of_swebench_5_brings_its_recipe() -> None:
    script = (
        "#!/bin/bash\ncd /testbed\n: '>>>>> Start Test Output'\npytest -rA tests/test_a.py\n"
        ": '>>>>> End Test Output'\ngit checkout\n"
    )
    spec = recipe_of_row(
        {"image": "swebench/x:latest", "eval_script": script, "log_parser": "parse_log_pytest"}
    )
    assert spec == RecipeSpec(
        test_command="pytest -rA tests/test_a.py",
        log_parser="parse_log_pytest",
        image="swebench/x:latest",
    )


def test_a_row_without_recipe_has_none() -> None:
    assert recipe_of_row({"repo": "shop/cart", "version": "1.0", "image": ""}) is None


@pytest.mark.corpus
def test_every_entry_of_the_real_recipes_is_read(corpus: Path) -> None:
    text = (corpus / "runnable" / "instances.jsonl").read_text()
    read = list(read_recipes(text))
    assert len(read) == 17
    assert [item.reason for item in read if item.entry is None] == []


TEST_PATCH = """\
diff --git a/tests/app/test_a.py b/tests/app/test_a.py
diff --git a/tests/app/data.json b/tests/app/data.json
diff --git a/tests/old.py b/tests/app/test_new.py
"""


def test_files_of_the_test_patch_are_run_and_data_is_not() -> None:
    assert directives_of("shop/cart", TEST_PATCH) == [
        "tests/app/test_a.py",
        "tests/app/test_new.py",
    ]


def test_django_gets_labels() -> None:
    assert directives_of("django/django", TEST_PATCH) == ["app.test_a", "app.test_new"]


@pytest.mark.parametrize(
    "command",
    [
        "pytest -rA tests/test_b.py",
        "cd lib && pytest tests",
        "python -m pytest -rA a/test_x.py::test_y",
        "python -c 'import x; x.test()' pkg/tests/test_x.py",
        "cd tests && python ./runtests.py --parallel 1 app.test_a",
        "node --test test/cart.test.js",
    ],
)
def test_commands_that_name_tests_stay(command: str) -> None:
    assert names_tests(command, ["app.test_a"])
    assert full_command(command, ["app.test_a"]) == command


@pytest.mark.parametrize(
    "command",
    [
        "pytest --no-header -rA -p no:cacheprovider",
        "./tests/runtests.py --verbosity 2 --settings=test_sqlite --parallel 1",
        "PYTHONWARNINGS='ignore' bin/test -C --verbose",
        "cd tests && python ./runtests.py --settings=test_sqlite",
        "python tests/runtests.py",
        "tox --current-env -epy39 -v --",
    ],
)
def test_commands_that_name_none_get_the_files(command: str) -> None:
    assert full_command(command, ["a b.py"]) == f"{command} 'a b.py'"


@pytest.mark.corpus
def test_real_commands_name_their_tests(corpus: Path) -> None:
    rows = {}
    for name in ("swe-bench-lite-test.jsonl", "swe-bench-verified.sample100.jsonl"):
        for line in (corpus / "tasks" / name).read_text().splitlines():
            rows[json.loads(line)["instance_id"]] = json.loads(line)
    found = 0
    for line in (corpus / "runnable" / "instances.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if row := rows.get(entry["instance_id"]):
            found += 1
            directives = directives_of(row["repo"], row["test_patch"])
            assert full_command(entry["test_command"], directives) == entry["test_command"]
    assert found
