"""Steps and hunks know each other: through the fragments, as a person follows them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import grant, make_step
from tests.html import page_of
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import SampleRepository, git
from trajectories.code import mirror_of, tree_id
from trajectories.git import UnsafeName, with_files
from trajectories.models import StepKind, Trajectory

pytestmark = pytest.mark.django_db


@pytest.fixture
def edited(sample: SampleRepository) -> Trajectory:
    """Step 2 mends the code, as the model's patch does; step 3 lets a program change it."""
    trajectory = fetched_trajectory(sample)
    trajectory.steps.filter(number__in=(2, 3)).delete()
    arguments = {
        "command": "str_replace",
        "path": "/testbed/pkg/core.py",
        "old_str": "a - b",
        "new_str": "a + b",
    }
    edit_step(trajectory, 2, "str_replace_editor", arguments)
    edit_step(trajectory, 3, "bash", {"command": "sed -i s/x/y/ pkg/core.py"})
    return trajectory


def edit_step(trajectory: Trajectory, number: int, name: str, arguments: dict[str, Any]) -> None:
    calls = [{"tool_call_id": "c", "function_name": name, "arguments": arguments}]
    make_step(
        trajectory, number, kind=StepKind.EDIT, files=["pkg/core.py"], tool_calls=calls
    ).save()


def diff_url(trajectory: Trajectory, which: str) -> str:
    return reverse("trajectories:diff", args=[trajectory.pk, which])


def step_url(trajectory: Trajectory, number: int) -> str:
    return reverse("trajectories:step", args=[trajectory.pk, number])


def test_the_edit_of_a_step_is_a_diff_with_the_file_s_own_lines(
    admin_client: Client, edited: Trajectory
) -> None:
    page = page_of(admin_client.get(diff_url(edited, "step-2")))
    lines = [row.text_content().strip() for row in page.select("tr.diff-line--added td.code")]
    assert lines == ["return a + b"]
    assert page.select("tr.diff-line--context")


def test_a_step_that_changes_nothing_says_so(admin_client: Client, edited: Trajectory) -> None:
    page = page_of(admin_client.get(diff_url(edited, "step-1")))
    assert "Step 1 spells out no edit" in page.text("body")
    assert "What a program that it ran did to files is not known" in page.text("body")


def test_a_step_that_only_reads_changes_no_file(admin_client: Client, edited: Trajectory) -> None:
    edited.steps.filter(number=1).update(kind="read")
    page = page_of(admin_client.get(diff_url(edited, "step-1")))
    assert "Step 1 changes no file." in page.text("body")


def test_what_a_program_changed_is_named_as_not_followed(
    admin_client: Client, edited: Trajectory
) -> None:
    for url in (diff_url(edited, "step-3"), step_url(edited, 3)):
        assert "is done by a program" in page_of(admin_client.get(url)).text("body")


def test_a_hunk_names_the_steps_that_touched_it(admin_client: Client, edited: Trajectory) -> None:
    for which in ("model", "gold"):
        page = page_of(admin_client.get(diff_url(edited, which)))
        chips = [chip.text_content() for chip in page.select("[data-key=t]")]
        assert chips == ["step 2", "perhaps step 3"]


def test_a_step_names_the_hunks_it_touched(
    client: Client, annotator: User, edited: Trajectory
) -> None:
    grant(annotator, edited, sees_gold=False)
    client.force_login(annotator)
    page = page_of(client.get(step_url(edited, 2)))
    assert [link.text_content() for link in page.select("[data-key=h]")] == ["model core.py:2"]
    edited.grants.update(sees_gold=True)
    page = page_of(client.get(step_url(edited, 2)))
    labels = [link.text_content() for link in page.select("[data-key=h]")]
    assert labels == ["model core.py:2", "gold core.py:2"]
    assert not page_of(client.get(step_url(edited, 1))).select(".step-changes")


def test_the_tree_after_a_step_can_be_opened_and_is_named(
    admin_client: Client, edited: Trajectory
) -> None:
    url = reverse("trajectories:files", args=[edited.pk, "step-2"]) + "?path=pkg/core.py"
    page = page_of(admin_client.get(url))
    assert "return a + b" in page.text("body")
    assert [chip.text_content() for chip in page.select("[aria-current=true]")] == ["after step 2"]
    before = reverse("trajectories:files", args=[edited.pk, "step-1"]) + "?path=pkg/core.py"
    assert "return a - b" in page_of(admin_client.get(before)).text("body")


def test_the_page_opens_the_edit_that_its_address_names(
    admin_client: Client, edited: Trajectory
) -> None:
    page = page_of(admin_client.get(f"{edited.get_absolute_url()}?step=1&right=step-2"))
    assert page.select("[data-diff=step-2]")
    (tab,) = page.select("[data-tabs=right] [aria-current]")
    assert tab.text_content() == "Edit"


def test_files_are_put_into_a_tree_as_git_would(
    fetched: Trajectory, sample: SampleRepository
) -> None:
    mirror = mirror_of(fetched.task.repository)
    base = tree_id(fetched.task_revision, "base")
    files = {"pkg/core.py": b"x\n", "pkg.txt": b"1", "pkg0/new/deep.py": b"2"}
    tree = with_files(mirror, base, {**files, "pkg/__init__.py": None})
    for path, content in files.items():
        (sample.path / path).parent.mkdir(parents=True, exist_ok=True)
        (sample.path / path).write_bytes(content)
    (sample.path / "pkg/__init__.py").unlink()
    git(sample.path, "add", "-A")
    assert tree == git(sample.path, "write-tree")
    mirror.git("fsck", "--strict")


def test_a_folder_that_becomes_empty_is_gone(fetched: Trajectory) -> None:
    mirror = mirror_of(fetched.task.repository)
    base = tree_id(fetched.task_revision, "base")
    tree = with_files(mirror, base, {"pkg/core.py": None, "pkg/__init__.py": None})
    assert mirror.list_files(tree) == []


@pytest.mark.parametrize("path", ["../x", "a/../../x", "a//b", "./x"])
def test_no_file_is_written_out_of_the_tree(fetched: Trajectory, path: str) -> None:
    mirror = mirror_of(fetched.task.repository)
    with pytest.raises(UnsafeName):
        with_files(mirror, tree_id(fetched.task_revision, "base"), {path: b""})
