"""Write samples/annotations/*.json: the sources beside them, with every citation looked up.

A source (TOML) names what it cites in words; this finds the place in the loaded sample batch and
keeps quote, surroundings, position and hash, as the workspace does when somebody cites:

    file base almanac/dates.py: total = day.year * 12 ... total, 12)    lines, from … to
    gold almanac/recurrence.py: return self._occurrences(0)             new side of a patch
    issue: it never recovers · thought 6: shortening is not · call 5: … · output 5: …

The sample batch must have been loaded (README). Uids are made from the names in the sources, so
that the same sources give the same bytes.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "annotations"
TRAJECTORIES = Path(__file__).parent / "trajectories"
# The annotation that the annotator's guide shows whole, between these lines.
EXAMPLE = "almanac-14.mini-swe-agent.gold"
GUIDE = Path(__file__).resolve().parents[1] / "docs" / "annotating.md"
_BEGIN, _END = "<!-- worked example -->", "<!-- end of the worked example -->"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:retrace:samples")
_CITED = re.compile(r"(?P<kind>\w+)(?: (?P<where>[^:]+))?: (?P<quote>.+)", re.DOTALL)
_LINES = " ... "
_CARD = ("claim", "rationale")


def main() -> int:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.config.settings.local")
    import django
    from django.conf import settings

    django.setup()
    from annotator.config.embedded import services

    with services(settings.RETRACE_DATA):
        for name, line in lines():
            path = FOLDER / f"{name}.json"
            path.write_text(as_text(line), encoding="utf-8")
            print(path.name)
            if name == EXAMPLE:
                write_example(line["annotation"]["content"])
    return 0


def as_text(line: dict[str, Any]) -> str:
    return json.dumps(line, indent=1, ensure_ascii=False) + "\n"


def lines() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of each source with what `load_annotations` reads."""
    for source in sorted(FOLDER.glob("*.toml")):
        yield source.stem, Builder(source).line()


