"""The two panes of evidence: which tabs there are, and what stands in each pane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

PaneName = Literal["left", "right"]


@dataclass(frozen=True)
class Tab:
    """A tab of a pane, as plain data, so that later rooms can add theirs.

    The page's query parameter named like the pane holds the `key` of the open tab. `url` is the
    fragment's own address. `build` returns what `template` knows as `context_name`.
    """

    pane: PaneName
    key: str
    label: str
    url: str
    template: str
    context_name: str
    build: Callable[[], object]
    # Why its content may not be seen yet; such a tab builds and requests nothing.
    hidden_because: str = ""
