from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from tests.factories import grant, make_trajectory
from tests.html import Page, page_of
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import SampleRepository
from trajectories.code import tree_id
from trajectories.models import Trajectory

pytestmark = pytest.mark.django_db

ODD_NAME = "odd/a \"q\" & <b>'s' #1?%41.txt"


def files_url(trajectory: Trajectory, tree: str = "base", path: str = "", extra: str = "") -> str:
    url = reverse("trajectories:files", args=[trajectory.pk, tree])
    return f"{url}?path={quote(path)}{extra}"


def get(client: Client, url: str) -> Page:
    return page_of(client.get(url))


@pytest.fixture
def odd(db: None, sample: SampleRepository) -> Trajectory:
    """A trajectory on a repository with everything that is hard to show."""
    (sample.path / "link").symlink_to("/etc/passwd")
    sample.add_files(
        {
            ODD_NAME: b"<script>alert(1)</script>\n\x1b[1mbold\r\n",
            "logo.png": b"\x89PNG\0\0",
            "empty.txt": b"",
            "huge.txt": b"x" * 2_000_000,
            "long.py": b"".join(b"x%d = 1\n" % number for number in range(1, 1_201)),
            "latin-\udce9.txt": b"x\n",
            "latin.txt": b"caf\xe9\n",
        }
    )
    return fetched_trajectory(sample)


def test_a_folder_lists_folders_first(admin_client: Client, fetched: Trajectory) -> None:
    page = get(admin_client, files_url(fetched))
    assert page.texts(".folder li a") == ["pkg/"]
    page = get(admin_client, files_url(fetched, path="pkg"))
    assert page.texts(".folder li a") == ["__init__.py", "core.py"]


def test_a_file_has_citable_lines(admin_client: Client, fetched: Trajectory) -> None:
    page = get(admin_client, files_url(fetched, path="pkg/core.py"))
    (file,) = page.select('[data-cite-kind="file"]')
    assert file.get("data-tree") == "base"
    assert file.get("data-tree-id") == tree_id(fetched.task_revision, "base")
    assert file.get("data-path") == "pkg/core.py"
    assert page.text('tr[data-line="2"] > td.code') == "    return a - b"
    assert page.text("td.code .tok-keyword") == "def"


@pytest.mark.parametrize(
    ("tree", "line"), [("base", "a - b"), ("tests", "a - b"), ("model", "a + b"), ("gold", "a + b")]
)
def test_each_tree_shows_its_own_code(
    admin_client: Client, fetched: Trajectory, tree: str, line: str
) -> None:
    page = get(admin_client, files_url(fetched, tree, "pkg/core.py"))
    assert line in page.text('tr[data-line="2"]')
    assert page.select(".tree-picker [aria-current]")


def test_the_test_patch_is_readable(admin_client: Client, fetched: Trajectory) -> None:
    page = get(admin_client, files_url(fetched, "tests", "tests/test_core.py"))
    assert page.select('tr[data-line="5"]')


def test_a_path_with_odd_characters_is_linked_and_shown_as_text(
    admin_client: Client, odd: Trajectory
) -> None:
    folder = get(admin_client, files_url(odd, path="odd"))
    (link,) = folder.select(".folder a")
    page = get(admin_client, link.get("hx-get") or "")
    assert page.text(".file-name") == ODD_NAME
    assert page.text('tr[data-line="1"] > td.code') == "<script>alert(1)</script>"
    assert page.text('tr[data-line="2"] > td.code') == "␛[1mbold"
    assert not page.select("script")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("logo.png", "Binary"),
        ("empty.txt", "empty"),
        ("huge.txt", "Too large"),
        ("link", "/etc/passwd"),
    ],
)
def test_what_is_not_shown_says_why(
    admin_client: Client, odd: Trajectory, path: str, reason: str
) -> None:
    page = get(admin_client, files_url(odd, path=path))
    assert reason in page.text(".file-message")
    assert not page.select("table.diff")