class Builder:
    """Turns one source into content of version 3."""

    def __init__(self, source: Path) -> None:
        from trajectories.models import Trajectory

        self.name = source.stem
        self.given = tomllib.loads(source.read_text(encoding="utf-8"))
        file = next(TRAJECTORIES.glob(f"{self.given['trajectory']}.traj*"))
        self.trajectory = Trajectory.objects.select_related(
            "task__repository", "task_revision", "source_file"
        ).get(file_name=file.name)

    def line(self) -> dict[str, Any]:
        content = self.content()
        return {
            "task": {"instance_id": content["task"]["instance_id"]},
            "trajectory": {
                name: content["trajectory"][name] for name in ("source_file_sha256", "item_key")
            },
            "annotation": {"content": content},
        }

    def content(self) -> dict[str, Any]:
        revision, trajectory, given = self.trajectory.task_revision, self.trajectory, self.given
        return {
            "schema_version": 3,
            "task": {
                "instance_id": trajectory.task.instance_id,
                "base_commit": revision.base_commit,
                "revision": revision.number,
                "content_sha256": revision.content_sha256,
            },
            "trajectory": {
                "format": trajectory.format,
                "source_file_sha256": trajectory.source_file.sha256,
                "item_key": trajectory.item_key,
                "n_steps": trajectory.n_steps,
            },
            "first_diagnosis": "",
            "diagnosis_committed_at": None,
            "edit_count": 0,
            "overview": self._overview(given["overview"]),
            "root_cause": self._root_cause(given["root_cause"]),
            "misstep_list": 1,
            "judgements": sorted(self._judgements(), key=lambda row: row["step"]),
            "waivers": [],
            "reasoning_steps": [self._step(step) for step in given["step"]],
        }

    def _overview(self, given: dict[str, Any]) -> dict[str, Any]:
        texts = {"exit_reason": "", "explains": "gold", **given}
        screening = {
            name: {"score": given[name][0], "reason": given[name][1]}
            for name in ("well_specified", "tests_fair")
        }
        return {**texts, "strategy": _folded(given["strategy"]), **screening}

    def _root_cause(self, given: dict[str, Any]) -> dict[str, Any]:
        card = self._card(given, "root-cause")
        return {**card, "elsewhere": given.get("elsewhere", "")}

    def _step(self, given: dict[str, Any]) -> dict[str, Any]:
        from annotator.covers import parse_covers
        from annotator.details import details_of

        card = self._card(given, given["id"])
        uids = [citation["uid"] for citation in card["citations"]]
        details = details_of(given["kind"], given)
        if given["kind"] == "hypothesis" and details["settled_by"]:
            details["settled_by"] = self._uid(details["settled_by"])
        if given.get("tests") == "FAIL_TO_PASS":
            details["tests"] = list(self.trajectory.task_revision.fail_to_pass or ())
        if given["kind"] == "change":
            details["hunks"] = [hunk for name in given["hunks"] for hunk in self._hunks(name)]
        return {
            **card,
            "kind": given["kind"],
            "details": {
                name: _folded(value) if isinstance(value, str) else value
                for name, value in details.items()
            },
            "options": [_option(option, uids) for option in given.get("option", ())],
            "covers": parse_covers(given.get("covers", ""), self.trajectory.n_steps),
            "relations": [
                {"type": kind, "to": self._uid(name)}
                for kind, name in map(str.split, given.get("relations", ()))
            ],
        }

    def _card(self, given: dict[str, Any], name: str) -> dict[str, Any]:
        return {
            "uid": self._uid(name),
            **{field: _folded(given[field]) for field in _CARD},
            "citations": [self._citation(name, cited) for cited in given.get("cite", ())],
            "probes": [],
        }

    def _uid(self, *names: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, "/".join((self.name, *names))))

    def _hunks(self, name: str) -> list[dict[str, Any]]:
        """Return the hunks of a file of the explained patch: `README.md`, `almanac/x.py#2`."""
        from dataclasses import asdict

        from annotator.hunks import hunks_of

        path, _, number = name.partition("#")
        explains = self.given["overview"].get("explains", "gold")
        found = [hunk for hunk in hunks_of(self.trajectory, explains) if hunk.path == path]
        chosen = [found[int(number) - 1]] if number else found
        if not chosen:
            raise ValueError(f"{self.name}: the {explains} patch has no hunk of {name}.")
        return [asdict(hunk) for hunk in chosen]

    def _judgements(self) -> Iterator[dict[str, Any]]:
        from annotator.covers import parse_covers

        for given in self.given.get("judge", ()):
            for step in parse_covers(given["steps"], self.trajectory.n_steps):
                yield {
                    "step": step,
                    "judgement": given["as"],
                    "misstep": given.get("misstep", ""),
                    "should_have": _folded(given.get("should_have", "")),
                    "is_decisive": given.get("decisive", False),
                }

    # --- citations --------------------------------------------------------------------------------

    def _citation(self, card: str, cited: str) -> dict[str, Any]:
        from annotator.citations.sources import Selected, find_passage
        from annotator.citations.targets import CannotCite, as_json
        from trajectories.access import Sight

        found = _CITED.fullmatch(cited)
        if found is None:
            raise ValueError(f"{self.name}: {cited!r} does not say what it cites.")
        kind, target, quote = self._target(found["kind"], found["where"] or "", found["quote"])

        def look(text: str) -> Any:
            return find_passage(self.trajectory, Sight(True, True), target, Selected(text))

        try:
            begin, is_range, end = quote.partition(_LINES)
            passage = look(begin)
            if is_range:
                whole = passage.content
                passage = look(whole[whole.index(begin) : whole.index(end) + len(end)])
        except CannotCite as error:
            raise ValueError(f"{self.name}: {cited!r}: {error}") from error
        return {
            "uid": self._uid(card, cited),
            "kind": kind,
            "target": as_json(passage.target),
            "quote": passage.quote,
            "prefix": passage.prefix,
            "suffix": passage.suffix,
            "start": passage.span.start,
            "end": passage.span.end,
            "content_sha256": passage.content_sha256,
        }

    def _target(self, kind: str, where: str, quote: str) -> tuple[str, Any, str]:
        from annotator.citations.targets import (
            CallTarget,
            FileTarget,
            IssueTarget,
            ObservationTarget,
            PatchTarget,
            ThoughtTarget,
        )
        from trajectories.code import cited_diff_lines, cited_file_lines, tree_id

        match kind:
            case "issue":
                return kind, IssueTarget(), quote
            case "thought":
                return kind, ThoughtTarget(int(where)), quote
            case "call":
                return "tool_call", CallTarget(int(where), 0), quote
            case "output":
                return "observation", ObservationTarget(int(where), 0), quote
            case "file":
                tree, path = where.split(" ", 1)
                revision = self.trajectory.task_revision
                tree_of = tree_id(revision, tree, self.trajectory)
                text = dict(enumerate(cited_file_lines(revision, tree_of, path), start=1))
                first, last = self._lines(text, quote)
                return kind, FileTarget(tree, tree_of, path, first, last), ""
            case "gold" | "model":
                text = cited_diff_lines(self.trajectory, kind, where, "new")
                first, last = self._lines(text, quote)
                return "patch", PatchTarget(kind, where, "new", first, last), ""
        raise ValueError(f"{self.name}: {kind} is nothing to cite.")

    def _lines(self, text: dict[int, str], quote: str) -> tuple[int, int]:
        """Return the first line that has the quote; with `a ... b`, to the next that has b."""
        begin, _, end = quote.partition(_LINES)
        first = next((number for number, line in text.items() if begin in line), None)
        if first is None:
            raise ValueError(f"{self.name}: no line has {begin!r}.")
        if not end:
            return first, first
        last = next((n for n, line in text.items() if n >= first and end in line), None)
        if last is None:
            raise ValueError(f"{self.name}: no line after {first} has {end!r}.")
        return first, last


