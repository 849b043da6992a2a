"""Everything that a run printed, where its row keeps only both ends: a page at a time."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from trajectories.text import clean_text
from validation.models import Run
from validation.whole_logs import LogPage, path_of, read_page


@dataclass(frozen=True)
class OutputContext:
    """A page of a whole output; none where there is no more than the log, or it lies elsewhere."""

    run: Run
    page: LogPage | None = None
    text: str = ""

    @property
    def before(self) -> int | None:
        return self.page.number - 1 if self.page and self.page.number > 1 else None

    @property
    def after(self) -> int | None:
        return self.page.number + 1 if self.page and self.page.number < self.page.n_pages else None

    @property
    def first_byte(self) -> int:
        """Return the number of the page's first byte, 1-based."""
        return self.page.first + 1 if self.page else 0


def output_context(run: Run, number: int | None) -> OutputContext:
    """Read the page with this number, 1-based; the first one where none is asked for."""
    path = path_of(settings.RETRACE_DATA, run.full_log)
    if path is None:
        return OutputContext(run)
    try:
        page = read_page(path, number or 1)
    except OSError:
        return OutputContext(run)
    return OutputContext(run, page, clean_text(page.text))


def output_size(run: Run) -> int | None:
    """Return how many bytes of output can be read here, None where no more than the log."""
    path = path_of(settings.RETRACE_DATA, run.full_log)
    try:
        return path.stat().st_size if path else None
    except OSError:
        return None
