"""What a run printed beyond what its row keeps."""

from __future__ import annotations

import os
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from tests.factories import grant
from tests.validation.conftest import trajectory_with
from trajectories.models import Task
from validation import whole_logs
from validation.models import Outcome, Run, RunState, TreeName
from validation.services.sweeping import remove_unnamed_logs
from validation.whole_logs import FOLDER, WholeLog, path_of, read_page, remove_unnamed

HOUR = 3600.0


def keep(data: Path, content: bytes, **more: int) -> str:
    with WholeLog(data / "writing", **more) as whole:
        for byte in range(0, len(content), 7):
            whole.add(content[byte : byte + 7])
        return whole.keep(data)


def make_old(path: Path) -> None:
    os.utime(path, (time.time() - 2 * HOUR,) * 2)


def test_an_output_is_named_by_its_content(tmp_path: Path) -> None:
    first, again, other = (keep(tmp_path, text) for text in (b"one\n", b"one\n", b"two\n"))
    assert first == again != other
    path = path_of(tmp_path, first)
    assert path is not None
    assert path.read_bytes() == b"one\n"
    assert not (tmp_path / "writing").exists()


def test_an_output_is_kept_up_to_a_limit_and_says_so(tmp_path: Path) -> None:
    path = path_of(tmp_path, keep(tmp_path, b"x" * 50, limit=20))
    assert path is not None
    content = path.read_bytes()
    assert content.startswith(b"x" * 20 + b"\n[... the output goes on")
    assert content.count(b"x") == 20


def test_an_output_is_kept_from_a_file_system_of_its_own_too(tmp_path: Path) -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is one file system only")
    with tempfile.TemporaryDirectory(dir=shared) as work, WholeLog(Path(work, "writing")) as whole:
        whole.add(b"text")
        name = whole.keep(tmp_path)
        assert list(Path(work).iterdir()) == []
    assert [path.read_bytes() for path in (tmp_path / FOLDER).iterdir()] == [b"text"]
    assert path_of(tmp_path, name)


def test_what_is_not_kept_leaves_no_file(tmp_path: Path) -> None:
    with WholeLog(tmp_path / "writing") as whole:
        whole.add(b"short")
    assert not (tmp_path / FOLDER).exists()


def test_a_disk_that_cannot_be_written_costs_the_file_alone(tmp_path: Path) -> None:
    with WholeLog(tmp_path / "no such folder" / "writing") as whole:
        whole.add(b"text")
        assert whole.keep(tmp_path) == ""
    assert whole.printed == 4


@pytest.mark.parametrize("name", ["", "../secret", "a" * 64, "../" + "a" * 64 + ".log", "x.log"])
def test_a_name_that_no_content_has_leads_nowhere(tmp_path: Path, name: str) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / "secret").write_text("secret")
    assert path_of(tmp_path, name) is None


@given(st.lists(st.sampled_from([b"\n", b"line\n", b"x" * 40, "é".encode() * 9, b"\xff\n"])))
def test_the_pages_together_are_the_file(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("pages") / "log"
    path.write_bytes(b"".join(pieces))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole_logs, "PAGE_BYTES", 64)
        patch.setattr(whole_logs, "LINE_BYTES", 32)
        first = read_page(path, 1)
        pages = [read_page(path, number) for number in range(1, first.n_pages + 1)]
    assert pages[0].first == 0
    assert pages[-1].last == path.stat().st_size
    assert all(a.last == b.first for a, b in pairwise(pages))
    whole = path.read_bytes()
    assert [page.text for page in pages] == [
        whole[page.first : page.last].decode(errors="replace") for page in pages
    ]


def test_a_page_begins_with_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_logs, "PAGE_BYTES", 10)
    path = tmp_path / "log"
    path.write_text("first line\nsecond line\nthird\n")
    texts = [read_page(path, number).text for number in (1, 2, 3, 99)]
    assert texts == ["first line\n", "second line\n", "third\n", "third\n"]


def test_old_files_that_nobody_names_are_removed(tmp_path: Path) -> None:
    kept, young, old = (keep(tmp_path, text) for text in (b"kept", b"young", b"old"))
    folder = tmp_path / FOLDER
    (folder / "left.removed-1").write_text("by a worker that was killed")
    for name in (kept, old, "left.removed-1"):
        make_old(folder / name)
    assert remove_unnamed(tmp_path, {kept}) == 2
    assert {path.name for path in folder.iterdir()} == {kept, young}


def test_a_file_that_is_put_back_while_it_is_removed_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = keep(tmp_path, b"same")
    make_old(tmp_path / FOLDER / name)
    look = whole_logs._is_old

    def put_back_after_the_look(path: Path, seconds: float) -> bool:
        answer = look(path, seconds)
        if path.name == name:
            keep(tmp_path, b"same")
        return answer

    monkeypatch.setattr(whole_logs, "_is_old", put_back_after_the_look)
    assert remove_unnamed(tmp_path, set()) == 0
    assert path_of(tmp_path, name) is not None


# --- runs and pages -----------------------------------------------------------------------------


@pytest.fixture
def run(calc_task: Task) -> Run:
    name = keep(settings.RETRACE_DATA, b"<b>line</b>\n" * 50_000)
    return Run.objects.create(
        task_revision=calc_task.current_revision,
        tree=TreeName.GOLD,
        state=RunState.FINISHED,
        outcome=Outcome.RESOLVED,
        log="both ends",
        log_is_truncated=True,
        full_log=name,
    )


def test_what_a_run_names_stays_and_what_no_run_names_goes(run: Run) -> None:
    path = path_of(settings.RETRACE_DATA, run.full_log)
    assert path is not None
    make_old(path)
    remove_unnamed_logs(settings.RETRACE_DATA)
    assert path.exists()
    Run.objects.filter(pk=run.pk).delete()
    remove_unnamed_logs(settings.RETRACE_DATA)
    assert not path.exists()


def test_the_whole_output_can_be_read_by_page_and_downloaded(
    admin_client: Client, run: Run
) -> None:
    address = f"/runs/{run.pk}/output/"
    assert f'href="{address}"' in admin_client.get(f"/runs/{run.pk}/").content.decode()
    shown = admin_client.get(f"{address}?page=2").content.decode()
    assert "&lt;b&gt;line&lt;/b&gt;" in shown
    assert "page 2 of 3" in shown
    assert f'href="{address}?page=3"' in shown
    sent = admin_client.get(f"{address}?download")
    assert sent.headers["Content-Disposition"] == f'attachment; filename="run-{run.pk}.log"'
    assert sent.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert b"".join(sent.streaming_content) == b"<b>line</b>\n" * 50_000  # type: ignore[attr-defined]


def test_an_output_on_another_machine_is_said_to_be_there(admin_client: Client, run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(full_log="0" * 64 + ".log", worker="elsewhere:1")
    response = admin_client.get(f"/runs/{run.pk}/output/")
    assert "data folder of the worker elsewhere:1" in response.content.decode()
    assert admin_client.get(f"/runs/{run.pk}/output/?download").status_code == 404


def test_the_whole_output_of_gold_needs_sight_of_gold(
    annotator: User, annotator_client: Client, run: Run, calc_task: Task
) -> None:
    trajectory = trajectory_with(calc_task, None)
    grant(annotator, trajectory, sees_gold=False)
    assert annotator_client.get(f"/runs/{run.pk}/output/").status_code == 404
    assert annotator_client.get(f"/runs/{run.pk}/output/?download").status_code == 404