def test_bytes_that_are_not_utf_8_are_legible(admin_client: Client, odd: Trajectory) -> None:
    assert get(admin_client, files_url(odd, path="latin.txt")).text("td.code") == "café"


def test_a_name_that_is_not_utf_8_is_listed_without_a_link(
    admin_client: Client, odd: Trajectory
) -> None:
    page = get(admin_client, files_url(odd))
    assert "latin-é.txt" in page.texts(".folder li > span.soft")


def test_looking_for_a_path_leaves_out_what_cannot_be_opened(
    admin_client: Client, odd: Trajectory
) -> None:
    page = get(admin_client, files_url(odd, path="latin"))
    assert page.texts(".folder a") == ["latin.txt"]


def test_a_long_file_is_shown_in_windows(admin_client: Client, odd: Trajectory) -> None:
    page = get(admin_client, files_url(odd, path="long.py"))
    assert len(page.select("tr[data-line]")) == 500
    page = get(admin_client, files_url(odd, path="long.py", extra="&line=777"))
    assert page.text("tr.is-target td.ln") == "777"
    assert page.select('tr[data-line="501"]') and not page.select('tr[data-line="500"]')
    page = get(admin_client, files_url(odd, path="long.py", extra="&all=1"))
    assert len(page.select("tr[data-line]")) == 1_200


def test_a_range_of_lines_is_marked_and_its_first_line_wanted(
    admin_client: Client, odd: Trajectory
) -> None:
    page = get(admin_client, files_url(odd, path="long.py", extra="&line=20-18"))
    assert page.texts("tr.is-target td.ln") == ["18", "19", "20"]
    assert page.texts("tr[data-wanted] td.ln") == ["18"]


def test_a_range_that_ends_in_the_next_window_is_shown_to_its_end(
    admin_client: Client, odd: Trajectory
) -> None:
    page = get(admin_client, files_url(odd, path="long.py", extra="&line=499-510"))
    assert len(page.select("tr.is-target")) == 12


def test_a_line_number_is_a_link_to_its_line(admin_client: Client, fetched: Trajectory) -> None:
    page = get(admin_client, files_url(fetched, path="pkg/core.py", extra="&line=1&blame=1"))
    (link,) = page.select('tr[data-line="2"] td.ln a')
    address = dict(parse_qsl(urlsplit(link.get("href") or "").query))
    assert address == {
        "left": "files", "tree": "base", "path": "pkg/core.py", "blame": "1", "line": "2"
    }  # fmt: skip


def test_the_function_around_the_line_is_named(admin_client: Client, fetched: Trajectory) -> None:
    page = get(admin_client, files_url(fetched, path="pkg/core.py", extra="&line=2"))
    assert page.text(".file-within a") == "add"
    assert not get(admin_client, files_url(fetched, path="pkg/core.py")).select(".file-within")


def test_the_outline_links_to_what_the_file_defines(
    admin_client: Client, fetched: Trajectory
) -> None:
    url = reverse("trajectories:files-outline", args=[fetched.pk, "base"])
    page = get(admin_client, f"{url}?path=pkg/core.py")
    (link,) = page.select(".symbol a")
    assert "line=1" in (link.get("href") or "")
    page = get(admin_client, files_url(fetched, path="pkg/core.py", extra="&outline=1"))
    assert page.select("details[open] .symbol a")


@pytest.mark.parametrize("path", ["", "logo.png", "empty.txt", "no/such", "huge.txt", "latin.txt"])
def test_an_outline_of_what_has_none_says_so(
    admin_client: Client, odd: Trajectory, path: str
) -> None:
    url = reverse("trajectories:files-outline", args=[odd.pk, "base"])
    assert "No functions" in get(admin_client, f"{url}?path={path}").text("p")


@pytest.mark.parametrize("line", ["0", "-1", "99999999999", "x", "5000", "²", "3-", "-3", "1-2-3"])
def test_a_line_that_makes_no_sense_is_ignored(
    admin_client: Client, odd: Trajectory, line: str
) -> None:
    response = admin_client.get(files_url(odd, path="long.py", extra=f"&line={line}"))
    assert response.status_code == 200


