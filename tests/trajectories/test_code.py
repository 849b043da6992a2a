from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Event
from tests.factories import make_task, make_trajectory
from tests.trajectories.git_repositories import SampleRepository
from trajectories.code import (
    cited_diff_lines,
    cited_file_lines,
    diff_source,
    fetch_repository,
    mirror_of,
    tree_id,
)
from trajectories.git import FetchFailed, NotFetched, ObjectMissing, PatchDoesNotApply
from trajectories.models import Repository, Trajectory

pytestmark = pytest.mark.django_db


def test_the_trees_of_a_task_hold_what_their_patches_make(fetched: Trajectory) -> None:
    revision = fetched.task_revision
    mirror = mirror_of(fetched.task.repository)
    contents = {}
    for name in ("base", "tests", "gold", "model"):
        tree = tree_id(revision, name, fetched)
        paths = [entry.path for entry in mirror.list_files(tree)]
        core = mirror.read_blob(mirror.blob_id(tree, "pkg/core.py") or "")
        contents[name] = (b"a + b" in core, "tests/test_core.py" in paths)
    assert contents == {
        "base": (False, False),
        "tests": (False, True),
        "gold": (True, False),
        "model": (True, False),
    }


def test_a_model_without_a_patch_leaves_base(fetched: Trajectory) -> None:
    fetched.model_patch = None
    revision = fetched.task_revision
    assert tree_id(revision, "model", fetched) == tree_id(revision, "base")


def test_before_the_first_fetch_there_are_no_trees() -> None:
    trajectory = make_trajectory()
    with pytest.raises(NotFetched):
        tree_id(trajectory.task_revision, "base")


def test_a_commit_that_the_source_lacks_is_missing(fetched: Trajectory) -> None:
    fetched.task_revision.base_commit = "1" * 40
    with pytest.raises(ObjectMissing):
        tree_id(fetched.task_revision, "base")


def test_the_text_of_a_patch_is_there_without_the_repository() -> None:
    source = diff_source(make_trajectory(), "model")
    assert [change.path for change in source.patch.files] == ["pkg/core.py"]
    assert isinstance(source.trouble, NotFetched)


def test_a_patch_that_does_not_apply_is_there_with_the_reason(fetched: Trajectory) -> None:
    fetched.model_patch = (fetched.model_patch or "").replace("a - b", "a * b")
    source = diff_source(fetched, "model")
    assert isinstance(source.trouble, PatchDoesNotApply)
    assert source.patch.files


def test_equal_patches_have_no_difference(fetched: Trajectory) -> None:
    assert diff_source(fetched, "model-gold").patch.files == ()


def test_model_against_gold_is_the_difference_of_their_trees(fetched: Trajectory) -> None:
    fetched.model_patch = (fetched.model_patch or "").replace("a + b", "b + a")
    (change,) = diff_source(fetched, "model-gold").patch.files
    assert change.lines_of("old")[2] == "    return b + a"
    assert change.lines_of("new")[2] == "    return a + b"


def test_cited_lines_are_those_shown(fetched: Trajectory) -> None:
    tree = tree_id(fetched.task_revision, "base")
    assert cited_file_lines(fetched.task_revision, tree, "pkg/core.py")[1] == "    return a - b"
    assert cited_diff_lines(fetched, "gold", "pkg/core.py", "new")[2] == "    return a + b"
    assert cited_diff_lines(fetched, "gold", "nowhere.py", "new") == {}
    with pytest.raises(ObjectMissing):
        cited_file_lines(fetched.task_revision, tree, "pkg")


def test_fetching_is_recorded(sample: SampleRepository) -> None:
    repository = Repository.objects.create(name="o/n", source=str(sample.path))
    fetch_repository(repository)
    repository.refresh_from_db()
    assert repository.fetched_at is not None
    assert Event.objects.get(verb="repository fetched").object_id == str(repository.pk)


def test_a_failed_fetch_is_kept_until_one_succeeds(sample: SampleRepository) -> None:
    repository = Repository.objects.create(name="o/n", source="/nowhere")
    with pytest.raises(FetchFailed):
        fetch_repository(repository)
    repository.refresh_from_db()
    assert "no such folder" in repository.fetch_error
    repository.source = str(sample.path)
    fetch_repository(repository)
    repository.refresh_from_db()
    assert repository.fetch_error == ""


def test_fetching_asks_for_base_commits_that_no_branch_holds(sample: SampleRepository) -> None:
    orphan = sample.orphan_commit()
    repository = Repository.objects.create(name="o/n", source=str(sample.path))
    make_task(repository=repository, base_commit=orphan)
    fetch_repository(repository)
    assert mirror_of(repository).has_commit(orphan)


def test_the_command_fetches_by_name(
    sample: SampleRepository, data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Repository.objects.create(name="o/n", source=str(sample.path))
    call_command("fetch_repository", "o/n")
    assert "Fetched o/n" in capsys.readouterr().out
    assert (data_folder / "mirrors" / "o__n.git").is_dir()


@pytest.mark.parametrize("name", ["un/known", "o/n"])
def test_the_command_says_what_is_wrong(name: str) -> None:
    Repository.objects.create(name="o/n", source="/nowhere")
    with pytest.raises(CommandError, match=name):
        call_command("fetch_repository", name)


def test_a_password_in_a_source_is_not_repeated() -> None:
    repository = Repository.objects.create(
        name="o/n", source="https://user:secret@localhost:1/none.git"
    )
    with pytest.raises(FetchFailed) as caught:
        fetch_repository(repository)
    repository.refresh_from_db()
    assert "localhost" in repository.fetch_error
    assert "secret" not in repository.fetch_error + str(caught.value)
