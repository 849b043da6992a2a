"""Load the input through the site's own services, and give an annotator something to open."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from accounts.models import Role, User
from annotator.models import Assignment
from annotator.services.claiming import claim_next
from bench.inputs import LONG, WIDE, Input
from bench.sources import REPOSITORY
from trajectories.code import fetch_repository
from trajectories.loading.repositories import set_source
from trajectories.loading.tasks import load_tasks
from trajectories.loading.trajectories import load_trajectories
from trajectories.models import Batch

PROJECT_FOLDER = Path(__file__).resolve().parents[1]
BATCH, EXTREMES = "bench", "bench-extremes"
_STAMP = "loaded.json"


@dataclass(frozen=True)
class Loaded:
    """What is measured: assignments in the order of the batch, and the two unlike the rest."""

    # Sessions in which the batch's admin and the annotator of all assignments are signed in.
    admin_cookie: str
    annotator_cookie: str
    assignments: tuple[Assignment, ...]
    long: Assignment
    wide: Assignment
    load_seconds: float


def forget_stale(given: Input, data: Path) -> None:
    """Empty the data folder, but for the input, unless that input is loaded into it already."""
    stamp = data / _STAMP
    known = json.loads(stamp.read_text("utf-8")) if stamp.exists() else {}
    if {key: known.get(key) for key in ("input", "schema")} == _state(given):
        return
    for path in data.iterdir():
        if path.is_dir() and path != given.folder:
            shutil.rmtree(path)
    stamp.unlink(missing_ok=True)


def load_input(given: Input, data: Path) -> Loaded:
    """Load the input unless it is loaded."""
    stamp = data / _STAMP
    if not stamp.exists():
        state = {**_state(given), "load_seconds": _load(given)}
        stamp.write_text(json.dumps(state), "utf-8")
    annotator = _person("bench-annotator", Role.ANNOTATOR)
    held = tuple(
        Assignment.objects.filter(annotator=annotator)
        .select_related("membership__trajectory__task", "membership__batch")
        .order_by("membership__batch_id", "membership__position")
    )
    by_instance = {a.membership.trajectory.task.instance_id: a for a in held}
    return Loaded(
        admin_cookie=session_cookie(_person("bench-admin", Role.ADMIN)),
        annotator_cookie=session_cookie(annotator),
        assignments=tuple(a for a in held if a.membership.batch.slug == BATCH),
        long=by_instance[LONG],
        wide=by_instance[WIDE],
        load_seconds=json.loads(stamp.read_text("utf-8"))["load_seconds"],
    )


def _state(given: Input) -> dict[str, str]:
    """Return what the loaded rows follow from; a change of the schema loads them again."""
    migrations = sorted(path.name for path in PROJECT_FOLDER.glob("*/migrations/0*.py"))
    return {"input": (given.folder / "stamp.json").read_text("utf-8"), "schema": str(migrations)}


def _load(given: Input) -> float:
    """Load everything into an empty database; return the seconds that the 500 files took."""
    set_source(REPOSITORY, str(given.repository))
    load_tasks([given.tasks], batch_slug=BATCH)
    load_tasks([given.extreme_tasks], batch_slug=EXTREMES)
    start = time.perf_counter()
    load_trajectories([given.runs], batch_slug=BATCH)
    seconds = time.perf_counter() - start
    load_trajectories([given.extreme_runs], batch_slug=EXTREMES)
    batches = Batch.objects.filter(slug__in=[BATCH, EXTREMES])
    fetch_repository(batches[0].task_memberships.all()[0].task.repository)
    annotator = _person("bench-annotator", Role.ANNOTATOR)
    for batch in batches:
        for _ in range(min(60, batch.memberships.count())):
            claim_next(annotator, batch)
    return seconds


def _person(username: str, role: Role) -> User:
    user, is_new = User.objects.get_or_create(username=username, defaults={"role": role})
    if is_new:
        user.set_unusable_password()
        user.save()
    return user


def session_cookie(user: User) -> str:
    """Return the cookie of a new session in which the person is signed in."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key or ""
