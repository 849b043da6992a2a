from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from lxml import html

from accounts.models import User
from tests.factories import make_task, make_trajectory
from trajectories.contexts.steps import citable_issue_texts, citable_step_text
from trajectories.models import Grant, Step, Trajectory
from trajectories.text import clean_text

HOSTILE = '<script>alert(1)</script> \x1b[31mred\x1b[0m "><img src=x onerror=alert(1)>\r\n␀'


def tree(response: Any) -> html.HtmlElement:
    assert response.status_code == 200
    return html.fromstring(response.content.decode())


def make_steps(trajectory: Trajectory, *bodies: dict[str, Any]) -> None:
    Step.objects.filter(trajectory=trajectory).delete()
    for number, body in enumerate(bodies, start=1):
        Step.objects.create(
            trajectory=trajectory, number=number, **{"kind": "run", "summary": "x", **body}
        )
    trajectory.n_steps = len(bodies)
    trajectory.save(update_fields=["n_steps"])


@pytest.fixture
def trajectory(annotator: User) -> Trajectory:
    trajectory = make_trajectory()
    Grant.objects.create(user=annotator, trajectory=trajectory)
    return trajectory


def call(name: str, arguments: Any) -> dict[str, Any]:
    return {"tool_call_id": "", "function_name": name, "arguments": arguments}


def seen(content: str, exit_code: int | None = None) -> dict[str, Any]:
    return {"tool_call_id": "", "content": content, "exit_code": exit_code}


def get_step(client: Client, trajectory: Trajectory, number: int = 1) -> html.HtmlElement:
    return tree(client.get(reverse("trajectories:step", args=[trajectory.pk, number])))


# --- who may see it ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "more"),
    [("outline", []), ("step", [1]), ("step-part", [1, "output-0"]), ("issue", [])],
)
def test_fragments_are_for_who_may_see_the_trajectory(
    name: str,
    more: list[int],
    trajectory: Trajectory,
    annotator_client: Client,
    other_annotator_client: Client,
    admin_client: Client,
    client: Client,
) -> None:
    make_steps(trajectory, {"observations": [seen("x")]})
    url = reverse(f"trajectories:{name}", args=[trajectory.pk, *more]) + "?first=1&last=1&take=all"
    assert annotator_client.get(url).status_code == 200
    assert admin_client.get(url).status_code == 200
    assert other_annotator_client.get(url).status_code == 404
    assert client.get(url).status_code == 302
    assert annotator_client.post(url).status_code == 405


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("step", [99]),
        ("step-part", [1, "output-7"]),
        ("step-part", [1, "thoughts"]),
        ("step-part", [99, "output-0"]),
    ],
)
def test_what_does_not_exist_is_not_found(
    name: str, more: list[int], trajectory: Trajectory, annotator_client: Client
) -> None:
    url = reverse(f"trajectories:{name}", args=[trajectory.pk, *more]) + "?first=1&last=1&take=all"
    assert annotator_client.get(url).status_code == 404


# --- a step ------------------------------------------------------------------------------------


