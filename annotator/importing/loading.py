"""Load the annotations of files, and say of each what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts.models import User
from annotator.checks import Report, check_annotation, check_content
from annotator.importing.drafts import load_draft
from annotator.importing.files import BadFile, Item, read_items
from annotator.importing.partial import BadContent, Content, completed
from annotator.importing.places import NoPlace, find_membership, find_trajectory
from annotator.importing.runs import with_runs_of_here
from annotator.services.claiming import NothingToClaim, policy_of
from annotator.services.editing import NotWritable
from annotator.services.submitting import NotReady, submit
from trajectories.models import BatchTrajectory, Trajectory

_REFUSALS = (BadContent, NoPlace, NotWritable, NothingToClaim)


@dataclass(frozen=True)
class Wish:
    """What is to become of the annotations.

    Without a person they are only checked, and nothing is kept.
    """

    person: User | None = None
    submits: bool = False
    batch: str = ""


@dataclass(frozen=True)
class Loaded:
    """What became of one annotation of a file: checked, loaded, submitted or refused."""

    place: str
    outcome: str
    instance_id: str = ""
    reason: str = ""
    assignment: int | None = None
    report: Report | None = None

    def as_json(self) -> dict[str, Any]:
        found = self.report.as_json() if self.report else {"findings": [], "waived": []}
        return {
            "place": self.place,
            "outcome": self.outcome,
            "instance_id": self.instance_id,
            "reason": self.reason,
            "assignment": self.assignment,
            "blocked": bool(self.report and self.report.blocking),
            **found,
        }


@dataclass
class _Kept:
    """What is known of an item so far, for the answer that it ends with."""

    item: Item
    instance_id: str = ""
    report: Report | None = None

    def ended(self, outcome: str, **more: Any) -> Loaded:
        return Loaded(self.item.place, outcome, self.instance_id, report=self.report, **more)


def load_files(paths: Iterable[Path], wish: Wish) -> Iterator[Loaded]:
    """Load or check what the files hold, each annotation whole or not at all, one by one."""
    for path in paths:
        try:
            for item in read_items(path):
                yield _refused(path, item) if isinstance(item, BadFile) else _load(item, wish)
        except BadFile as error:
            yield _refused(path, error)


def _refused(path: Path, error: BadFile) -> Loaded:
    return Loaded(path.name, "refused", reason=str(error))


def _load(item: Item, wish: Wish) -> Loaded:
    kept = _Kept(item)
    try:
        content = completed(item.content)
        trajectory = find_trajectory(item)
        kept.instance_id = trajectory.task.instance_id
        content = with_runs_of_here(content, item, trajectory)
        if wish.person is None:
            kept.report = _check(content, trajectory, item, wish)
            return kept.ended("checked")
        membership = find_membership(trajectory, item, wish.batch)
        return _keep(kept, wish.person, membership, content, submits=wish.submits)
    except _REFUSALS as error:
        return kept.ended("refused", reason=str(error))


def _check(content: Content, trajectory: Trajectory, item: Item, wish: Wish) -> Report:
    """Check content as it stands in the file, with the switches of its batch if that is here."""
    switches: Mapping[str, bool] = {}
    try:
        membership = find_membership(trajectory, item, wish.batch)
    except NoPlace:
        if wish.batch:
            raise
    else:
        switches = policy_of(membership.batch).checks
    return check_content(content, trajectory, switches)


def _keep(
    kept: _Kept, person: User, membership: BatchTrajectory, content: Content, *, submits: bool
) -> Loaded:
    if not submits and policy_of(membership.batch).blind_first:
        raise NotWritable(
            f"The batch {membership.batch.slug} is blind first: a draft would show what is hidden "
            "until the first diagnosis. Load it as a submission, or into another batch."
        )
    try:
        with transaction.atomic():
            annotation = load_draft(person, membership, content, kept.item.place)
            kept.report = check_annotation(annotation)
            if submits:
                submit(person, annotation)
            outcome = "submitted" if submits else "loaded"
            return kept.ended(outcome, assignment=annotation.assignment_id)
    except NotReady as error:
        said = " ".join(error.problems[:3])
        more = f" And {len(error.problems) - 3} more." if len(error.problems) > 3 else ""
        return kept.ended("refused", reason=f"It cannot be handed in. {said}{more}")