def _option(given: dict[str, Any], uids: list[str]) -> dict[str, Any]:
    return {
        "title": given["title"],
        "for": _folded(given["for"]),
        "against": _folded(given.get("against", "")),
        "considered_by": given["by"],
        "chosen": given.get("chosen", False),
        "evidence": [uids[number - 1] for number in given.get("evidence", ())],
    }


def _folded(text: str) -> str:
    """Join the lines of a paragraph: sources are wrapped, what they say is not."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(" ".join(part.split()) for part in paragraphs)


# --- the guide --------------------------------------------------------------------------------


def write_example(content: dict[str, Any]) -> None:
    """Put the annotation into the guide in the place of what stands there."""
    before, _, rest = GUIDE.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    text = f"{before}{_BEGIN}\n\n{worked_example(content)}\n{_END}{after}"
    GUIDE.write_text(text, encoding="utf-8")


def worked_example(content: dict[str, Any]) -> str:
    """Write an annotation as Markdown, field by field."""
    numbers = {step["uid"]: f"R{n}" for n, step in enumerate(content["reasoning_steps"], start=1)}
    root_cause, overview = content["root_cause"], content["overview"]
    numbers[root_cause["uid"]] = "the root cause"
    parts = [
        f"**Strategy.** {overview['strategy']}",
        f"**Root cause.** {root_cause['claim']}\n\n{root_cause['rationale']}",
        _cited(root_cause),
    ]
    for step in content["reasoning_steps"]:
        parts += _step_text(step, numbers)
    parts += ["**The agent's steps.**", _judged(content["judgements"])]
    return "\n\n".join(part for part in parts if part) + "\n"


def _step_text(step: dict[str, Any], numbers: dict[str, str]) -> Iterator[str]:
    kind = step["kind"].replace("_", " ")
    yield f"**{numbers[step['uid']]}, {kind}.** {step['claim']}"
    yield step["rationale"]
    for option in step["options"]:
        mark = "✓" if option["chosen"] else "✗"
        against = f" Against: {option['against']}" if option["against"] else ""
        yield f"{mark} *{option['title']}.* For: {option['for']}{against}"
    yield "\n".join(_details(step, numbers))
    yield _cited(step)


def _details(step: dict[str, Any], numbers: dict[str, str]) -> Iterator[str]:
    for name, value in step["details"].items():
        if value in ("", None, []):
            continue
        shown = numbers.get(value, value) if isinstance(value, str) else value
        if name == "hunks":
            shown = ", ".join(f"`{hunk['path']}` −{hunk['old_start']}" for hunk in value)
        elif name == "tests":
            shown = f"the {len(value)} of FAIL_TO_PASS"
        yield f"* {name.replace('_', ' ')}: {shown}"
    for relation in step["relations"]:
        yield f"* {relation['type']} {numbers[relation['to']]}"


def _cited(card: dict[str, Any]) -> str:
    shown = (f"{_where(each)} `{_one_line(each['quote'])}`" for each in card["citations"])
    return "Cites " + "; ".join(shown) + "."


def _where(citation: dict[str, Any]) -> str:
    target = citation["target"]
    if "path" in target:
        where = target.get("tree") or target["which"]
        return f"{target['path']}:{target['start_line']} ({where})"
    kind = citation["kind"].replace("_", " ")
    return f"{kind} of step {target['step']}" if "step" in target else kind


def _one_line(quote: str) -> str:
    text = " ".join(quote.split()).replace("`", "'")
    return text if len(text) <= 70 else f"{text[:69]}…"


def _judged(rows: list[dict[str, Any]]) -> str:
    lines = []
    for row in rows:
        decisive = ", decisive" if row["is_decisive"] else ""
        should = f": {row['should_have']}" if row["should_have"] else ""
        kind = f" ({row['misstep']})" if row["misstep"] else ""
        lines.append(f"* step {row['step']}: {row['judgement']}{kind}{decisive}{should}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