def test_a_step_shows_thought_call_and_observation_as_they_can_be_cited(
    trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(
        trajectory,
        {
            "thought": "Look at <x>.\r\nThen act.",
            "tool_calls": [call("bash", {"command": "grep -n x a.py | head\n"})],
            "observations": [seen("\n1:x\n", 0)],
        },
    )
    step = Step.objects.get()
    page = get_step(annotator_client, trajectory)
    for kind in ("thought", "tool_call", "observation"):
        (element,) = page.cssselect(f"[data-cite-kind={kind}]")
        assert element.get("data-step") == "1"
        assert element.text_content() == citable_step_text(step, kind)
    assert citable_step_text(step, "thought") == "Look at <x>.\nThen act."
    assert page.cssselect("[data-cite-kind=tool_call]")[0].get("data-index") == "0"
    assert page.cssselect(".chip")[-1].text_content() == "exit 0"


def test_the_address_of_the_page_follows_the_step(
    trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(trajectory, {}, {})
    response: HttpResponse = annotator_client.get(
        reverse("trajectories:step", args=[trajectory.pk, 2]),
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/x/?right=gold&step=1"},
    )
    assert response.headers["HX-Replace-Url"] == "/x/?right=gold&left=step&step=2"


@pytest.mark.parametrize(
    ("name", "arguments", "title", "lines"),
    [
        (
            "str_replace_editor",
            {
                "command": "str_replace",
                "path": "/testbed/a.py",
                "old_str": "a\nb",
                "new_str": "a\nc",
            },
            "a.py",
            [("", "a"), ("del", "b"), ("add", "c")],
        ),
        (
            "str_replace_editor",
            {"command": "insert", "path": "/testbed/a.py", "insert_line": 4, "new_str": "x\n"},
            "a.py, after line 4",
            [("add", "x")],
        ),
        (
            "edit",
            {"command": "edit 3:4\nnew one\n\nnew two\nend_of_edit\n"},
            "lines 3–4",
            [("add", "new one"), ("add", ""), ("add", "new two")],
        ),
        ("edit", {"search": "old", "replace": ""}, "", [("del", "old")]),
    ],
)
def test_an_edit_is_drawn_as_a_small_diff(
    name: str,
    arguments: dict[str, Any],
    title: str,
    lines: list[tuple[str, str]],
    trajectory: Trajectory,
    annotator_client: Client,
) -> None:
    make_steps(trajectory, {"tool_calls": [call(name, arguments)]})
    page = get_step(annotator_client, trajectory)
    (drawn,) = page.cssselect(".call--edit")
    marks = [
        (
            line.get("class").replace("edit-line", "").replace("--", "").strip(),
            line.text_content().rstrip("\n"),
        )
        for line in drawn.cssselect(".edit-line")
    ]
    assert marks == lines
    assert drawn.text_content() == "\n".join(text for _, text in lines)
    assert [element.text for element in page.cssselect(".block summary .mono")] == (
        [title] if title else []
    )


@pytest.mark.parametrize(
    ("timestamp", "shown"),
    [("2025-09-07T09:52:31.414Z", "09:52:31"), ("1757238751", "1757238751")],
)
def test_the_head_of_a_step_says_the_time_of_day(
    timestamp: str, shown: str, trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(trajectory, {"timestamp": timestamp})
    (time,) = get_step(annotator_client, trajectory).cssselect("time")
    assert (time.text_content(), time.get("title")) == (shown, timestamp)


def test_an_edit_of_the_open_file_names_it(
    trajectory: Trajectory, annotator_client: Client
) -> None:
    edit = call("edit", {"command": "edit 3:4\nx\nend_of_edit"})
    make_steps(trajectory, {"tool_calls": [edit], "files": ["pkg/a.py"]})
    page = get_step(annotator_client, trajectory)
    assert page.cssselect(".block summary .mono")[0].text == "pkg/a.py, lines 3–4"


def test_arguments_of_other_tools_are_readable(
    trajectory: Trajectory, annotator_client: Client
) -> None:
    arguments = {"path": "a.py", "line_number": 3, "body": "x\ny", "deep": {"a": [1]}}
    make_steps(trajectory, {"tool_calls": [call("open", arguments)]})
    (shown,) = get_step(annotator_client, trajectory).cssselect(".call")
    assert shown.text_content() == 'body:\nx\ny\ndeep: {"a": [1]}\npath: a.py\nline_number: 3'


def test_broken_arguments_are_shown_as_they_came(
    trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(trajectory, {"tool_calls": [call("bash", '{"command": "ls')]})
    (shown,) = get_step(annotator_client, trajectory).cssselect(".call")
    assert shown.text_content() == '{"command": "ls'


def test_nothing_in_a_step_becomes_markup(trajectory: Trajectory, annotator_client: Client) -> None:
    make_steps(
        trajectory,
        {
            "summary": clean_text(HOSTILE),
            "thought": HOSTILE,
            "tool_calls": [
                call(HOSTILE, {"command": HOSTILE}),
                call("edit", {"path": HOSTILE, "old_str": HOSTILE, "new_str": ""}),
            ],
            "observations": [seen(HOSTILE)],
        },
    )
    pages = [
        get_step(annotator_client, trajectory),
        tree(annotator_client.get(reverse("trajectories:outline", args=[trajectory.pk]))),
    ]
    for page in pages:
        assert not page.cssselect("script:not([src]), img, [onerror]")
        assert "\x1b" not in page.text_content()
    (observation,) = pages[0].cssselect("[data-cite-kind=observation]")
    assert observation.text_content().startswith("<script>alert(1)</script> red ")


def test_a_step_costs_a_fixed_number_of_queries(
    trajectory: Trajectory, annotator_client: Client, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for n_calls in (1, 2):
        body = {
            "tool_calls": [call("bash", {"command": "ls"})] * n_calls,
            "observations": [seen("x")] * n_calls,
        }
        make_steps(trajectory, body)
        with django_assert_max_num_queries(10) as captured:
            get_step(annotator_client, trajectory)
        counts.append(len(captured))
    assert counts[0] == counts[1]


# --- the issue ---------------------------------------------------------------------------------


def get_issue(client: Client, trajectory: Trajectory) -> html.HtmlElement:
    return tree(client.get(reverse("trajectories:issue", args=[trajectory.pk])))


def test_the_issue_is_rendered_and_its_source_can_be_cited(
    annotator: User, annotator_client: Client
) -> None:
    task = make_task(
        problem_statement="Title\r\n\r\nCall `f()`:\r\n\r\n```python\r\nx < 1\r\n```\r\n"
    )
    trajectory = make_trajectory(task)
    Grant.objects.create(user=annotator, trajectory=trajectory)
    rendered, source = get_issue(annotator_client, trajectory).cssselect("[data-cite-kind=issue]")
    assert rendered.cssselect("p code")[0].text == "f()"
    assert rendered.cssselect("pre code")[0].text == "x < 1\n"
    assert (source.text_content(), rendered.text_content()) == citable_issue_texts(
        trajectory.task_revision.problem_statement
    )


def test_hostile_markdown_stays_harmless(annotator: User, annotator_client: Client) -> None:
    statement = (
        f"{HOSTILE}\n\n[x](javascript:alert(1)) ![pic](https://tracker.example/p.png)\n\n"
        '<a href="https://ok.example" onclick="x()" hx-get="/">ok</a> <form><button>b'
        "</button></form>"
        "<details><summary>More</summary>text</details><!-- note -->"
    )
    trajectory = make_trajectory(make_task(problem_statement=statement))
    Grant.objects.create(user=annotator, trajectory=trajectory)
    page = get_issue(annotator_client, trajectory)
    rendered = page.cssselect("[data-cite-kind=issue]")[0]
    assert not rendered.cssselect("script, img, form, button, [onclick], [hx-get], [onerror]")
    links = [link.get("href") for link in rendered.cssselect("a")]
    assert links == [None, "https://tracker.example/p.png", "https://ok.example"] or links == [
        "https://tracker.example/p.png",
        "https://ok.example",
    ]
    assert rendered.cssselect("details summary")[0].text == "More"
    assert "note" not in rendered.text_content()


def test_hints_are_shown_with_gold_only(
    trajectory: Trajectory, annotator: User, annotator_client: Client
) -> None:
    assert "the sign is wrong" not in get_issue(annotator_client, trajectory).text_content()
    Grant.objects.filter(user=annotator).update(sees_gold=True)
    assert "the sign is wrong" in get_issue(annotator_client, trajectory).text_content()


def test_a_task_without_a_row_says_how_to_load_one(
    annotator: User, annotator_client: Client
) -> None:
    trajectory = make_trajectory(make_task(problem_statement="", base_commit="", hints_text=""))
    Grant.objects.create(user=annotator, trajectory=trajectory)
    assert "load_tasks" in get_issue(annotator_client, trajectory).text_content()
    diff = tree(annotator_client.get(reverse("trajectories:diff", args=[trajectory.pk, "model"])))
    assert "load_tasks" in diff.text_content()


@pytest.mark.parametrize(
    ("chars", "expected"),
    [("0-1", [1]), ("4-5", [2]), ("3-3", [1]), ("2-9", [1, 2, 3]), ("900-901", [3])],
)
def test_an_address_by_characters_marks_the_lines_in_which_they_stand(
    chars: str, expected: list[int], trajectory: Trajectory, annotator_client: Client
) -> None:
    make_steps(trajectory, {"observations": [seen("one\ntwo\nthree")]})
    url = reverse("trajectories:step", args=[trajectory.pk, 1])
    page = tree(annotator_client.get(url, {"part": f"output-0@{chars}"}))
    marked = [int(row.get("data-line")) for row in page.cssselect(".is-target")]
    assert marked == expected
