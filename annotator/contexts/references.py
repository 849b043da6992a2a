"""Markdown of an annotation with its references as links: files, names, tests, steps."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from annotator.facts.code import CodeFacts
from annotator.models import CHAIN_KINDS, Annotation
from annotator.probe_forms import task_tests
from trajectories.contexts.definitions import definitions_of
from trajectories.git import GitError
from trajectories.markdown import Reference, render_markdown
from trajectories.models import Trajectory

# core.py · pkg/core.py:12 · pkg/core.py:12-14; which of them are files, the tree says
_FILE = r"(?P<path>[\w./+@-]+)(?::(?P<lines>\d+(?:[-–]\d+)?))?"
_WHOLE_FILE = re.compile(_FILE)
# step 12 · R4 · core.py:42
_IN_WORDS = re.compile(rf"\b[Ss]teps? (?P<step>\d{{1,6}})\b|\bR(?P<reasoning>\d{{1,4}})\b|{_FILE}")
_NAME = re.compile(r"[^\W\d]\w*(?:(?:\.|::)[^\W\d]\w*)*(?:\(\))?")
_LINK = re.compile(r'<a href="(?P<href>[?#][^"]*)"')
# A hostile text may name thousands.
_MOST_LINKS = 500


@dataclass
class References:
    """Finds what words of one annotation lead to, and remembers which fragment shows each."""

    trajectory: Trajectory
    # R3 → its uid.
    uids: Mapping[str, str]
    # The address of a place in the page → the pane and the fragment that show it.
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)

    @cached_property
    def _code(self) -> CodeFacts:
        return CodeFacts(self.trajectory, is_blind=True)

    @cached_property
    def _tests(self) -> frozenset[str]:
        return frozenset(task_tests(self.trajectory.task_revision))

    def __call__(self, text: str, is_code: bool) -> Iterator[Reference]:
        if len(self.fragments) > _MOST_LINKS:
            return
        if is_code:
            href = self._of_code(text.strip())
            if href:
                yield Reference(0, len(text), href)
            return
        for found in _IN_WORDS.finditer(text):
            href = self._of_words(found)
            if href:
                end = found.end() if found["lines"] else found.start() + len(found[0].rstrip(".-"))
                yield Reference(found.start(), end, href)

    def _of_words(self, found: re.Match[str]) -> str:
        if found["step"]:
            return self._step(int(found["step"]))
        if found["reasoning"]:
            uid = self.uids.get(f"R{found['reasoning']}")
            return f"#r-{uid}" if uid else ""
        return self._file(found["path"], found["lines"] or "")

    def _of_code(self, code: str) -> str:
        whole = _WHOLE_FILE.fullmatch(code)
        href = self._file(whole["path"], whole["lines"] or "") if whole else ""
        return href or self._test(code) or self._symbol(code)

    def _step(self, number: int) -> str:
        if not 1 <= number <= self.trajectory.n_steps:
            return ""
        url = reverse("trajectories:step", args=[self.trajectory.pk, number])
        return self._place("left", url, {}, {"left": "step", "step": str(number)})

    def _test(self, code: str) -> str:
        if code not in self._tests:
            return ""
        url = reverse("validation:tests", args=[self.trajectory.pk])
        return self._place("right", url, {"test": code}, {"right": "tests"})

    def _file(self, path: str, lines: str) -> str:
        """Lead to the one file at base that a path or the end of one names."""
        path = path if lines else path.rstrip(".-")
        if not ("." in path or "/" in path) or not self._code.is_known:
            return ""
        fitting = self._code.files("base").matching(path)
        if len(fitting) != 1 or not fitting[0].isprintable():
            return ""
        where = {"path": fitting[0], **({"line": lines.replace("–", "-")} if lines else {})}
        return self._at_base(where)

    def _symbol(self, code: str) -> str:
        """Lead to the definition at base of a name, or to the list of them where it has several."""
        if not _NAME.fullmatch(code) or len(code) < 2:
            return ""
        name = code.removesuffix("()").replace("::", ".")
        if not self._code.is_known:
            return ""
        try:
            found = definitions_of(self._code.mirror, self._code.trees["base"]).named(name)
        except GitError:
            return ""
        if len(found) == 1:
            return self._at_base({"path": found[0].path, "line": str(found[0].line)})
        return self._at_base({"look": "definition", "code": name}) if found else ""

    def _at_base(self, where: dict[str, str]) -> str:
        url = reverse("trajectories:files", args=[self.trajectory.pk, "base"])
        return self._place("left", url, where, {"left": "files", "tree": "base"})

    def _place(self, pane: str, url: str, where: dict[str, str], page: dict[str, str]) -> str:
        href = "?" + urlencode({**page, **where})
        self.fragments[href] = (pane, f"{url}?{urlencode(where)}" if where else url)
        return href


def references_of(annotation: Annotation) -> References:
    """Return what finds the references of an annotation (one query)."""
    chain = annotation.reasoning_steps.filter(deleted_at=None, kind__in=CHAIN_KINDS)
    uids = chain.order_by("position", "id").values_list("uid", flat=True)
    return References(
        annotation.assignment.membership.trajectory,
        {f"R{number}": str(uid) for number, uid in enumerate(uids, start=1)},
    )


def render_with_references(text: str, references: References) -> SafeString:
    """Return Markdown as HTML in which references open their places beside it."""
    rendered = render_markdown(text, references)

    def opened(found: re.Match[str]) -> str:
        pane, url = references.fragments.get(html.unescape(found["href"]), ("", ""))
        if not url:
            return found[0]
        address = found["href"]
        return (
            f'<a href="{address}" hx-get="{escape(url)}" hx-target="#{pane}-pane"'
            f' hx-replace-url="{address}"'
        )

    # The HTML was cleaned; what is added are addresses of this site, escaped.
    return mark_safe(_LINK.sub(opened, rendered))
