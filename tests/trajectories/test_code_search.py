"""Text search, definitions and uses of the files tab, on every state of the code."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import grant, make_trajectory
from tests.html import Page, page_of
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import SampleRepository
from trajectories.models import Trajectory

pytestmark = pytest.mark.django_db

SHAPES = b"""\
from pkg.core import add


class Shape:
    def area(self):
        return add(1, 2)

    def name(self): return "add"


class Square(Shape):
    def area(self):
        return super().area()
"""


@pytest.fixture
def code(db: None, sample: SampleRepository) -> Trajectory:
    sample.add_files(
        {
            "pkg/shapes.py": SHAPES,
            "pkg/other.py": b"from pkg.core import add\n\nVALUE = add(3, 4)\n",
            "tests/test_shapes.py": b"def area():\n    pass\n",
            "web/app.js": b"export const area = (x) => x * x;\n// add\n",
            "notes.txt": b"<b>add</b> \x1b[1mnot a match\x1b[m\n" + b"y" * 3_000 + b" add \n",
            "logo.png": b"\x89PNG\0add\n",
            "latin-\udce9.py": b"add\n",
        }
    )
    return fetched_trajectory(sample)


def find(client: Client, trajectory: Trajectory, tree: str = "base", **query: str) -> Page:
    url = reverse("trajectories:files", args=[trajectory.pk, tree])
    return page_of(client.get(f"{url}?{urlencode(query)}"))


def places(page: Page) -> list[str]:
    """Return what was found as path:line."""
    return [
        f"{file.cssselect('h4')[0].text_content()}:{line.cssselect('.ln')[0].text_content()}"
        for file in page.select(".result-file")
        for line in file.cssselect(".result-line")
    ]


# --- text ----------------------------------------------------------------


def test_lines_with_a_text_are_listed_by_file(admin_client: Client, code: Trajectory) -> None:
    page = find(admin_client, code, look="text", code="ADD(")
    assert places(page) == ["pkg/core.py:1", "pkg/other.py:3", "pkg/shapes.py:6"]
    assert page.texts(".result-line b") == ["add(", "add(", "add("]
    (link, *_) = page.select(".result-line")
    assert "path=pkg%2Fcore.py" in (link.get("hx-get") or "")
    assert "line=1" in (link.get("href") or "")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"code": "Shape", "case": "1"}, ["pkg/shapes.py:4", "pkg/shapes.py:11"]),
        ({"code": "shape", "case": "1"}, []),
        ({"code": "are", "word": "1"}, []),
        ({"code": r"^class \w+\(", "regex": "1"}, ["pkg/shapes.py:11"]),
        ({"code": r"^class \w+\("}, []),
        ({"code": "area", "glob": "*.js"}, ["web/app.js:1"]),
        ({"code": "area", "glob": "tests"}, ["tests/test_shapes.py:1"]),
        ({"code": "area", "glob": "*.py, !tests !web", "word": "1"},
         ["pkg/shapes.py:5", "pkg/shapes.py:12", "pkg/shapes.py:13"]),
        ({"code": "area", "glob": ":(top)pkg"}, []),
        ({"code": "--help"}, []),
        ({"code": "-e", "regex": "1"}, []),
    ],
)  # fmt: skip
def test_a_search_can_be_restricted(
    admin_client: Client, code: Trajectory, query: dict[str, str], found: list[str]
) -> None:
    assert places(find(admin_client, code, look="text", **query)) == found


@pytest.mark.parametrize("query", [{"code": "ÄRGER"}, {"code": "^.RGER$", "regex": "1"}])
def test_letters_beyond_ascii_have_a_case(
    admin_client: Client, sample: SampleRepository, query: dict[str, str]
) -> None:
    sample.add_files({"a.txt": "ärger\n".encode(), "b.txt": b"\xe4rger \xff\n"})
    page = find(admin_client, fetched_trajectory(sample), look="text", **query)
    assert page.texts(".result-line b") == ["ärger"]


@pytest.mark.parametrize("tree", ["base", "tests", "model", "gold"])
def test_every_tree_is_searched(admin_client: Client, code: Trajectory, tree: str) -> None:
    page = find(admin_client, code, tree, look="text", code="a + b")
    assert places(page) == (["pkg/core.py:2"] if tree in ("model", "gold") else [])


def test_a_hidden_tree_is_not_searched(
    annotator_client: Client, annotator: User, code: Trajectory
) -> None:
    grant(annotator, code, sees_gold=False)
    for name in ("files", "files-outline", "files-paths"):
        url = reverse(f"trajectories:{name}", args=[code.pk, "gold"])
        query = "?look=text&code=add&path=pkg/core.py&blame=1"
        assert annotator_client.get(url + query).status_code == 404
    page = find(annotator_client, code, "base", look="text", code="a + b")
    assert places(page) == []


@pytest.mark.parametrize("pattern", ["(", "[a", "a{2,1}", "(?<x", "*", "\\"])
def test_a_bad_regular_expression_is_one_clear_message(
    admin_client: Client, code: Trajectory, pattern: str
) -> None:
    page = find(admin_client, code, look="text", code=pattern, regex="1")
    (message,) = page.texts(".results .notice")
    assert message.startswith("This regular expression cannot be used: ")
    assert "fatal" not in message


@pytest.mark.parametrize("pattern", ["(y|yy)+$", r"(y+)+\w\d"])
def test_an_expression_with_endless_ways_to_match_is_refused(
    admin_client: Client, code: Trajectory, pattern: str
) -> None:
    page = find(admin_client, code, look="text", code=pattern, regex="1")
    assert "too many ways" in page.text(".results .notice")


def test_what_is_found_is_shown_as_text(admin_client: Client, code: Trajectory) -> None:
    page = find(admin_client, code, look="text", code="add", glob="notes.txt", word="1")
    first, second = page.texts(".result-line code")
    assert first.startswith("<b>add</b>")
    assert "␛[1mnot a match␛[m" in first
    assert second.endswith("add") and len(second) < 250
    assert page.texts(".result-line b") == ["add", "add"]


def test_a_name_that_is_not_utf_8_is_shown_without_a_link(
    admin_client: Client, code: Trajectory
) -> None:
    page = find(admin_client, code, look="text", code="add", glob="latin*")
    assert page.texts(".result-file h4") == ["latin-é.py"]
    assert not page.select(".result-file a.result-line")


def test_many_lines_are_cut_with_a_sentence(admin_client: Client, sample: SampleRepository) -> None:
    sample.add_files({f"f{n:03}.txt": b"needle\n" * 30 for n in range(120)})
    page = find(admin_client, fetched_trajectory(sample), look="text", code="needle")
    assert len(page.select(".result-line")) <= 500
    assert "of 120 files are shown" in page.text(".results .notice")
    assert "10 more in this file" in page.text(".result-file p")


def test_the_search_form_leads_to_the_page_without_javascript(
    admin_client: Client, code: Trajectory
) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/x/?right=model&line=3"}
    url = reverse("trajectories:files", args=[code.pk, "base"])
    page = page_of(admin_client.get(f"{url}?path=pkg", headers=headers))
    hidden = {
        field.get("name"): field.get("value")
        for field in page.select("form.code-form input[type=hidden]")
    }
    assert hidden == {
        "right": "model", "left": "files", "tree": "base", "path": "pkg", "look": "text"
    }  # fmt: skip


def test_a_search_has_an_address(admin_client: Client, code: Trajectory) -> None:
    query = "look=text&code=a%2Bb&glob=%2A.py&regex=1&word=1"
    url = reverse("trajectories:files", args=[code.pk, "base"])
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/x/"}
    response = admin_client.get(f"{url}?{query}", headers=headers)
    assert response["HX-Replace-Url"] == f"/x/?left=files&tree=base&{query}"
    page = reverse("validation:trajectory", args=[code.pk])
    assert page_of(admin_client.get(f"{page}?left=files&tree=base&{query}")).select(".results")


def test_before_the_fetch_a_search_is_a_notice(admin_client: Client) -> None:
    page = find(admin_client, make_trajectory(), look="text", code="x")
    assert "has not been fetched" in page.text(".notice strong")


# --- definitions and uses ------------------------------------------------------------


def test_the_one_definition_opens(admin_client: Client, code: Trajectory) -> None:
    url = reverse("trajectories:files", args=[code.pk, "base"])
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/x/"}
    query = "?look=definition&code=add&path=pkg/shapes.py"
    response = admin_client.get(url + query, headers=headers)
    page = page_of(response)
    assert page.text(".file-name") == "pkg/core.py"
    assert page.text("tr.is-target td.ln") == "1"
    assert response["HX-Replace-Url"] == "/x/?left=files&tree=base&path=pkg%2Fcore.py&line=1"


def test_several_definitions_are_listed_the_nearest_first(
    admin_client: Client, code: Trajectory
) -> None:
    page = find(admin_client, code, look="definition", code="area", path="web/app.js")
    assert places(page) == [
        "web/app.js:1", "pkg/shapes.py:5", "pkg/shapes.py:12", "tests/test_shapes.py:1"
    ]  # fmt: skip
    assert page.texts(".result-within")[1].split() == ["method", "Shape.area"]
    page = find(admin_client, code, look="definition", code="area", path="tests/test_x.py")
    assert places(page)[0] == "tests/test_shapes.py:1"


def test_a_qualified_name_says_which(admin_client: Client, code: Trajectory) -> None:
    page = find(admin_client, code, look="definition", code="Square.area")
    assert page.text("tr.is-target td.ln") == "12"


def test_a_name_without_a_definition_leads_to_its_uses(
    admin_client: Client, code: Trajectory
) -> None:
    page = find(admin_client, code, look="definition", code="super")
    assert "defines super" in page.text(".results .empty")
    (link,) = page.select(".results .empty a")
    assert "look=uses" in (link.get("href") or "")


def test_uses_name_the_function_around_them(admin_client: Client, code: Trajectory) -> None:
    page = find(admin_client, code, look="uses", code="add", path="pkg/shapes.py")
    assert places(page)[:4] == [
        "pkg/shapes.py:1", "pkg/shapes.py:6", "pkg/shapes.py:8", "pkg/core.py:1"
    ]  # fmt: skip
    around = [" ".join(text.split()) for text in page.texts(".result-within")]
    assert around[:3] == ["in Shape.area", "in Shape.name", "function add"]


@pytest.mark.parametrize(
    "name", ["((((", "a  b", "--open-files-in-pager=x", "\\", "a\x00b", "x" * 5_000]
)
@pytest.mark.parametrize("kind", ["definition", "uses", "text"])
def test_a_name_that_makes_no_sense_finds_nothing(
    admin_client: Client, code: Trajectory, kind: str, name: str
) -> None:
    assert places(find(admin_client, code, look=kind, code=name)) == []


# --- paths ------------------------------------------------------------


def test_paths_are_offered_while_one_types(admin_client: Client, code: Trajectory) -> None:
    url = reverse("trajectories:files-paths", args=[code.pk, "tests"])
    page = page_of(admin_client.get(f"{url}?path=tscore"))
    assert page.texts("[role=option]")[0] == "tests/test_core.py"
    page = page_of(admin_client.get(f"{url}?path=zzz"))
    assert not page.select("[role=option]")


def test_no_path_is_offered_that_cannot_be_opened(admin_client: Client, code: Trajectory) -> None:
    url = reverse("trajectories:files-paths", args=[code.pk, "base"])
    assert page_of(admin_client.get(f"{url}?path=latin")).texts("[role=option]") == []
