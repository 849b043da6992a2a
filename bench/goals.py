"""The measurements, one function per goal; each repetition takes the floor right beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import cycle, islice
from urllib.parse import urlencode

from django.urls import reverse
from playwright.sync_api import Browser, Page

from annotator.models import Assignment
from bench import floors
from bench.browser import (
    DIFF,
    LIST,
    WORKSPACE,
    Weight,
    fresh_page,
    longest_task_ms,
    scroll_ms,
    swap_ms,
    text_of,
    visible_ms,
    weigh,
)
from bench.loading import BATCH, Loaded
from bench.results import Figure, Goal, Results, median, percentile_95
from bench.site import Site
from bench.sizes import Size
from trajectories.models import Trajectory

_ROWS = "main table tbody tr"
_HTMX = {"HX-Request": "true"}


@dataclass
class Bench:
    """Everything that a measurement needs."""

    size: Size
    site: Site
    browser: Browser
    loaded: Loaded
    results: Results

    def __post_init__(self) -> None:
        self._unseen = iter(self.loaded.assignments)

    def unseen(self) -> Assignment:
        """Return an assignment that nobody has opened yet; once all are used, one of them."""
        found = next(self._unseen, None)
        if found is None:
            self._unseen = iter(self.loaded.assignments)
            found = next(self._unseen)
        return found

    def goal(self, goal: Goal) -> None:
        self.results.goals.append(goal)

    def address(self, name: str, *arguments: object, query: str = "") -> str:
        return self.site.url + reverse(name, args=arguments) + query

    def workspace(self, assignment: Assignment, query: str = "") -> str:
        return self.address("annotator:workspace", assignment.pk, query=query)

    def page(self, wanted: tuple[str, ...], cookie: str = "") -> AbstractContextManager[Page]:
        return fresh_page(
            self.browser, self.site.url, cookie or self.loaded.annotator_cookie, wanted
        )

    def first_view(self, address: str, wanted: tuple[str, ...], cookie: str = "") -> float:
        with self.page(wanted, cookie) as page:
            return visible_ms(page, address)

    def page_floor(self, name: str, address: str, cookie: str = "") -> str:
        """Keep a page of the site as a static one; return its address."""
        with self.page((), cookie) as page:
            html = text_of(page.context, address)
            kept = floors.keep_page(
                self.site.floors, name, html, address, lambda url: text_of(page.context, url)
            )
        return self.site.url + kept


# --- pages ------------------------------------------------------------------------------------


def warm_up(bench: Bench) -> None:
    """Let each of the web server's processes import what it needs, with a page nobody measures."""
    for _ in range(4):
        assignment = bench.unseen()
        with bench.page(WORKSPACE) as page:
            visible_ms(page, bench.workspace(assignment))
            for address, target, wanted in openings(bench, assignment, 2):
                swap_ms(page, address, target, wanted)
    bench.first_view(bench.address("annotator:batch", BATCH), (_ROWS,), bench.loaded.admin_cookie)


def workspace_visible(bench: Bench) -> None:
    """P1, P2 and the first half of P9, in turns, so that all see the same machine."""
    typical = bench.unseen()
    floor = bench.page_floor("workspace", bench.workspace(typical))
    times: dict[str, list[float]] = {"floor": [], "P1": [], "P2": [], "P9": []}
    for _ in range(bench.size.repeats):
        times["floor"].append(bench.first_view(floor, WORKSPACE))
        times["P1"].append(bench.first_view(bench.workspace(bench.unseen()), WORKSPACE))
        times["P2"].append(bench.first_view(bench.workspace(bench.loaded.long), WORKSPACE))
        times["P9"].append(bench.first_view(bench.workspace(bench.loaded.wide), WORKSPACE))
    middle = {name: median(values) for name, values in times.items()}
    for name, what, limit, below in (
        ("P1", "workspace of a usual trajectory: list, step, diff visible", 2, "floor"),
        ("P2", "the same, 400 steps and 8 MB, against P1", 1.25, "P1"),
        ("P9", "the same, a diff of 12,000 lines, against P1", 1.25, "P1"),
    ):
        bench.goal(Goal(name, what, "ms", middle[name], limit, middle[below], times[name]))


