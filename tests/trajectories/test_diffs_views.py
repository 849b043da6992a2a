from __future__ import annotations

import pytest
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from tests.factories import PATCH, grant, make_trajectory
from tests.html import Page, page_of
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import SampleRepository
from trajectories.contexts.diff_files import OPEN_LINES
from trajectories.models import Trajectory

pytestmark = pytest.mark.django_db


def diff_url(trajectory: Trajectory, which: str = "model", query: str = "") -> str:
    return reverse("trajectories:diff", args=[trajectory.pk, which]) + query


def file_url(trajectory: Trajectory, which: str = "model", path: str = "pkg/core.py") -> str:
    return reverse("trajectories:diff-file", args=[trajectory.pk, which]) + f"?path={path}"


def get(client: Client, url: str) -> Page:
    return page_of(client.get(url))


def rows_of(response: HttpResponseBase) -> Page:
    """Return a fragment of rows within the table that it is made for."""
    return Page.of_text(f"<table>{response.getvalue().decode()}</table>")


def many_files(n_files: int, n_lines: int) -> str:
    lines = "".join(f"+x = {number}\n" for number in range(n_lines))
    return "".join(
        f"diff --git a/f{i}.py b/f{i}.py\nnew file mode 100644\n--- /dev/null\n+++ b/f{i}.py\n"
        f"@@ -0,0 +1,{n_lines} @@\n{lines}"
        for i in range(n_files)
    )


@pytest.mark.parametrize("which", ["model", "gold", "test", "model-gold"])
def test_every_diff_is_shown(admin_client: Client, fetched: Trajectory, which: str) -> None:
    fetched.model_patch = PATCH.replace("a + b", "b + a")
    fetched.save()
    page = get(admin_client, diff_url(fetched, which))
    assert len(page.select("article.diff-file table.diff")) == 1
    assert not page.select(".notice")


def test_a_line_can_be_cited_by_side_and_number(admin_client: Client, fetched: Trajectory) -> None:
    page = get(admin_client, diff_url(fetched, "gold"))
    (file,) = page.select('[data-cite-kind="patch"][data-which="gold"]')
    assert file.get("data-path") == "pkg/core.py"
    (removed,) = page.select('tr[data-side="old"][data-line="2"] > td.code')
    (added,) = page.select('tr[data-side="new"][data-line="2"] > td.code')
    (context,) = page.select('tr[data-old-line="1"][data-new-line="1"] > td.code')
    assert [cell.text_content() for cell in (removed, added, context)] == [
        "    return a - b",
        "    return a + b",
        "def add(a, b):",
    ]


def test_side_by_side_shows_the_same_lines_in_cells(
    admin_client: Client, fetched: Trajectory
) -> None:
    page = get(admin_client, diff_url(fetched, "gold", "?view=split"))
    assert page.text('td.code[data-side="old"][data-line="2"]') == "    return a - b"
    assert page.text('td.code[data-side="new"][data-line="2"]') == "    return a + b"
    assert page.text('td.code[data-side="new"][data-line="2"] b') == "+"


def test_the_view_of_the_page_holds_for_the_next_diff(
    admin_client: Client, fetched: Trajectory
) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/x/?view=split"}
    response = admin_client.get(diff_url(fetched, "gold"), headers=headers)
    assert page_of(response).select("table.diff--split")
    assert response["HX-Replace-Url"] == "/x/?right=gold&view=split"


def test_before_the_fetch_the_patch_is_shown_with_a_notice(
    annotator_client: Client, annotator: User
) -> None:
    trajectory = make_trajectory()
    grant(annotator, trajectory)
    page = get(annotator_client, diff_url(trajectory))
    assert page.select("article.diff-file tr.diff-line--added")
    assert "has not been fetched" in page.text(".notice strong")
    assert not page.select(".notice form")


def test_an_admin_can_fetch_from_the_notice(admin_client: Client) -> None:
    trajectory = make_trajectory()
    page = get(admin_client, diff_url(trajectory))
    (form,) = page.select(".notice form")
    assert form.get("action") == reverse(
        "trajectories:fetch-repository", args=[trajectory.task.repository_id]
    )


def test_a_patch_that_does_not_apply_says_which_hunk(
    admin_client: Client, fetched: Trajectory
) -> None:
    fetched.model_patch = PATCH.replace("a - b", "a * b")
    fetched.save()
    page = get(admin_client, diff_url(fetched))
    assert "does not apply" in page.text(".notice strong")
    assert "hunk at line 1" in page.text(".notice li")
    assert page.select("tr.hunk .chip--bad")
    assert page.select("tr.diff-line--added")


def test_comparing_with_a_patch_that_does_not_apply_says_so(
    admin_client: Client, fetched: Trajectory
) -> None:
    fetched.model_patch = PATCH.replace("a - b", "a * b")
    fetched.save()
    page = get(admin_client, diff_url(fetched, "model-gold"))
    assert page.select(".notice")
    assert "Both sides are needed" in page.text(".empty")


@pytest.mark.parametrize("patch", [None, "", "\n"])
def test_no_patch_is_said(admin_client: Client, patch: str | None) -> None:
    page = get(admin_client, diff_url(make_trajectory(model_patch=patch)))
    assert "left no patch" in page.text(".empty")


