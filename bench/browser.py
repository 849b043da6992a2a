"""A real Chromium that says when something is on screen, and what a page weighs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

_PROBE = Path(__file__).with_name("probe.js").read_text("utf-8")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WIDTH, HEIGHT = 1600, 1000
WAIT_MS = 60_000
# What the page's main thread runs, one event per task.
_TRACED = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"]

# The panes of a workspace, as its markup promises to every script.
LIST = "[data-outline] li[data-step]"
STEP = "#left-pane [data-step-shown]"
DIFF = "#right-pane [data-side][data-line]"
WORKSPACE = (LIST, STEP, DIFF)


@contextmanager
def running_browser() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        raise RuntimeError("chromium is not installed: sudo apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(_ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def fresh_page(browser: Browser, url: str, cookie: str, wanted: Sequence[str]) -> Iterator[Page]:
    """Open a page with an empty cache, signed in, that waits for the selectors."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    context.set_default_timeout(WAIT_MS)
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])
    context.add_init_script(f"const BENCH_WANTED = {json.dumps(list(wanted))};\n{_PROBE}")
    yield context.new_page()
    context.close()


def visible_ms(page: Page, address: str) -> float:
    """Open an address; return how long it took until everything wanted was on screen."""
    page.goto(address, wait_until="commit")
    shown: float = page.evaluate("() => window.benchFirst")
    return shown


def swap_ms(page: Page, address: str, target: str, wanted: str) -> float:
    """Let HTMX put a fragment into the target; return how long until `wanted` was on screen."""
    page.wait_for_load_state("load")
    took: float = page.evaluate(
        """async ([address, target, wanted]) => {
            document.querySelector(target).replaceChildren();
            await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
            const start = performance.now();
            window.htmx.ajax("GET", address, { target, swap: "innerHTML" });
            return (await window.benchVisible([wanted])) - start;
        }""",
        [address, target, wanted],
    )
    return took


def scroll_ms(page: Page, element: str, wanted: str) -> float:
    """Scroll to an element; return how long until `wanted` was on screen."""
    page.wait_for_load_state("load")
    took: float = page.evaluate(
        """async ([element, wanted]) => {
            const start = performance.now();
            document.querySelector(element).scrollIntoView();
            return (await window.benchVisible([wanted])) - start;
        }""",
        [element, wanted],
    )
    return took


@dataclass(frozen=True)
class Weight:
    """What a page costs the browser, once it is loaded and the garbage collected."""

    wire_bytes: int
    requests: int
    elements: int
    nodes: int
    heap_bytes: int


def weigh(page: Page, address: str) -> Weight:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Performance.enable")
    sizes: list[int] = []
    session.on("Network.loadingFinished", lambda done: sizes.append(int(done["encodedDataLength"])))
    visible_ms(page, address)
    page.wait_for_load_state("networkidle")
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    elements, nodes = page.evaluate(
        """() => {
            const walker = document.createTreeWalker(document);
            let nodes = 1;
            while (walker.nextNode()) nodes += 1;
            return [document.getElementsByTagName("*").length, nodes];
        }"""
    )
    return Weight(sum(sizes), len(sizes), elements, nodes, int(metrics["JSHeapUsedSize"]))


def longest_task_ms(browser: Browser, page: Page, address: str) -> float:
    """Open an address under a trace; return the longest task of the page's main thread.

    The page must not wait for anything: looking for it on screen would be part of its tasks.
    """
    browser.start_tracing(page=page, categories=_TRACED)
    page.goto(address, wait_until="networkidle")
    return longest_task(json.loads(browser.stop_tracing())["traceEvents"])


def longest_task(events: Sequence[dict[str, Any]]) -> float:
    """Return milliseconds of the longest task on the traced page's main thread.

    Counted is the time for which the thread itself ran: what other programs take of a busy
    machine is not the page's.
    """
    mains = {(e["pid"], e["tid"]) for e in events if _names_thread(e, "CrRendererMain")}
    busy: dict[tuple[int, int], float] = dict.fromkeys(mains, 0.0)
    for event in events:
        thread = (event["pid"], event["tid"])
        if thread in busy and event["name"] in {"RunTask", "ThreadControllerImpl::RunTask"}:
            busy[thread] = max(busy[thread], event.get("tdur", event.get("dur", 0)) / 1000)
    return max(busy.values(), default=0.0)


def _names_thread(event: dict[str, Any], name: str) -> bool:
    return bool(event["name"] == "thread_name" and event.get("args", {}).get("name") == name)


def text_of(context: BrowserContext, address: str, **headers: str) -> str:
    """Fetch an address with the context's cookies."""
    answer = context.request.get(address, headers=headers)
    if not answer.ok:
        raise RuntimeError(f"{address} answered {answer.status}.")
    return answer.text()