def batch_visible(bench: Bench) -> None:
    """P11."""
    address = bench.address("annotator:batch", BATCH)
    floor = bench.page_floor("batch", address, bench.loaded.admin_cookie)
    times: list[float] = []
    lowest: list[float] = []
    for _ in range(bench.size.repeats):
        lowest.append(bench.first_view(floor, (_ROWS,), bench.loaded.admin_cookie))
        times.append(bench.first_view(address, (_ROWS,), bench.loaded.admin_cookie))
    what = f"list of {bench.size.n_trajectories} tasks visible"
    bench.goal(Goal("P11", what, "ms", median(times), 1.5, median(lowest), times))


def page_weight(bench: Bench) -> None:
    """P4."""
    for label, assignment in (("usual", bench.unseen()), ("8 MB", bench.loaded.long)):
        with bench.page(WORKSPACE) as page:
            _weight_goals(bench, label, weigh(page, bench.workspace(assignment)))
        tasks = []
        for _ in range(max(1, bench.size.repeats // 3)):
            with bench.page(()) as page:
                tasks.append(longest_task_ms(bench.browser, page, bench.workspace(assignment)))
        what = f"workspace, {label}: longest task of the main thread"
        bench.goal(Goal("P4", what, "ms", median(tasks), 50, samples=tasks))


def _weight_goals(bench: Bench, label: str, weight: Weight) -> None:
    for what, unit, figure, limit in (
        ("bytes on the wire", "kB", weight.wire_bytes, 150e3),
        ("DOM nodes", "", weight.nodes, 4_000),
        ("JS heap", "MB", weight.heap_bytes, 5e6),
    ):
        bench.goal(Goal("P4", f"workspace, {label}: {what}", unit, figure, limit))
    bench.results.figures += [
        Figure(f"workspace, {label}: requests", "", weight.requests),
        Figure(f"workspace, {label}: elements", "", weight.elements),
    ]


# --- fragments --------------------------------------------------------------------------------


def openings(bench: Bench, assignment: Assignment, n_each: int) -> Iterator[tuple[str, str, str]]:
    """Yield address, target and what to see, of steps, files and diffs of one trajectory."""
    trajectory = assignment.membership.trajectory
    for kind in (steps_of, files_of, diffs_of):
        yield from islice(kind(bench, trajectory), n_each)


Openings = Callable[[Bench, Trajectory], Iterator[tuple[str, str, str]]]


def steps_of(bench: Bench, trajectory: Trajectory) -> Iterator[tuple[str, str, str]]:
    for number in range(2, trajectory.n_steps, max(1, trajectory.n_steps // 7)):
        address = bench.address("trajectories:step", trajectory.pk, number)
        yield address, "#left-pane", f'#left-pane [data-step-shown="{number}"]'


def files_of(bench: Bench, trajectory: Trajectory) -> Iterator[tuple[str, str, str]]:
    for path in _paths_of(trajectory):
        address = bench.address("trajectories:files", trajectory.pk, "base", query=f"?path={path}")
        wanted = f'#left-pane [data-cite-kind="file"][data-path="{path}"] [data-line]'
        yield address, "#left-pane", wanted


def diffs_of(bench: Bench, trajectory: Trajectory) -> Iterator[tuple[str, str, str]]:
    for which in ("gold", "model-gold", "test"):
        address = bench.address("trajectories:diff", trajectory.pk, which)
        yield address, "#right-pane", f'#right-pane [data-which="{which}"] [data-side]'


def _paths_of(trajectory: Trajectory) -> list[str]:
    """Return the files that the model's patch changes."""
    patch = trajectory.model_patch or ""
    return [line[6:] for line in patch.splitlines() if line.startswith("+++ b/")]


def fragments(bench: Bench) -> None:
    """P3: steps, files and diffs that nobody has opened before."""
    for label, kind in (("step", steps_of), ("file", files_of), ("diff", diffs_of)):
        times: list[float] = []
        lowest: list[float] = []
        while len(times) < bench.size.openings:
            assignment = bench.unseen()
            wanted = list(islice(kind(bench, assignment.membership.trajectory), 6))
            with bench.page((LIST,)) as page:
                visible_ms(page, bench.workspace(assignment, "?right=tests"))
                for address, target, seen in wanted[: bench.size.openings - len(times)]:
                    times.append(swap_ms(page, address, target, seen))
                    floor = fragment_floor(bench, page, f"{label}-{len(times)}", address)
                    lowest.append(swap_ms(page, floor, target, seen))
        what = f"another {label} on screen, p95"
        figure, floor_figure = percentile_95(times), percentile_95(lowest)
        bench.goal(Goal("P3", what, "ms", figure, 3, floor_figure, times))
        bench.results.figures += [
            Figure(f"another {label} on screen, median", "ms", median(times)),
            Figure("the same, bare Django, median", "ms", median(lowest)),
        ]


def fragment_floor(bench: Bench, page: Page, name: str, address: str) -> str:
    body = text_of(page.context, address, **_HTMX)
    return bench.site.url + floors.keep_fragment(bench.site.floors, name, body.encode())


def wide_diff(bench: Bench) -> None:
    """P9, second half: any file of the wide diff, when scrolled to."""
    trajectory = bench.loaded.wide.membership.trajectory
    paths = _paths_of(trajectory)
    times: list[float] = []
    lowest: list[float] = []
    with bench.page(WORKSPACE) as page:
        visible_ms(page, bench.workspace(bench.loaded.wide))
        # Every third, from the last on: what stands in between was not scrolled past.
        for path in islice(cycle(paths[::-3]), min(bench.size.openings, len(paths[::-3]))):
            article = f'[data-cite-kind="patch"][data-path="{path}"]'
            times.append(scroll_ms(page, article, f"{article} [data-side]"))
    with bench.page((LIST,)) as page:
        visible_ms(page, bench.workspace(bench.loaded.wide, "?right=tests"))
        for number, path in enumerate(paths[:-1:3]):
            address = bench.address(
                "trajectories:diff-file", trajectory.pk, "model", query=f"?path={path}"
            )
            floor = fragment_floor(bench, page, f"wide-{number}", address)
            lowest.append(swap_ms(page, floor, "#right-pane", f"{DIFF}"))
    what = "any file of the 12,000 lines when scrolled to, p95"
    figure, floor_figure = percentile_95(times), percentile_95(lowest)
    # 150 ms where the floor is 33 ms, as P3's 100 ms are three of it.
    bench.goal(Goal("P9", what, "ms", figure, 4.5, floor_figure, times))


# --- the rest ---------------------------------------------------------------------------------


def memory(bench: Bench) -> None:
    """P10: what the site's own processes hold after all of the above."""
    sizes = bench.site.memory()
    what = "memory of web (2 workers) and Celery worker"
    bench.goal(Goal("P10", what, "MB", sum(sizes.values()), 400e6))
    for name, size in sizes.items():
        bench.results.figures.append(Figure(f"memory of {name}", "MB", size))


def big_tree(bench: Bench) -> None:
    """Reading and searching a tree of 2,000 files, and all trajectories: figures without a goal.

    The first answer of each may have something to keep; the median tells what the others take.
    """
    trajectory = bench.unseen().membership.trajectory
    path = _paths_of(trajectory)[0]
    name = path.rpartition("/")[2]
    asked = {
        "folder at the root": ("files", {"path": ""}),
        "file by its path": ("files", {"path": path}),
        "history of a file's lines": ("files", {"path": path, "blame": "1"}),
        "paths like what is typed": ("files-paths", {"path": name[:6] + name[8:]}),
        "text in all files": ("files", {"look": "text", "code": "cursor has to"}),
        "regular expression in all files": (
            "files",
            {"look": "text", "code": r"class \w+Cursor\b", "regex": "1"},
        ),
        "definition of a name": ("files", {"look": "definition", "code": "merge_stale_cursor"}),
        "uses of a name": ("files", {"look": "uses", "code": "merge_stale_cursor"}),
    }
    addresses = {
        f"big tree: {what}": bench.address(
            f"trajectories:{view}", trajectory.pk, "base", query=f"?{urlencode(query)}"
        )
        for what, (view, query) in asked.items()
    }
    addresses["a word in all trajectories"] = bench.address(
        "trajectories:search-all", query="?q=compiler"
    )
    with bench.page(()) as page:
        for what, address in addresses.items():
            times = [_fetch_ms(page, address) for _ in range(bench.size.repeats)]
            bench.results.figures.append(Figure(what, "ms", median(times)))


def _fetch_ms(page: Page, address: str) -> float:
    start = time.perf_counter()
    text_of(page.context, address, **_HTMX)
    return (time.perf_counter() - start) * 1000


MEASUREMENTS: dict[str, Callable[[Bench], None]] = {
    "pages": workspace_visible,
    "batch": batch_visible,
    "weight": page_weight,
    "fragments": fragments,
    "wide": wide_diff,
    "tree": big_tree,
    "memory": memory,
}
