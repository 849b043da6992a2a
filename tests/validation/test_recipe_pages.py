"""The pages of recipes: what is listed, loaded, replaced and removed, and what is told."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from accounts.models import Event, User
from tests.conftest import make_user, signed_in
from tests.factories import make_repository, make_task
from validation.environments import RecipeSpec, in_use
from validation.models import Environment, Recipe, RecipeUse
from validation.recipes import RecipeEntry, entry_of, parse_entry
from validation.services.recipes import assign_recipe

pytestmark = pytest.mark.django_db

KEY = "a" * 64
URL = "/recipes/"


@pytest.fixture
def admin(db: None) -> User:
    return make_user("ada", "admin")


@pytest.fixture
def client(admin: User) -> Client:
    return signed_in(admin)


def make_recipe(version: str = "1.0", **fields: object) -> Recipe:
    spec = RecipeSpec(test_command=f"pytest tests/{version}", **fields)  # type: ignore[arg-type]
    repository = make_repository(f"shop/{version}")
    assign_recipe(RecipeEntry(spec, repository=repository.name, version=version))
    return Recipe.objects.latest("pk")


def make_environment(recipe: Recipe, key: str = KEY, **fields: object) -> Environment:
    values = {"state": "ready", "size_bytes": 5_000_000, "log": "$ uv venv", **fields}
    return Environment.objects.create(key=key, recipe=recipe, **values)


def on_disk(key: str = KEY) -> None:
    (settings.RETRACE_DATA / "environments" / key).mkdir(parents=True)


def text_of(client: Client, url: str) -> str:
    page = html.fromstring(client.get(url).content)
    return " ".join(page.text_content().split())


def paste(client: Client, *entries: object) -> tuple[int, str]:
    text = "\n".join(e if isinstance(e, str) else json.dumps(e) for e in entries)
    response = client.post(URL, {"text": text}, follow=True)
    return response.status_code, " ".join(html.fromstring(response.content).text_content().split())


def test_a_recipe_is_listed_with_its_uses_and_its_environment(client: Client) -> None:
    make_environment(make_recipe("1.0"))
    make_recipe("2.0", runtime="node")

    text = text_of(client, URL)

    assert "shop/1.0 1.0 Python pytest tests/1.0 ✓ built · 4.8 MB" in text
    assert "shop/2.0 2.0 Node pytest tests/2.0 not built" in text


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"size_bytes": None}, "removed"),
        ({"state": "failed", "size_bytes": None, "reason": "no compiler"}, "✗ failed"),
        ({"state": "building", "size_bytes": None}, "building …"),
    ],
)
def test_the_state_of_an_environment_is_told(
    client: Client, fields: dict[str, object], shown: str
) -> None:
    recipe = make_recipe()
    make_environment(recipe, **fields)

    assert shown in text_of(client, URL)
    page = text_of(client, f"{URL}{recipe.pk}/")
    assert shown in page
    assert str(fields.get("reason", "")) in page
    assert "Remove" not in page


def test_a_page_of_the_list_costs_the_same_whatever_is_on_it(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(URL)
        return len(captured)

    client.get(URL)
    for number in range(3):
        make_environment(make_recipe(f"1.{number}"), f"{number:064x}")
    few = queries()
    for number in range(3, 9):
        make_environment(make_recipe(f"1.{number}"), f"{number:064x}")

    assert queries() == few


def test_many_recipes_are_shown_on_pages(client: Client) -> None:
    repository = make_repository("shop/cart")
    for number in range(101):
        spec = RecipeSpec(test_command=f"pytest {number}")
        assign_recipe(RecipeEntry(spec, repository=repository.name, version=str(number)))

    first, second = text_of(client, URL), text_of(client, f"{URL}?page=2")

    assert "page 1 of 2" in first and "pytest 100 " in first and "pytest 0 " not in first
    assert "pytest 0 " in second


def test_what_is_pasted_is_loaded_for_tasks_and_versions(client: Client, admin: User) -> None:
    task = make_task("shop__cart-1")

    status, text = paste(
        client,
        {"instance_id": "shop__cart-1", "runtime": "node", "test_command": "node --test"},
        {"repo": task.repository.name, "version": "2", "test_command": "pytest"},
    )

    assert (status, "2 loaded, 0 unchanged" in text) == (200, True)
    assert RecipeUse.objects.get(task=task).recipe.runtime == "node"
    assert RecipeUse.objects.get(repository=task.repository).version == "2"
    assert {event.actor for event in Event.objects.filter(verb="recipe assigned")} == {admin}


def test_what_is_refused_is_told_by_line_and_stays_in_the_form(client: Client) -> None:
    make_task("shop__cart-1")
    good = {"instance_id": "shop__cart-1", "test_command": "pytest"}

    status, text = paste(client, good, '{"half":', {"instance_id": "none__x-1", **good}, [])
    assert status == 422
    assert "1 shop__cart-1 ✓ loaded" in text
    assert "2 – ✗ refused This is no JSON" in text
    assert "4 – ✗ refused An entry must be a JSON object" in text
    assert '{"half":' in text


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"version": "1" * 101, "repo": "shop/cart"}, "version is longer than 100"),
        ({"log_parser": "p" * 101, "instance_id": "a"}, "log_parser is longer than 100"),
        ({"image": "i" * 501, "instance_id": "a"}, "image is longer than 500"),
        ({"python": f"3.{'1' * 30}", "instance_id": "a"}, "python is longer than 20"),
        ({"install": ["\ud800"], "instance_id": "a"}, "half a character"),
    ],
)
def test_what_the_database_cannot_hold_is_refused(
    client: Client, entry: dict[str, object], reason: str
) -> None:
    status, text = paste(client, {"test_command": "pytest", **entry})

    assert (status, reason in text) == (422, True)


def test_deeply_nested_json_is_refused(client: Client) -> None:
    status, text = paste(client, "[" * 100_000)

    assert (status, "This is no JSON" in text) == (422, True)


def test_nothing_pasted_is_refused_too(client: Client) -> None:
    status, text = paste(client, "")

    assert (status, "This field is required" in text) == (422, True)


def test_a_recipe_is_replaced_by_the_text_its_page_gives(client: Client) -> None:
    recipe = make_recipe("1.0", packages=("a==1",), environment={"A": "1"})
    page = html.fromstring(client.get(f"{URL}{recipe.pk}/").content)
    (area,) = page.xpath("//textarea[@name='text']")

    same = paste(client, area.text.strip())
    changed = paste(client, area.text.strip().replace("a==1", "a==2"))

    assert "0 loaded, 1 unchanged" in same[1]
    assert "1 loaded, 0 unchanged" in changed[1]
    assert RecipeUse.objects.get().recipe.packages == ["a==2"]
    assert "Only rows of tasks bring it" in text_of(client, f"{URL}{recipe.pk}/")


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), min_size=1).filter(
    lambda text: text.strip() != ""
)
specs = st.builds(
    RecipeSpec,
    python_version=st.sampled_from(["", "3.11", "3.9.2"]),
    pre_install=st.lists(texts, max_size=2).map(tuple),
    packages=st.lists(st.sampled_from(["a==1", "b>=2", "c[d]"]), max_size=2).map(tuple),
    install=st.lists(texts, max_size=2).map(tuple),
    environment=st.dictionaries(st.sampled_from("AB"), texts, max_size=2),
    test_command=texts,
)


@given(spec=specs)
def test_an_entry_that_is_written_is_read_as_it_was(spec: RecipeSpec) -> None:
    written = json.loads(json.dumps(entry_of(spec, repository="shop/cart", version="2")))

    assert parse_entry(written) == RecipeEntry(spec, repository="shop/cart", version="2")


def test_everything_hostile_is_shown_as_text(client: Client) -> None:
    recipe = make_recipe("1.0", install=("<script>alert(1)</script>",))
    make_environment(recipe, log="<img src=x onerror=alert(2)>", reason="<b>")

    content = client.get(f"{URL}{recipe.pk}/").content.decode()

    assert "<script>alert" not in content and "<img src=x" not in content and "<b>" not in content


def test_a_long_log_is_shown_from_its_end_and_handed_out_whole(client: Client) -> None:
    row = make_environment(make_recipe(), log="the beginning\n" + "x\n" * 20_000 + "the end")

    page = text_of(client, f"{URL}{row.recipe_id}/")
    whole = client.get(reverse("validation:build-log", args=[row.pk]))

    assert "the end" in page and "the beginning" not in page
    assert whole.content.startswith(b"the beginning")
    assert whole["Content-Type"] == "text/plain; charset=utf-8"


def removed(client: Client, row: Environment) -> str:
    url = reverse("validation:remove-environment", args=[row.pk])
    response = client.post(url, follow=True)
    return " ".join(html.fromstring(response.content).text_content().split())


def test_an_environment_is_removed_from_the_disk(client: Client, admin: User) -> None:
    row = make_environment(make_recipe())
    on_disk()

    assert "is removed" in removed(client, row)

    row.refresh_from_db()
    assert row.size_bytes is None
    assert not (settings.RETRACE_DATA / "environments" / KEY).exists()
    assert Event.objects.get(verb="environment removed").actor == admin


def test_an_environment_that_a_run_uses_stays(client: Client) -> None:
    row = make_environment(make_recipe())
    on_disk()

    with in_use(settings.RETRACE_DATA / "environments", KEY):
        assert "is in use by a run" in removed(client, row)

    row.refresh_from_db()
    assert row.size_bytes is not None


def test_an_environment_on_another_machine_stays_there(client: Client) -> None:
    row = make_environment(make_recipe())

    assert "is not on the disk of this machine" in removed(client, row)

    row.refresh_from_db()
    assert row.size_bytes is not None
