"""Which code a run tests."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.validation.conftest import (
    CALC,
    FIXED,
    GOLD,
    NEW_TESTS,
    OLD_TESTS,
    TESTS,
    CalcRepository,
    diff,
)
from trajectories.git import Mirror, PatchDoesNotApply
from validation.working_trees import (
    TestPatchError,
    explain,
    folder_name,
    parse_folder_name,
    prepare_tree,
    run_folder,
)


def files(
    mirror: Mirror, calc: CalcRepository, patch: str, tests: str, scratch: Path
) -> dict[str, str]:
    tree = prepare_tree(
        mirror, calc.base, patch=patch.encode(), test_patch=tests.encode(), scratch=scratch
    ).tree
    return {entry.path: mirror.read_blob(entry.id).decode() for entry in mirror.list_files(tree)}


def test_gold_has_the_patch_and_the_new_tests(
    calc_mirror: Mirror, calc: CalcRepository, tmp_path: Path
) -> None:
    found = files(calc_mirror, calc, GOLD, TESTS, tmp_path)
    assert (found["calc.py"], found["tests/test_calc.py"]) == (FIXED, NEW_TESTS)


@pytest.mark.parametrize(
    "theirs",
    [
        diff("tests/test_calc.py", OLD_TESTS, OLD_TESTS + "\n# edited\n"),
        diff("tests/test_calc.py", OLD_TESTS, ""),
        "diff --git a/tests/test_calc.py b/tests/moved.py\nsimilarity index 100%\n"
        "rename from tests/test_calc.py\nrename to tests/moved.py\n",
    ],
)
def test_test_files_replace_what_the_model_did_to_them(
    calc_mirror: Mirror, calc: CalcRepository, tmp_path: Path, theirs: str
) -> None:
    found = files(calc_mirror, calc, GOLD + theirs, TESTS, tmp_path)
    assert (found["calc.py"], found["tests/test_calc.py"]) == (FIXED, NEW_TESTS)


def test_a_new_test_file_replaces_the_models_own(
    calc_mirror: Mirror, calc: CalcRepository, tmp_path: Path
) -> None:
    theirs = diff("tests/test_more.py", "", "print('PASSED')\n")
    ours = diff("tests/test_more.py", "", "assert False\n")
    assert files(calc_mirror, calc, theirs, ours, tmp_path)["tests/test_more.py"] == (
        "assert False\n"
    )


def test_a_patch_with_shifted_surroundings_goes_in_with_fuzz(
    calc_mirror: Mirror, calc: CalcRepository, tmp_path: Path
) -> None:
    blurred = GOLD.replace(" def halve(n):", " def halve(number):")
    tested = prepare_tree(
        calc_mirror, calc.base, patch=blurred.encode(), test_patch=b"", scratch=tmp_path
    )
    assert tested.how == "with fuzz"
    assert calc_mirror.read_blob(calc_mirror.entry(tested.tree, "calc.py").id).decode() == FIXED
    assert list(tmp_path.glob("fuzz-*")) == []


def test_a_patch_that_does_not_apply_is_explained(
    calc_mirror: Mirror, calc: CalcRepository, tmp_path: Path
) -> None:
    wrong = diff("calc.py", CALC.replace("n // 2", "n >> 1"), FIXED)
    with pytest.raises(PatchDoesNotApply) as refused:
        files(calc_mirror, calc, wrong, TESTS, tmp_path)
    assert "calc.py" in explain(refused.value)


def test_a_test_patch_that_does_not_apply_is_no_fault_of_the_model(
    calc_mirror: Mirror, calc: CalcRepository, tmp_path: Path
) -> None:
    wrong = diff("tests/test_calc.py", "import os\n", "import sys\n")
    with pytest.raises(TestPatchError, match="test patch does not apply"):
        files(calc_mirror, calc, GOLD, wrong, tmp_path)


def test_a_model_file_in_the_place_of_the_test_folder_is_replaced_or_told(
    calc_mirror: Mirror, calc: CalcRepository, tmp_path: Path
) -> None:
    """A file `tests` where test_patch needs a folder: the tests win, or the run says why not."""
    theirs = (
        diff("tests/test_calc.py", OLD_TESTS, "")
        + "diff --git a/tests/__init__.py b/tests/__init__.py\ndeleted file mode 100644\n"
        + diff("tests", "", "in the way\n")
    )
    try:
        found = files(calc_mirror, calc, theirs, TESTS, tmp_path)
    except TestPatchError as error:
        assert "stands in the way" in str(error)
    else:
        assert found["tests/test_calc.py"] == NEW_TESTS


def test_a_test_patch_that_is_no_patch_is_told(
    calc_mirror: Mirror, calc: CalcRepository, tmp_path: Path
) -> None:
    with pytest.raises(TestPatchError):
        files(calc_mirror, calc, GOLD, "version https://git-lfs.github.com/spec/v1\n", tmp_path)


def test_the_folder_of_a_run_is_removed_whatever_happens(tmp_path: Path) -> None:
    token = uuid.uuid4()
    with pytest.raises(RuntimeError), run_folder(tmp_path, 7, token) as folder:
        (folder / "closed").mkdir(mode=0)
        (folder / "out").symlink_to("/etc")
        raise RuntimeError
    assert not folder.exists()
    assert Path("/etc/passwd").exists()
    assert parse_folder_name(folder_name(7, token)) == (7, token)


@pytest.mark.parametrize("name", ["run-7", "run-x-y", "tmp", "run--", "run-1-not-a-token"])
def test_folders_of_others_are_left_alone(name: str) -> None:
    assert parse_folder_name(name) is None