def test_a_path_that_is_not_there_offers_those_that_hold_it(
    admin_client: Client, fetched: Trajectory
) -> None:
    page = get(admin_client, files_url(fetched, path="core.py"))
    assert "There is no core.py" in page.text(".empty")
    assert page.texts(".folder a") == ["pkg/core.py"]


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "pkg/../..", "*", "a//b"])
def test_a_path_never_leaves_the_tree(admin_client: Client, fetched: Trajectory, path: str) -> None:
    page = get(admin_client, files_url(fetched, path=path))
    assert page.select(".empty")
    assert not page.select("[data-cite-kind]")


def test_the_path_box_leads_to_the_page_without_javascript(
    admin_client: Client, fetched: Trajectory
) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/x/?right=gold&path=a"}
    page = page_of(admin_client.get(files_url(fetched), headers=headers))
    (form,) = page.select("form.path-form")
    assert form.get("action") == "/x/"
    fields = {
        field.get("name"): field.get("value") for field in page.select("form.path-form input")
    }
    assert fields == {"right": "gold", "left": "files", "tree": "base", "path": ""}


def test_the_tab_comes_back_to_the_path_that_was_open(
    admin_client: Client, fetched: Trajectory
) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/x/?path=pkg/core.py"}
    url = reverse("trajectories:files", args=[fetched.pk, "base"])
    response = admin_client.get(url, headers=headers)
    assert page_of(response).text(".file-name") == "pkg/core.py"
    assert response["HX-Replace-Url"] == "/x/?left=files&tree=base&path=pkg%2Fcore.py"


def test_before_the_fetch_there_is_a_notice(admin_client: Client) -> None:
    page = get(admin_client, files_url(make_trajectory()))
    assert "has not been fetched" in page.text(".notice strong")


def test_a_commit_that_is_missing_is_named(admin_client: Client, fetched: Trajectory) -> None:
    fetched.task_revision.base_commit = "1" * 40
    fetched.task_revision.save()
    page = get(admin_client, files_url(fetched))
    assert "111111111111 is not in the mirror" in page.text(".notice strong")


def test_gold_is_not_there_until_it_may_be_seen(
    annotator_client: Client, annotator: User, fetched: Trajectory
) -> None:
    permit = grant(annotator, fetched, sees_gold=False)
    assert annotator_client.get(files_url(fetched, "gold")).status_code == 404
    page = get(annotator_client, files_url(fetched))
    assert "hidden until" in page.text(".tree-picker span.chip")
    permit.sees_gold = True
    permit.save()
    assert annotator_client.get(files_url(fetched, "gold")).status_code == 200


def test_a_stranger_finds_nothing(other_annotator_client: Client, fetched: Trajectory) -> None:
    assert other_annotator_client.get(files_url(fetched)).status_code == 404


def test_an_unknown_tree_is_not_found(admin_client: Client, fetched: Trajectory) -> None:
    assert admin_client.get(files_url(fetched, "HEAD")).status_code == 404


def test_the_number_of_queries_is_fixed(
    admin_client: Client, odd: Trajectory, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    more = ("", "&line=7", "&blame=1", "&outline=1", "&look=text&code=x", "&look=uses&code=x7")
    for path in ("", "long.py"):
        for extra in more:
            with django_assert_num_queries(3):
                admin_client.get(files_url(odd, path=path, extra=extra))


def test_only_an_admin_can_have_a_repository_fetched(
    annotator_client: Client, fetched: Trajectory
) -> None:
    url = reverse("trajectories:fetch-repository", args=[fetched.task.repository_id])
    assert annotator_client.post(url).status_code == 403


def test_fetching_goes_back_to_the_page_on_this_site(
    admin_client: Client, fetched: Trajectory, data_folder: Path
) -> None:
    url = reverse("trajectories:fetch-repository", args=[fetched.task.repository_id])
    assert admin_client.get(url).status_code == 405
    response = admin_client.post(url, {"next": "//evil.example/"})
    assert response["Location"] == "/evil.example/"
