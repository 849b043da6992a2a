"""Load good and spoilt annotations as `manage.py load_annotations --check` does, and compare."""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench_checks.faults import Good, Kind, Spoilt
from bench_checks.material import material_of

# A kind may find a place in every citation of an annotation; so many of them are tried.
MOST_OF_A_KIND = 3


@dataclass(frozen=True)
class Found:
    """What loading said of one annotation: findings, or why it was refused."""

    findings: tuple[tuple[str, str, str, str], ...]
    refusal: str = ""

    def of(self, severity: str) -> list[tuple[str, str, str, str]]:
        return [finding for finding in self.findings if finding[1] == severity]


@dataclass
class Tally:
    """How the faults of one kind fared."""

    kind: Kind
    derived: int = 0
    caught: int = 0
    blocking: int = 0
    elsewhere: int = 0
    missed: list[str] = field(default_factory=list)
    by: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind.name,
            "is_decidable": self.kind.is_decidable,
            "derived": self.derived,
            "caught": self.caught,
            "caught_as_blocking": self.blocking,
            "found_elsewhere_only": self.elsewhere,
            "missed": self.missed,
            "by": dict(self.by),
        }


def read_good(path: Path) -> Mapping[str, Any]:
    """Return the content of a file that holds one annotation: a line of an export, or bare."""
    row = json.loads(path.read_text(encoding="utf-8"))
    content: Mapping[str, Any] = row["annotation"]["content"] if "annotation" in row else row
    return content


def check(contents: Iterable[Mapping[str, Any]]) -> list[Found]:
    """Load contents through a file, keep nothing, and return what was found in each."""
    from annotator.importing.loading import Wish, load_files

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tried.jsonl"
        with file.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(content) + "\n" for content in contents)
        loaded = list(load_files([file], Wish()))
    if any(one.report and one.report.broken for one in loaded):
        broken = {name for one in loaded if one.report for name in one.report.broken}
        raise RuntimeError(f"Checks failed themselves: {', '.join(sorted(broken))}.")
    return [
        Found(
            tuple(
                (found.check, found.severity.value, found.place.key, found.message)
                for found in (one.report.findings if one.report else ())
            ),
            one.reason if one.outcome == "refused" else "",
        )
        for one in loaded
    ]


def derive(content: Mapping[str, Any], kind: Kind, seed: int) -> list[Spoilt]:
    """Return some faulty copies of a kind; the same seed gives the same ones."""
    about = content["trajectory"]
    material = material_of(about["source_file_sha256"], about["item_key"])
    rng = random.Random(f"{seed} {kind.name} {about['source_file_sha256']}")
    good = Good(json.loads(json.dumps(content)), material, rng)
    spoilt = [each for each in kind.spoil(good) if each.content != good.content]
    return rng.sample(spoilt, MOST_OF_A_KIND) if len(spoilt) > MOST_OF_A_KIND else spoilt


def count(tally: Tally, name: str, good: Found, spoilt: Spoilt, found: Found) -> None:
    """Add to a tally how one faulty annotation fared."""
    tally.derived += 1
    if found.refusal:
        tally.caught += 1
        tally.blocking += 1
        tally.by["refused"] += 1
        return
    new = list(_new(found, good))
    there = [each for each in new if each[2].startswith(spoilt.places)]
    if not there:
        tally.elsewhere += bool(new)
        tally.missed.append(f"{name}: {spoilt.places[0]}" + _told(new))
        return
    tally.caught += 1
    tally.blocking += any(severity == "block" for _, severity, _, _ in there)
    tally.by.update({each[0] for each in there})


def _new(found: Found, good: Found) -> Iterator[tuple[str, str, str, str]]:
    """Yield what was not found in the good annotation, at its place and as often."""
    known = Counter((check, severity, place) for check, severity, place, _ in good.findings)
    for each in found.findings:
        if known[each[:3]]:
            known[each[:3]] -= 1
        else:
            yield each


def _told(new: list[tuple[str, str, str, str]]) -> str:
    return f"; elsewhere: {new[0][0]} at {new[0][2]}" if new else ""