def test_later_files_load_when_seen(admin_client: Client) -> None:
    trajectory = make_trajectory(model_patch=many_files(10, 100))
    page = get(admin_client, diff_url(trajectory))
    assert len(page.select("table.diff")) == 1
    lazy = page.select('p[hx-trigger="intersect once"]')
    assert len(lazy) == 9
    loaded = get(admin_client, lazy[0].get("hx-get") or "")
    assert len(loaded.select("article.diff-file tr.diff-line--added")) == 100


def test_a_link_opens_a_later_file_without_javascript(admin_client: Client) -> None:
    trajectory = make_trajectory(model_patch=many_files(10, 100))
    page = get(admin_client, diff_url(trajectory, "model", "?file=f9.py"))
    assert page.select('[data-path="f9.py"][data-wanted] table.diff')


def test_a_long_file_is_cut_until_all_is_asked_for(admin_client: Client) -> None:
    trajectory = make_trajectory(model_patch=many_files(1, 2_000))
    page = get(admin_client, diff_url(trajectory))
    assert len(page.select("tr.diff-line--added")) == OPEN_LINES
    assert f"{2_000 - OPEN_LINES:,} of 2,000 lines are left" in page.text("tbody.diff-more")
    link = page.select("tbody.diff-more a")[0]
    everything = get(admin_client, file_url(trajectory, path="f0.py") + "&all=1")
    assert len(everything.select("tr.diff-line--added")) == 2_000
    shown = page.texts("td.code")
    while link is not None:
        part = rows_of(admin_client.get(link.get("hx-get") or ""))
        shown += part.texts("td.code")
        link = next(iter(part.select("tbody.diff-more a")), None)
    assert shown == everything.texts("td.code")


def test_hostile_content_is_text(admin_client: Client) -> None:
    patch = PATCH.replace("a + b", "'</td><script>alert(1)</script>\x1b[31m'").replace(
        "pkg/core.py", "pkg/<b>'x'&.py"
    )
    page = get(admin_client, diff_url(make_trajectory(model_patch=patch)))
    assert not page.select("script")
    assert page.select("article")[0].get("data-path") == "pkg/<b>'x'&.py"
    assert "</td><script>alert(1)</script>␛[31m" in page.text("tr.diff-line--added")


def test_a_file_that_cannot_be_read_does_not_hide_the_others(admin_client: Client) -> None:
    broken = "--- a/x.py\n+++ b/x.py\n@@ -1,9 +1,9 @@\n-a\n+<i>b</i>\n"
    page = get(admin_client, diff_url(make_trajectory(model_patch=broken + PATCH)))
    assert "+<i>b</i>" in page.text('[data-path="x.py"] pre')
    assert page.select('[data-path="pkg/core.py"] table.diff')


@pytest.mark.parametrize("which", ["gold", "model-gold"])
def test_gold_is_not_there_until_it_may_be_seen(
    annotator_client: Client, annotator: User, fetched: Trajectory, which: str
) -> None:
    permit = grant(annotator, fetched, sees_gold=False)
    assert annotator_client.get(diff_url(fetched, which)).status_code == 404
    assert annotator_client.get(file_url(fetched, which)).status_code == 404
    permit.sees_gold = True
    permit.save()
    assert annotator_client.get(diff_url(fetched, which)).status_code == 200


def test_a_stranger_finds_nothing(other_annotator_client: Client, fetched: Trajectory) -> None:
    assert other_annotator_client.get(diff_url(fetched)).status_code == 404
    assert other_annotator_client.get(file_url(fetched)).status_code == 404


def test_who_is_not_signed_in_is_sent_to_sign_in(client: Client, fetched: Trajectory) -> None:
    assert client.get(diff_url(fetched)).status_code == 302


@pytest.mark.parametrize("which", ["nothing", "base"])
def test_an_unknown_diff_is_not_found(
    admin_client: Client, fetched: Trajectory, which: str
) -> None:
    assert admin_client.get(diff_url(fetched, which)).status_code == 404


def test_an_unknown_file_is_not_found(admin_client: Client, fetched: Trajectory) -> None:
    assert admin_client.get(file_url(fetched, path="nowhere.py")).status_code == 404


def test_a_diff_cannot_be_posted_to(admin_client: Client, fetched: Trajectory) -> None:
    assert admin_client.post(diff_url(fetched)).status_code == 405


def test_an_unchanged_file_is_not_sent_again(admin_client: Client, fetched: Trajectory) -> None:
    first = admin_client.get(file_url(fetched))
    again = admin_client.get(file_url(fetched), headers={"If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    fetched.model_patch = PATCH.replace("a + b", "b + a")
    fetched.save()
    changed = admin_client.get(file_url(fetched), headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200


@pytest.mark.parametrize("n_files", [2, 20])
def test_the_number_of_queries_does_not_grow_with_the_patch(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries, n_files: int
) -> None:
    trajectory = make_trajectory(model_patch=many_files(n_files, 3))
    with django_assert_num_queries(4):
        admin_client.get(diff_url(trajectory))


def test_a_docstring_in_the_whole_file_colours_a_hunk_in_its_middle(
    admin_client: Client, sample: SampleRepository
) -> None:
    text = '"""One\n' + "".join(f"word {number}\n" for number in range(20)) + '"""\n'
    sample.add_files({"doc.py": text.encode()})
    trajectory = fetched_trajectory(sample)
    trajectory.model_patch = (
        "--- a/doc.py\n+++ b/doc.py\n@@ -9,3 +9,3 @@\n word 7\n-word 8\n+def 8\n word 9\n"
    )
    trajectory.save()
    page = get(admin_client, diff_url(trajectory))
    assert page.texts("tr.diff-line--added .tok-comment") == ["def 8"]
