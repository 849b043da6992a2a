"""Find runs that nobody works on, and folders that nobody uses."""

from __future__ import annotations

import logging
import os
import stat
import tempfile
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.db.models import Q
from django.db.models.functions import Now

from validation import whole_logs
from validation.broker import queue_length, send
from validation.models import Run, RunState
from validation.sandbox import cgroups, remove_tree
from validation.services.admission import conclude_admissions
from validation.services.leases import HELD, MAX_ATTEMPTS, claimable
from validation.services.probes import conclude_probes
from validation.services.results import give_up
from validation.working_trees import parse_folder_name

logger = logging.getLogger(__name__)

# A run this young is likely between its commit and its message.
UNSENT_AFTER = timedelta(seconds=3)
SENT_AT_ONCE = 50
# Where patches are applied and read: see trajectories.git.patching and validation.working_trees.
_TEMPORARY = "retrace-"
_TEMPORARIES = ("retrace-index-", "retrace-numstat-", "retrace-rejects-")
_OLD_SECONDS = 3600.0


def sweep() -> None:
    """Queue what was abandoned or never queued; end what was abandoned too often; conclude.

    Any number of workers may sweep at once: every change is conditional, and a message too many
    finds nothing to claim.
    """
    abandoned = Run.objects.filter(state__in=HELD, lease_expires_at__lt=Now())
    for run_id in abandoned.filter(attempt__gte=MAX_ATTEMPTS).values_list("pk", flat=True):
        give_up(run_id, f"{MAX_ATTEMPTS} workers began this run and fell silent.")
    for run_id in abandoned.filter(attempt__lt=MAX_ATTEMPTS).values_list("pk", flat=True):
        _take_back(run_id)
    if Run.objects.filter(_unsent()).exists() and queue_length() == 0:
        for run_id in (
            Run.objects.filter(_unsent()).order_by("pk").values_list("pk", flat=True)[:SENT_AT_ONCE]
        ):
            send(run_id)
    conclude_admissions()
    conclude_probes()


def unfinished_work(run_ids: list[int]) -> list[int]:
    """Return those of the runs that could be executed right now."""
    ready = Run.objects.filter(claimable(), pk__in=run_ids).order_by("pk")
    return list(ready.values_list("pk", flat=True))


def _unsent() -> Q:
    return claimable() & Q(state=RunState.QUEUED, created_at__lt=Now() - UNSENT_AFTER)


def _take_back(run_id: int) -> None:
    taken = Run.objects.filter(pk=run_id, state__in=HELD, lease_expires_at__lt=Now()).order_by()
    if taken.update(state=RunState.QUEUED, lease_token=None, lease_expires_at=None):
        logger.warning("Run %s was abandoned by its worker; queued again", run_id)
        send(run_id)


def remove_abandoned_folders(root: Path) -> None:
    """Remove working trees whose run is not, or no longer, executed under that token."""
    if not root.is_dir():
        return
    for folder in root.iterdir():
        owner = parse_folder_name(folder.name)
        if owner is None:
            continue
        run_id, token = owner
        held = Run.objects.filter(pk=run_id, lease_token=token, lease_expires_at__gte=Now())
        if not held.exists():
            logger.warning("Removing the abandoned working tree of run %s", run_id)
            remove_tree(folder)


def remove_unnamed_logs(data: Path) -> None:
    """Remove the whole outputs that no run names: of attempts that were lost, of deleted runs."""
    # Read before the files are looked at; what is put there meanwhile is young.
    named = set(Run.objects.exclude(full_log="").order_by().values_list("full_log", flat=True))
    if removed := whole_logs.remove_unnamed(data, named):
        logger.info("Removed %s outputs that no run names", removed)


def remove_abandoned_groups() -> None:
    """Remove control groups of workers that were killed, and what still runs in them."""
    if removed := cgroups.remove_abandoned():
        logger.warning("Removed %s control groups of workers that are gone", removed)


def remove_old_temporaries(folder: Path | None = None) -> None:
    """Remove the temporary folders that killed workers left; ours live for minutes at most."""
    for path in (folder or Path(tempfile.gettempdir())).glob(f"{_TEMPORARY}*"):
        with suppress(FileNotFoundError):
            status = path.lstat()
            is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
            is_ours = is_ours and path.name.startswith(_TEMPORARIES)
            if is_ours and time.time() - status.st_mtime > _OLD_SECONDS:
                remove_tree(path)
