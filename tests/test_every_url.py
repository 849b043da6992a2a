"""Every URL of the site, as every role and as nobody.

`RULES` says for each URL and each object what every person gets. A URL that is missing there fails
the test, so that nobody adds a page without deciding who sees it. The people and what they hold are
in `tests/world.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.conftest import signed_in
from tests.trajectories.git_repositories import make_sample
from tests.world import GOLD_MARK, HINT_MARK, LOG_MARK, World, make_world

# What a person gets: the page (or a form that asks again), or a refusal.
OK, NO_ROLE, HIDDEN = "ok", 403, 404
PEOPLE = ("admin", "reviewer", "nils", "olga", "ines")


class Rule(NamedTuple):
    """One kind of request to one object; `gets` is in the order of PEOPLE."""

    name: str
    about: str
    arguments: Callable[[World], list[Any]]
    gets: tuple[object, ...]
    method: str = "get"
    data: dict[str, Any] = {}
    query: str = ""


def rules(
    names: str,
    about: str,
    arguments: Callable[[World], list[Any]],
    *gets: object,
    method: str = "get",
    **more: Any,
) -> list[Rule]:
    return [Rule(name, about, arguments, gets, method, **more) for name in names.split()]


def nothing(world: World) -> list[Any]:
    return []


def shared(world: World) -> list[Any]:
    return [world.shared.trajectory.pk]


def blind(world: World) -> list[Any]:
    return [world.blind.trajectory.pk]


def foreign(world: World) -> list[Any]:
    return [world.foreign.trajectory.pk]


def with_more(base: Callable[[World], list[Any]], *more: object) -> Callable[[World], list[Any]]:
    return lambda world: [*base(world), *more]


EVERYBODY = (OK,) * 5
ADMIN = (OK, NO_ROLE, NO_ROLE, NO_ROLE, NO_ROLE)
JUDGES = (OK, OK, NO_ROLE, NO_ROLE, NO_ROLE)
WRITERS = (OK, NO_ROLE, OK, OK, OK)
# By what a person holds: admin, reviewer, nils, olga, ines.
SHARED = (OK, HIDDEN, OK, OK, HIDDEN)
BLIND = (OK, HIDDEN, OK, HIDDEN, HIDDEN)
BLIND_GOLD = (OK, HIDDEN, HIDDEN, HIDDEN, HIDDEN)
FOREIGN = (OK, OK, HIDDEN, OK, HIDDEN)
# The writing of one person: an admin may read it but not change it.
NILS_READS = (OK, HIDDEN, OK, HIDDEN, HIDDEN)
OLGA_READS = (OK, HIDDEN, HIDDEN, OK, HIDDEN)
NILS_WRITES = (NO_ROLE, HIDDEN, OK, HIDDEN, HIDDEN)
OLGA_WRITES = (NO_ROLE, HIDDEN, HIDDEN, OK, HIDDEN)
JUDGED = (OK, OK, HIDDEN, OK, HIDDEN)

EVIDENCE = (
    ("trajectories:outline", ()),
    ("trajectories:step", (1,)),
    ("trajectories:issue", ()),
    ("trajectories:search", ()),
    ("trajectories:diff", ("model",)),
    ("trajectories:diff", ("test",)),
    ("trajectories:files", ("base",)),
    ("trajectories:files-outline", ("base",)),
    ("trajectories:files-paths", ("base",)),
    ("trajectories:files", ("tests",)),
    ("trajectories:files-outline", ("tests",)),
    ("trajectories:files-paths", ("tests",)),
    ("trajectories:files", ("model",)),
    ("trajectories:files-outline", ("model",)),
    ("trajectories:files-paths", ("model",)),
    ("validation:trajectory", ()),
    ("validation:tests", ()),
    ("validation:verdicts", ()),
)
GOLD = (
    ("trajectories:diff", ("gold",)),
    ("trajectories:diff", ("model-gold",)),
    ("trajectories:files", ("gold",)),
    ("trajectories:files-outline", ("gold",)),
    ("trajectories:files-paths", ("gold",)),
)


def evidence_rules() -> Iterator[Rule]:
    for about, held, gets in (
        ("shared", shared, SHARED),
        ("blind", blind, BLIND),
        ("foreign", foreign, FOREIGN),
    ):
        for name, more in EVIDENCE:
            yield Rule(name, about, with_more(held, *more), gets)
        for name, more in GOLD:
            yield Rule(
                name, about, with_more(held, *more), BLIND_GOLD if about == "blind" else gets
            )
        yield Rule(
            "trajectories:step-part",
            about,
            with_more(held, 1, "output-0"),
            gets,
            query="?first=1&last=1&take=all",
        )
        for which in ("model", "test", "gold"):
            hides = which == "gold" and about == "blind"
            yield Rule(
                "trajectories:diff-file",
                about,
                with_more(held, which),
                BLIND_GOLD if hides else gets,
                query="?path=" + ("tests/test_core.py" if which == "test" else "pkg/core.py"),
            )
            yield Rule(
                "trajectories:diff-seen",
                about,
                with_more(held, which),
                BLIND_GOLD if hides else gets,
                query="?seen=1&path="
                + ("tests/test_core.py" if which == "test" else "pkg/core.py"),
                method="post",
            )
            yield Rule(
                "trajectories:diff-context",
                about,
                with_more(held, which),
                # The small sample has nothing to open, which who may see it is told with 404.
                tuple(HIDDEN for _ in gets),
                query="?gap=1&bottom=20&path=pkg/core.py",
            )


def time_rules(
    about: str, held: Callable[[World], Any], reads: tuple[object, ...], works: tuple[object, ...]
) -> Iterator[Rule]:
    """Who sees the time that went into an assignment, enters some, corrects it, decides on it."""

    def assignment(world: World) -> list[Any]:
        return [held(world).assignment.pk]

    def entry(world: World) -> list[Any]:
        return [held(world).claimed.pk]

    yield from rules("annotator:time", about, assignment, *reads)
    yield from rules("annotator:beat", about, assignment, *reads, method="post")
    yield from rules("annotator:time-claim", about, assignment, *works, method="post",
                     data={"seconds_ago": 60, "reason": "x"})  # fmt: skip
    yield from rules("annotator:time-add", about, assignment, *works, method="post")
    # One's own alone, also for who reviews it.
    corrects = (NO_ROLE, HIDDEN, *works[2:])
    yield from rules("annotator:time-correct", about, entry, *corrects, method="post",
                     data={"minutes": 1, "reason": "x"})  # fmt: skip
    yield from rules("annotator:time-decide", about, entry, *ADMIN, method="post",
                     data={"accepts": 1})  # fmt: skip


def writing_rules(about: str, held: Callable[[World], Any], *gets: object) -> Iterator[Rule]:
    """What changes an annotation, by its annotator alone."""
    cites = {"kind": "thought", "target": '{"step": 2}', "quote": "I run the"}
    yield from rules("annotator:step-add", about, lambda w: [held(w).annotation.pk], *gets,
                     method="post", data={"kind": "change"})  # fmt: skip
    yield from rules("annotator:cite", about, lambda w: [held(w).annotation.pk], *gets,
                     method="post", data=cites)  # fmt: skip
    yield from rules("annotator:diagnosis", about, lambda w: [held(w).annotation.pk], *gets,
                     method="post", data={"first_diagnosis": "x"})  # fmt: skip
    yield from rules("annotator:overview", about, lambda w: [held(w).annotation.pk], *gets,
                     method="post", data={"version": 1, "strategy": "x"})  # fmt: skip
    yield from rules("annotator:judge", about, lambda w: [held(w).annotation.pk], *gets,
                     method="post", data={"steps": "1", "judgement": "misstep"})  # fmt: skip
    yield from rules("annotator:judgement", about, lambda w: [held(w).annotation.pk], *gets,
                     method="post",
                     data={"version": 9, "step": 1, "judgement": "misstep"})  # fmt: skip
    yield from rules("annotator:waive", about, lambda w: [held(w).annotation.pk], *gets,
                     method="post",
                     data={"check_id": "x", "place": "//", "reason": "so"})  # fmt: skip
    yield from rules("annotator:undo annotator:redo", about,
                     lambda w: [held(w).annotation.pk], *gets, method="post")  # fmt: skip
    yield from rules("annotator:step-save", about, lambda w: [held(w).step.uid], *gets,
                     method="post", data={"version": 9, "claim": "mine"})  # fmt: skip
    yield from rules("annotator:step-move", about, lambda w: [held(w).step.uid], *gets,
                     method="post", data={"offset": 1})  # fmt: skip
    yield from rules("annotator:step-history", about, lambda w: [held(w).step.uid], *gets)
    yield from rules("annotator:step-bring-back", about, lambda w: [held(w).step.uid], *gets,
                     method="post", data={"version": 1})  # fmt: skip
    yield from rules("annotator:step-mention", about, lambda w: [held(w).step.uid], *gets,
                     method="post", data={"kind": "step", "value": "2"})  # fmt: skip
    yield from rules("annotator:step-split annotator:step-merge", about,
                     lambda w: [held(w).step.uid], *gets, method="post")  # fmt: skip
    yield from rules("annotator:step-delete annotator:step-restore", about,
                     lambda w: [held(w).step.uid], *gets, method="post")  # fmt: skip
    yield from rules("annotator:step-preview", about, lambda w: [held(w).step.uid], *gets)
    yield from rules("annotator:citation-remove annotator:citation-restore"
                     " annotator:citation-reanchor", about,
                     lambda w: [held(w).citation.uid], *gets, method="post")  # fmt: skip
    yield from rules("annotator:step-check", about, lambda w: [held(w).step.uid], *gets)
    yield from rules("annotator:probe-remove annotator:probe-restore", about,
                     lambda w: [held(w).probe.uid], *gets, method="post")  # fmt: skip
    yield from rules("annotator:submit annotator:release", about,
                     lambda w: [held(w).assignment.pk], *gets, method="post")  # fmt: skip


def task_of(held: str) -> Callable[[World], list[Any]]:
    return lambda world: [getattr(world, held).trajectory.task.instance_id]


def pair_of(a: str, b: str) -> Callable[[World], list[Any]]:
    return lambda world: [getattr(world, a).trajectory.pk, getattr(world, b).trajectory.pk]


def gold_run_of(held: str) -> Callable[[World], list[Any]]:
    return lambda world: [getattr(world, held).gold_run.pk]


def runs_of(a: str, b: str) -> Callable[[World], list[Any]]:
    return lambda world: [getattr(world, a).gold_run.pk, getattr(world, b).gold_run.pk]


def runs_rules(held: str, *gets: object) -> list[Rule]:
    names = "validation:run validation:run-lines validation:run-log validation:run-output"
    return rules(names, held, gold_run_of(held), *gets, query="?first=1&last=9")


def probe_of(held: str) -> Callable[[World], list[Any]]:
    return lambda world: [getattr(world, held).probe.uid]


def probe_rules(held: str, *gets: object) -> list[Rule]:
    return [
        *rules("validation:probe", held, probe_of(held), *gets),
        *rules("validation:probe-rerun", held, probe_of(held), *gets, method="post"),
    ]


RULES = [
    # accounts
    *rules("people person_new", "site", nothing, *ADMIN),
    *rules("account_change_password", "site", nothing, *EVERYBODY),
    # trajectories
    *evidence_rules(),
    *rules("trajectories:search-all", "site", nothing, *EVERYBODY),
    *rules("trajectories:load", "site", nothing, *ADMIN),
    *rules("trajectories:load-result", "site", lambda w: [w.upload.pk], *ADMIN),
    *rules(
        "trajectories:fetch-repository", "site", lambda w: [w.repository.pk], *ADMIN, method="post"
    ),
    # No step of the world has an image; who sees one is in tests/trajectories/test_images.py.
    *rules(
        "trajectories:step-image",
        "shared",
        lambda w: [w.shared.trajectory.pk, 1, "0" * 64],
        *(HIDDEN,) * 5,
    ),
    # validation
    *rules("validation:validate", "shared", shared, *SHARED, method="post"),
    *rules(
        "validation:validate", "blind", blind, OK, HIDDEN, NO_ROLE, HIDDEN, HIDDEN, method="post"
    ),
    *rules("validation:validate", "foreign", foreign, *FOREIGN, method="post"),
    *rules("validation:task", "shared", task_of("shared"), *SHARED),
    *rules("validation:task", "blind", task_of("blind"), *BLIND),
    *rules("validation:task", "foreign", task_of("foreign"), *FOREIGN),
    *rules("validation:beside", "shared", pair_of("shared", "shared"), *SHARED),
    *rules("validation:beside", "blind", pair_of("blind", "blind"), *BLIND),
    *rules("validation:beside", "foreign", pair_of("shared", "foreign"), *(HIDDEN,) * 5),
    *rules("validation:choose-beside", "shared", task_of("shared"), *SHARED),
    *rules("validation:choose-beside", "blind", task_of("blind"), *BLIND),
    *rules("validation:validate-task", "shared", task_of("shared"), *ADMIN, method="post"),
    *rules("validation:admit", "shared", task_of("shared"), *ADMIN, method="post"),
    *rules("validation:let-in", "shared", task_of("shared"), *ADMIN, method="post"),
    *rules("validation:admission", "shared", task_of("shared"), *SHARED),
    *rules("validation:admission", "blind", task_of("blind"), *BLIND_GOLD),
    *runs_rules("shared", *SHARED),
    *runs_rules("blind", *BLIND_GOLD),
    *runs_rules("foreign", *FOREIGN),
    *rules("validation:run-beside", "shared", runs_of("shared", "shared"), *SHARED),
    *rules("validation:run-beside", "blind", runs_of("blind", "blind"), *BLIND_GOLD),
    *rules("validation:run-beside", "foreign", runs_of("shared", "foreign"), *(HIDDEN,) * 5),
    *rules("validation:repeat", "shared", gold_run_of("shared"), *SHARED, method="post"),
    *rules("validation:repeat", "blind", gold_run_of("blind"), *BLIND_GOLD, method="post"),
    *probe_rules("shared", *NILS_READS),
    *probe_rules("blind", *NILS_READS),
    *probe_rules("foreign", *FOREIGN),
    *rules("validation:cancel", "shared", gold_run_of("shared"), *ADMIN, method="post"),
    *rules("validation:status validation:recipes", "site", nothing, *ADMIN),
    *rules("validation:recipe", "site", lambda w: [w.environment.recipe_id], *ADMIN),
    *rules("validation:build-log", "site", lambda w: [w.environment.pk], *ADMIN),
    *rules(
        "validation:remove-environment",
        "site",
        lambda w: [w.environment.pk],
        *ADMIN,
        method="post",
    ),
    # annotator
    *rules("annotator:home annotator:my-time", "site", nothing, *EVERYBODY),
    *rules("annotator:batch-list", "site", nothing, *WRITERS),
    *rules("annotator:batch", "foreign", lambda w: ["foreign"], *WRITERS),
    *rules("annotator:claim", "foreign", lambda w: ["foreign"], *WRITERS, method="post"),
    *rules("annotator:admit", "foreign", lambda w: ["foreign"], *ADMIN, method="post"),
    *rules("annotator:policy", "foreign", lambda w: ["foreign"], *ADMIN, method="post"),
    *rules(
        "annotator:workspace annotator:reasoning annotator:findings",
        "nils",
        lambda w: [w.shared.assignment.pk],
        *NILS_READS,
    ),
    *rules(
        "annotator:workspace annotator:reasoning annotator:findings",
        "olga",
        lambda w: [w.shared_of_olga.assignment.pk],
        *OLGA_READS,
    ),
    *rules(
        "annotator:workspace annotator:reasoning annotator:findings",
        "blind",
        lambda w: [w.blind.assignment.pk],
        *NILS_READS,
    ),
    *rules(
        "annotator:test-ids annotator:complete",
        "nils",
        lambda w: [w.shared.assignment.pk],
        *NILS_READS,
    ),
    *rules(
        "annotator:test-ids annotator:complete",
        "blind",
        lambda w: [w.blind.assignment.pk],
        *NILS_READS,
    ),
    *time_rules("nils", lambda w: w.shared, NILS_READS, NILS_WRITES),
    *time_rules("olga", lambda w: w.shared_of_olga, OLGA_READS, OLGA_WRITES),
    # What was handed in is reviewed, which is work, too.
    *time_rules("foreign", lambda w: w.foreign, JUDGED, JUDGED),
    *writing_rules("nils", lambda w: w.shared, *NILS_WRITES),
    *writing_rules("olga", lambda w: w.shared_of_olga, *OLGA_WRITES),
    # reviews
    *rules("reviews:queue", "site", nothing, *JUDGES),
    *rules("reviews:submission reviews:findings", "foreign", lambda w: [w.submission.pk], *JUDGES),
    *rules(
        "reviews:publish reviews:open-thread",
        "foreign",
        lambda w: [w.submission.pk],
        *JUDGES,
        method="post",
    ),
    *rules(
        "reviews:resolve reviews:reopen", "foreign", lambda w: [w.thread.pk], *JUDGES, method="post"
    ),
    *rules(
        "reviews:reply",
        "foreign",
        lambda w: [w.thread.pk],
        OK,
        OK,
        HIDDEN,
        OK,
        HIDDEN,
        method="post",
        data={"body": "Here it is."},
    ),
    *rules("reviews:rubric reviews:export", "foreign", lambda w: ["foreign"], *ADMIN),
    *rules("reviews:export-row", "foreign", lambda w: [w.export.pk], *ADMIN),
    # There is no file yet, which an admin is told with 404.
    *rules("reviews:download", "foreign", lambda w: [w.export.pk], HIDDEN, *ADMIN[1:]),
]
# Without a login: what signs in and out, and what a load balancer asks.
PUBLIC = {"account_login", "account_logout", "health"}


def url_names() -> set[str]:
    def walk(resolver: URLResolver, prefix: str) -> Iterator[str]:
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                inner = f"{pattern.namespace}:" if pattern.namespace else ""
                yield from walk(pattern, prefix + inner)
            elif isinstance(pattern, URLPattern):
                yield f"{prefix}{pattern.name}"

    return set(walk(get_resolver(), ""))


@pytest.fixture
def world(db: None, tmp_path: Path) -> World:
    return make_world(make_sample(tmp_path / "sample"))


def ask(client: Client, rule: Rule, world: World) -> HttpResponse:
    url = reverse(rule.name, args=rule.arguments(world)) + rule.query
    return getattr(client, rule.method)(url, rule.data)


def outcome(response: HttpResponse) -> object:
    """Fold what is no refusal into `ok`; a redirect to the sign-in page is one."""
    if response.status_code == 302 and response["Location"].startswith(reverse("account_login")):
        return "sign in"
    refused = response.status_code in {400, 403, 404, 405} or response.status_code >= 500
    return response.status_code if refused else OK


def test_every_url_is_classified_and_every_rule_is_about_a_url() -> None:
    classified = {rule.name for rule in RULES} | PUBLIC
    assert url_names() - classified == set()
    assert classified - url_names() == set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.name}-{rule.about}")
def test_everybody_gets_what_they_may(rule: Rule, world: World) -> None:
    got = {}
    for name in PEOPLE:
        with transaction.atomic():
            got[name] = outcome(ask(signed_in(world.people[name]), rule, world))
            # Every person asks of the same world.
            transaction.set_rollback(True)
    got["nobody"] = outcome(ask(Client(), rule, world))
    assert got == {**dict(zip(PEOPLE, rule.gets, strict=True)), "nobody": "sign in"}


@pytest.mark.parametrize("name", sorted({rule.name for rule in RULES if rule.method == "post"}))
def test_what_changes_something_is_not_done_by_a_link(name: str, world: World) -> None:
    rule = next(rule for rule in RULES if rule.name == name)
    [person] = [who for who, got in zip(PEOPLE, rule.gets, strict=True) if got == OK][:1]
    url = reverse(name, args=rule.arguments(world))
    assert signed_in(world.people[person]).get(url).status_code == 405


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_pages_need_no_login(name: str, db: None) -> None:
    assert Client().get(reverse(name)).status_code in {200, 302}


def pages_of(world: World, trajectory_of: str) -> Iterator[str]:
    """Name every address that shows something of a trajectory, with each tab open."""
    held = getattr(world, trajectory_of)
    for rule in RULES:
        if rule.method == "get" and rule.about == trajectory_of:
            yield reverse(rule.name, args=rule.arguments(world)) + rule.query
    workspace = reverse("annotator:workspace", args=[held.assignment.pk])
    page = reverse("validation:trajectory", args=[held.trajectory.pk])
    for query in ("left=issue", "left=files&tree=gold&path=pkg/core.py", "right=gold",
                  "right=model-gold", "right=tests", "check=1",
                  "right=tests&test=tests/test_core.py::test_add&outcome=failing"):  # fmt: skip
        yield f"{workspace}?{query}"
        yield f"{page}?{query}"


def seen(client: Client, urls: Iterator[str]) -> str:
    return "".join(
        response.content.decode() for url in urls if (response := client.get(url)).status_code < 400
    )


def test_nothing_of_a_hidden_gold_patch_is_in_any_answer(world: World) -> None:
    text = seen(signed_in(world.people["nils"]), pages_of(world, "blind"))
    assert [mark for mark in (GOLD_MARK, HINT_MARK, LOG_MARK) if mark in text] == []


def test_the_same_pages_show_it_to_who_may_see_it(world: World) -> None:
    text = seen(signed_in(world.people["admin"]), pages_of(world, "blind"))
    assert [mark for mark in (GOLD_MARK, HINT_MARK, LOG_MARK) if mark not in text] == []


def test_hidden_gold_cannot_be_cited(world: World) -> None:
    client = signed_in(world.people["nils"])
    target = (
        '{"which": "gold", "path": "pkg/core.py", "side": "new", "start_line": 2, "end_line": 2}'
    )
    response = client.post(
        reverse("annotator:cite", args=[world.blind.annotation.pk]),
        {"kind": "patch", "target": target, "quote": "return a + b"},
    )
    assert response.status_code == 422
    assert GOLD_MARK not in response.content.decode()


def test_another_annotators_words_are_in_no_answer(world: World) -> None:
    secret = "only-olga-wrote-this"
    step = world.shared_of_olga.step
    step.claim = secret
    step.save()
    text = seen(signed_in(world.people["nils"]), pages_of(world, "shared"))
    assert secret not in text


def test_every_answer_carries_the_policy(world: World) -> None:
    client = signed_in(world.people["admin"])
    for url in pages_of(world, "shared"):
        assert "default-src 'self'" in client.get(url)["Content-Security-Policy"]
