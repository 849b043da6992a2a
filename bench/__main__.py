"""`make bench`: make the input, start the site, measure, print the table."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from bench.results import Results
from bench.sizes import SIZES, Size

T = TypeVar("T")
PROJECT_FOLDER = Path(__file__).resolve().parents[1]


def main() -> int:
    options = _options()
    size = SIZES[options.size]
    data = (options.data or PROJECT_FOLDER / "data" / "bench").resolve() / size.name
    _use(data)
    with _alone(data) as is_alone:
        if not is_alone:
            print(f"bench: another run uses {data}; wait for it.", file=sys.stderr)
            return 2
        return _run(data, size, options.only)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure the site in a browser.")
    parser.add_argument("--size", choices=list(SIZES), default="full")
    parser.add_argument("--quick", dest="size", action="store_const", const="quick")
    parser.add_argument("--data", type=Path, help="folder for input and servers (data/bench)")
    parser.add_argument("--only", action="append", default=[], metavar="MEASUREMENT")
    return parser.parse_args()


def _use(data: Path) -> None:
    """Take the benchmark's own data folder and servers, whatever the environment names."""
    data.mkdir(parents=True, exist_ok=True)
    os.environ["RETRACE_DATA"] = str(data)
    os.environ["DJANGO_SETTINGS_MODULE"] = "annotator.config.settings.local"
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS"):
        os.environ.pop(name, None)


@contextmanager
def _alone(data: Path) -> Iterator[bool]:
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _run(data: Path, size: Size, only: list[str]) -> int:
    import django

    django.setup()
    from annotator.config.embedded import services
    from bench.browser import running_browser
    from bench.executing import MEASUREMENTS as EXECUTING
    from bench.goals import MEASUREMENTS, Bench, warm_up
    from bench.inputs import make_input
    from bench.loading import forget_stale, load_input
    from bench.results import Figure
    from bench.site import running_site, set_up
    from bench.writing import MEASUREMENTS as WRITING

    given = make_input(data / "input", size)
    forget_stale(given, data)
    results = Results()
    with services(data):
        set_up()
        loaded = load_input(given, data)
        results.figures.append(Figure("loading the batch", "s", loaded.load_seconds))
        # Before the browser: Playwright's event loop lets nothing ask the database beside it.
        for measure in _chosen(EXECUTING, only):
            measure(size, loaded, results)
        with running_site(data) as site:
            for write in _chosen(WRITING, only):
                write(size, loaded, results, site)
            if only and not set(only) & set(MEASUREMENTS):
                return _print(results, data)
            with running_browser() as browser:
                bench = Bench(size, site, browser, loaded, results)
                warm_up(bench)
                for look in _chosen(MEASUREMENTS, only):
                    look(bench)
    return _print(results, data)


def _print(results: Results, data: Path) -> int:
    (data / "results.json").write_text(json.dumps(results.as_json(), indent=1), "utf-8")
    print(results.as_text())
    return 1 if results.missed else 0


def _chosen(measurements: Mapping[str, T], only: list[str]) -> Iterator[T]:
    """Yield what is to be measured; say how long each took once the next is asked for."""
    for name, measure in measurements.items():
        if not only or name in only:
            start = time.perf_counter()
            yield measure
            print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
