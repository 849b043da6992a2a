"""What writing costs: a save against a bare one, alone and with eight people, and the checks."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from itertools import cycle, islice
from urllib.parse import urlencode, urlsplit

from django.db import connection
from django.urls import reverse

from accounts.models import User
from annotator.citations.sources import Selected, cited_rows, find_passage
from annotator.citations.targets import CannotCite, FileTarget, Target, ThoughtTarget
from annotator.models import Annotation, ReasoningKind, ReasoningStep
from annotator.services.citing import cite
from annotator.services.editing import add_step, save_step
from bench.floors import SAVES
from bench.loading import Loaded
from bench.results import Figure, Goal, Results, median, percentile_95
from bench.site import Site
from bench.sizes import Size
from trajectories.access import Sight
from trajectories.code import patch_of, tree_id
from trajectories.models import Step

CLIENTS = 8
_STEPS, _CITATIONS = 40, 150
_CSRF = "c" * 32
_EVERYTHING = Sight(sees_gold=True, sees_verdicts=True)
_TEXT = "The cursor is read before it is advanced, so that the first row is lost. " * 8


class Client:
    """One person's browser, as far as saving goes: a connection for each request, as gunicorn's."""

    def __init__(self, site: Site, cookie: str) -> None:
        self.netloc = urlsplit(site.url).netloc
        self.headers = {
            "Cookie": f"sessionid={cookie}; csrftoken={_CSRF}",
            "X-CSRFToken": _CSRF,
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def send(self, method: str, path: str, data: dict[str, object] | None = None) -> bytes:
        connected = http.client.HTTPConnection(self.netloc, timeout=30)
        headers = self.headers if data else {**self.headers, "HX-Request": "true"}
        connected.request(method, path, urlencode(data or {}), headers)
        answer = connected.getresponse()
        body = answer.read()
        connected.close()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {body[:300]!r}")
        return body


def autosave(size: Size, loaded: Loaded, results: Results, site: Site) -> None:
    """P5: a save of a rationale of 600 characters."""
    _make_floor()
    client = Client(site, loaded.annotator_cookie)
    # Each person writes an annotation of their own; a tiny batch has fewer, with more steps each.
    people = islice(cycle(loaded.assignments), CLIENTS)
    savings = [_saving(client, _step(assignment.annotation)) for assignment in people]
    n_saves = 20 * size.repeats
    times = {"ours": _alone(savings[0], n_saves)}
    times["floor"] = _alone(_bare(client), n_saves)
    what = "autosave, alone, p95"
    figure, floor = percentile_95(times["ours"]), percentile_95(times["floor"])
    results.goals.append(Goal("P5", what, "ms", figure, 4, floor, times["ours"]))
    results.figures.append(Figure("autosave, alone, median", "ms", median(times["ours"])))
    rate = _rate(savings, n_saves // CLIENTS)
    lowest = _rate([_bare(client) for _ in savings], n_saves // CLIENTS)
    what = f"autosave with {CLIENTS} clients: time of one save"
    results.goals.append(Goal("P5", what, "ms", 1000 / rate, 3, 1000 / lowest))
    results.figures.append(Figure(f"saves in a second, {CLIENTS} clients", "", rate))


def checks(size: Size, loaded: Loaded, results: Results, site: Site) -> None:
    """What the checks take that run while one writes, on 40 steps and 150 citations."""
    assignment = loaded.assignments[-1]
    _write_much(assignment.annotation)
    client = Client(site, loaded.annotator_cookie)
    path = reverse("annotator:findings", args=[assignment.pk])
    first = _milliseconds(lambda: client.send("GET", path))
    times = [_milliseconds(lambda: client.send("GET", path)) for _ in range(2 * size.repeats)]
    what = f"checks of {_STEPS} steps and {_CITATIONS} citations, p95"
    results.goals.append(Goal("checks", what, "ms", percentile_95(times), 300, samples=times))
    results.figures.append(Figure("the first checks of a trajectory", "ms", first))


# --- saving -----------------------------------------------------------------------------------


def _step(annotation: Annotation) -> ReasoningStep:
    return add_step(_annotator(annotation), annotation, ReasoningKind.OBSERVATION)


def _annotator(annotation: Annotation) -> User:
    return annotation.assignment.annotator


def _saving(client: Client, step: ReasoningStep) -> Callable[[], object]:
    """Return what saves the step once more, with another text each time."""
    path = reverse("annotator:step-save", args=[step.uid])
    version = step.version

    def save() -> None:
        nonlocal version
        data = {"version": version, "claim": f"Claim {version}", "rationale": f"{version} {_TEXT}"}
        version = json.loads(client.send("POST", path, data))["version"]

    return save


def _bare(client: Client) -> Callable[[], object]:
    return lambda: client.send("POST", SAVES, {"text": _TEXT})


def _make_floor() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS bench_save (id bigserial PRIMARY KEY, body text)"
        )


def _alone(act: Callable[[], object], n: int) -> list[float]:
    for _ in range(max(2, n // 10)):
        act()
    return [_milliseconds(act) for _ in range(n)]


def _milliseconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000


def _rate(acts: list[Callable[[], object]], n_each: int) -> float:
    """Return how often a second all of them together act, each `n_each` times in turn."""
    failures: list[Exception] = []

    def work(act: Callable[[], object]) -> None:
        try:
            for _ in range(n_each):
                act()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return len(acts) * n_each / (time.perf_counter() - start)


# --- a long annotation ------------------------------------------------------------------------


def _write_much(annotation: Annotation) -> None:
    """Write 40 steps of all kinds and hang 150 citations on them: thoughts and lines of code."""
    user = _annotator(annotation)
    kinds = [kind for kind in ReasoningKind if kind != ReasoningKind.ROOT_CAUSE]
    targets = _targets(annotation)
    for number in range(_STEPS):
        step = add_step(user, annotation, kinds[number % len(kinds)])
        claim = f"Step {number + 1} of the trajectory reads the cursor in line {number + 3}"
        values = {"claim": claim, "rationale": f"`cursor` is what it says. {_TEXT}"}
        step = save_step(user, step, {**values, "covers": [number + 1]}, step.version)
        for kind, target, quote in targets[number::_STEPS][: _CITATIONS // _STEPS + 1]:
            _cite(user, annotation, step, kind, target, quote)


def _targets(annotation: Annotation) -> list[tuple[str, Target, str]]:
    """Return what there is to cite: half of it thoughts, half lines of changed files."""
    trajectory = annotation.assignment.membership.trajectory
    thoughts = Step.objects.filter(trajectory=trajectory).exclude(thought="").order_by("number")
    found: list[tuple[str, Target, str]] = [
        ("thought", ThoughtTarget(number), thought[:60])
        for number, thought in thoughts.values_list("number", "thought")
    ]
    base = tree_id(trajectory.task_revision, "base", trajectory)
    paths = [change.path for change in patch_of(trajectory, "gold").files]
    lines = range(1, _CITATIONS)
    found += [
        ("file", FileTarget("base", base, paths[line % len(paths)], line, line + 2), "")
        for line in lines
    ]
    return found[:_CITATIONS]


def _cite(
    user: User, annotation: Annotation, step: ReasoningStep, kind: str, target: Target, quote: str
) -> None:
    trajectory = annotation.assignment.membership.trajectory
    rows = cited_rows(trajectory, [target])
    try:
        passage = find_passage(trajectory, _EVERYTHING, target, Selected(quote), rows)
    except CannotCite:
        # Lines past the end of a short file.
        return
    cite(user, annotation, kind, passage, step)


MEASUREMENTS: dict[str, Callable[[Size, Loaded, Results, Site], None]] = {
    "autosave": autosave,
    "checks": checks,
}
