"""Two attempts at one task side by side, and who may see which of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import grant, make_task, make_trajectory
from tests.html import Page, page_of
from tests.reviews.runs import make_run
from tests.trajectories.git_repositories import make_sample
from trajectories.code import fetch_repository
from trajectories.contexts.outline import WINDOW_ROWS
from trajectories.models import Repository, Task, Trajectory
from validation.models import TreeName

OTHER_PATCH = """\
diff --git a/pkg/core.py b/pkg/core.py
--- a/pkg/core.py
+++ b/pkg/core.py
@@ -1,3 +1,3 @@
 def add(a, b):
-    return a - b
+    return sum((a, b))
 
diff --git a/notes.txt b/notes.txt
new file mode 100644
--- /dev/null
+++ b/notes.txt
@@ -0,0 +1 @@
+found it
"""  # noqa: W293 (an empty context line)


@pytest.fixture
def task(db: None) -> Task:
    return make_task()


@pytest.fixture
def pair(task: Task) -> tuple[Trajectory, Trajectory]:
    return (
        make_trajectory(task, n_steps=5),
        make_trajectory(task, n_steps=8, agent_name="mini-swe-agent", model_patch=OTHER_PATCH),
    )


def url_of(pair: tuple[Trajectory, Trajectory]) -> str:
    return reverse("validation:beside", args=[trajectory.pk for trajectory in pair])


def shown(page: Page, column: str) -> tuple[str | None, str | None]:
    """Return the step that is read in a column, and the one marked in its list."""
    [step] = page.select(f"#column-{column} [data-step-shown]")
    [row] = page.select(f"#column-{column} li[aria-current]")
    return step.get("data-step-shown"), row.get("data-step")


def test_each_column_opens_its_own_step(
    pair: tuple[Trajectory, Trajectory], admin_client: Client
) -> None:
    page = page_of(admin_client.get(url_of(pair), {"a": 3, "b": 7}))
    assert (shown(page, "a"), shown(page, "b")) == (("3", "3"), ("7", "7"))
    assert page.texts(".beside-head h2") == [
        "AA: SWE-agent · sample-model",
        "BB: mini-swe-agent · sample-model",
    ]


@pytest.mark.parametrize("step", ["", "0", "x", "-2", "99999999999"])
def test_a_step_that_makes_no_sense_opens_one_there_is(
    step: str, pair: tuple[Trajectory, Trajectory], admin_client: Client
) -> None:
    page = page_of(admin_client.get(url_of(pair), {"a": step}))
    assert shown(page, "a") == ("1", "1")


def test_links_of_a_column_change_that_column_alone(
    pair: tuple[Trajectory, Trajectory], admin_client: Client
) -> None:
    page = page_of(admin_client.get(url_of(pair), {"a": 3, "b": 7, "a-part": "output-0"}))
    row = page.select("#column-a li[data-step='4'] a")[0].get("href")
    assert row == f"{url_of(pair)}?b=7&a=4"
    hrefs = [link.get("href") for link in page.select("#column-b .step-nav a")]
    assert hrefs == [f"{url_of(pair)}?a=3&a-part=output-0&b={step}" for step in (6, 8)]


def test_no_id_stands_twice_where_both_columns_show_alike_steps(
    pair: tuple[Trajectory, Trajectory], admin_client: Client
) -> None:
    for trajectory in pair:
        long = [{"content": "line\n" * 5000, "exit_code": 0}]
        trajectory.steps.filter(number=2).update(observations=long)
    page = page_of(admin_client.get(url_of(pair), {"a": 2, "b": 2}))
    ids = [element.get("id") for element in page.select("[id]")]
    assert len(ids) == len(set(ids))


def test_htmx_gets_the_column_it_asks_for_alone(
    pair: tuple[Trajectory, Trajectory], admin_client: Client
) -> None:
    headers = {"HX-Request": "true", "HX-Target": "column-b"}
    response = admin_client.get(url_of(pair), {"a": 3, "b": 2}, headers=headers)
    page = page_of(response)
    assert shown(page, "b") == ("2", "2")
    assert not page.select("#column-a")
    assert response.headers["HX-Replace-Url"] == f"{url_of(pair)}?a=3&b=2"


def test_rows_that_a_column_loads_later_open_in_that_column(
    task: Task, admin_client: Client
) -> None:
    pair = make_trajectory(task, n_steps=3 * WINDOW_ROWS), make_trajectory(task)
    page = page_of(admin_client.get(url_of(pair), {"a": 1, "b": 2}))
    [later] = page.select("#column-a [data-more]")
    headers = {
        "HX-Request": "true",
        "HX-Current-URL": f"http://testserver{url_of(pair)}?a=1&b=2",
    }
    rows = page_of(admin_client.get(later.get("hx-get"), headers=headers)).select("li[data-step] a")
    assert len(rows) == WINDOW_ROWS
    assert rows[0].get("href") == f"{url_of(pair)}?b=2&a={WINDOW_ROWS + 1}"


def test_both_lists_are_filtered_alike(
    pair: tuple[Trajectory, Trajectory], admin_client: Client
) -> None:
    page = page_of(admin_client.get(url_of(pair), {"find": "reproduce_4"}))
    assert page.texts(".outline-note") == ["1 of 5 steps", "1 of 8 steps"]
    assert [row.get("data-step") for row in page.select("li[data-step]")] == ["4", "4"]


def test_the_files_say_whose_they_are(
    pair: tuple[Trajectory, Trajectory], admin_client: Client
) -> None:
    pair[0].steps.filter(number=2).update(files=["pkg/other.py"])
    page = page_of(admin_client.get(url_of(pair)))
    rows = [" ".join(row.text_content().split()) for row in page.select(".beside-files tbody tr")]
    assert rows == [
        "pkg/core.py both +1 −1 +1 −1",
        "notes.txt only B +1 −0",
        "pkg/other.py only A 1",
    ]
    assert "1 changed by both, 1 by one" in page.text(".beside-files summary")


def test_an_attempt_without_steps_has_an_empty_column(task: Task, admin_client: Client) -> None:
    pair = make_trajectory(task, n_steps=0), make_trajectory(task)
    page = page_of(admin_client.get(url_of(pair)))
    assert "no steps" in page.text("#column-a .empty")


def test_attempts_at_different_tasks_are_not_set_side_by_side(admin_client: Client) -> None:
    assert admin_client.get(url_of((make_trajectory(), make_trajectory()))).status_code == 404


def test_both_attempts_have_to_be_visible(
    pair: tuple[Trajectory, Trajectory], annotator: User, annotator_client: Client
) -> None:
    grant(annotator, pair[0])
    for one in (pair, pair[::-1]):
        assert annotator_client.get(url_of(one)).status_code == 404
        which = f"beside-{one[1].pk}"
        diff = reverse("trajectories:diff", args=[one[0].pk, which])
        file = reverse("trajectories:diff-file", args=[one[0].pk, which])
        assert annotator_client.get(diff).status_code == 404
        assert annotator_client.get(file, {"path": "pkg/core.py"}).status_code == 404
    grant(annotator, pair[1])
    assert annotator_client.get(url_of(pair)).status_code == 200


def test_verdicts_are_shown_of_the_attempt_whose_verdicts_one_sees(
    pair: tuple[Trajectory, Trajectory], annotator: User, annotator_client: Client
) -> None:
    for trajectory in pair:
        make_run(trajectory, TreeName.MODEL, {"tests/test_core.py::test_add": "PASSED"})
    grant(annotator, pair[0])
    grant(annotator, pair[1], sees_verdicts=False)
    page = page_of(annotator_client.get(url_of(pair)))
    heads = page.select(".beside-head")
    assert ["resolves" in head.text_content() for head in heads] == [True, False]


def test_the_code_of_both_is_compared_tree_to_tree(tmp_path: Path, admin_client: Client) -> None:
    sample = make_sample(tmp_path / "sample")
    repository = Repository.objects.create(name="retrace/pair", source=str(sample.path))
    fetch_repository(repository)
    task = make_task(repository=repository, base_commit=sample.commit)
    pair = make_trajectory(task), make_trajectory(task, model_patch=OTHER_PATCH)
    which = f"beside-{pair[1].pk}"
    page = page_of(admin_client.get(url_of(pair), {"right": which}))
    assert [file.get("data-path") for file in page.select("#right-pane article")] == [
        "notes.txt",
        "pkg/core.py",
    ]
    assert [line.strip() for line in page.texts(".diff-line--removed .code")] == ["return a + b"]
    assert not page.select("[data-column]")


def test_attempts_at_different_tasks_are_refused_with_a_way_on(
    pair: tuple[Trajectory, Trajectory], annotator: User, annotator_client: Client
) -> None:
    foreign = make_trajectory()
    grant(annotator, pair[0])
    response = annotator_client.get(url_of((pair[0], foreign)))
    assert (response.status_code, foreign.task.instance_id in response.text) == (404, False)
    grant(annotator, foreign)
    response = annotator_client.get(url_of((pair[0], foreign)))
    assert response.status_code == 404
    page = Page.of_text(response.text)
    assert page.text("h1") == "Two different tasks"
    assert page.texts("main li a") == [pair[0].task.instance_id, foreign.task.instance_id]


def test_a_trajectory_offers_the_others_that_one_sees(
    task: Task, pair: tuple[Trajectory, Trajectory], annotator: User, annotator_client: Client
) -> None:
    make_trajectory(task)
    for trajectory in pair:
        grant(annotator, trajectory)
    page = page_of(annotator_client.get(pair[0].get_absolute_url()))  # type: ignore[attr-defined]
    assert [link.get("href") for link in page.select(".beside-others a")] == [url_of(pair)]


def test_two_attempts_are_chosen_on_the_task_s_page(
    task: Task, pair: tuple[Trajectory, Trajectory], admin_client: Client
) -> None:
    url = reverse("validation:choose-beside", args=[task.instance_id])
    response = admin_client.get(url, {"of": [trajectory.pk for trajectory in pair]})
    assert response.headers["Location"] == url_of(pair)
    for of in ([], [pair[0].pk], ["x", "y"], [pair[0].pk, make_trajectory().pk]):
        response = admin_client.get(url, {"of": of})
        assert response.headers["Location"] == reverse("validation:task", args=[task.instance_id])


def test_the_page_asks_as_often_for_twice_as_many_steps_and_attempts(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for factor in (1, 2):
        task = make_task()
        pair = [make_trajectory(task, n_steps=20 * factor) for _ in range(2 * factor)][:2]
        admin_client.get(url_of((pair[0], pair[1])))
        with django_assert_max_num_queries(40) as captured:
            admin_client.get(url_of((pair[0], pair[1])))
        counts.append(len(captured))
    assert counts[0] == counts[1]
