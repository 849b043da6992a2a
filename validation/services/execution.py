"""Execute one run from its row to its verdict."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from trajectories.git import GitError, Mirror, PatchDoesNotApply, make_worktree
from validation.directives import changed_paths
from validation.environments import Environment, ImageEnvironment, RecipeSpec
from validation.grading import client as grading
from validation.grading.protocol import Grade, GradeRequest
from validation.grading.suspicion import runner_files
from validation.models import Outcome, Run, RunState, TreeName
from validation.sandbox import (
    Command,
    Mount,
    Result,
    SandboxError,
    SandboxUnavailable,
)
from validation.services.admission import flaky_tests
from validation.services.environments import environment_of
from validation.services.failures import InfrastructureFailure
from validation.services.images import image_of
from validation.services.leases import MAX_ATTEMPTS, Lease, LeaseLost, claim
from validation.services.mirrors import mirror_with
from validation.services.order import Turns
from validation.services.patience import AWAY, await_database
from validation.services.plans import (
    ExtraPatchError,
    command_of,
    limits_of,
    with_extra_patch,
    with_wanted_tests,
)
from validation.services.progress import Progress
from validation.services.recipes import spec_of
from validation.services.results import (
    KEPT_LOG_CHARS,
    CommandRecord,
    Ending,
    Journal,
    finish,
    printable,
    put_back,
)
from validation.services.sandboxes import sandbox_for
from validation.whole_logs import WholeLog
from validation.working_trees import (
    PreparedTree,
    TestPatchError,
    explain,
    prepare_tree,
    run_folder,
)

logger = logging.getLogger(__name__)

# How a shell says that its command ended by SIGKILL.
_KILLED = 128 + signal.SIGKILL


def worker_name() -> str:
    """Name this process as runs show it."""
    return f"{socket.gethostname()}:{os.getpid()}"


def working_folder() -> Path:
    """Return where runs have their working trees."""
    folder: Path = settings.RETRACE_DATA / "work"
    return folder


_turns = Turns()


def execute_next() -> bool:
    """Execute the run that is first in line; false also where none waits."""
    lease = _turns.claim(worker_name())
    return lease is not None and _execute(lease)


def execute_run(run_id: int) -> bool:
    """Claim a run, execute it and write how it ended.

    Return false when it was not to be had, went back to the queue, or was lost on the way.
    """
    lease = claim(run_id, worker_name())
    return lease is not None and _execute(lease)


def _execute(lease: Lease) -> bool:
    journal = Journal(on_environment=lease.name_environment)
    with lease:
        try:
            _write_down(lease, _ending(lease, journal), journal)
        except LeaseLost:
            logger.warning("Run %s was taken away or cancelled", lease.run_id)
            return False
        except InfrastructureFailure as failure:
            return _fail(lease, journal, failure)
        except Exception as error:
            # Whatever went wrong here, it is not the patch's fault; the trace is for the log.
            logger.exception("Run %s broke", lease.run_id)
            reason = f"Unexpected error: {type(error).__name__}: {error}"
            return _fail(lease, journal, InfrastructureFailure(reason, may_pass=True))
    return True


def _write_down(lease: Lease, ending: Ending, journal: Journal) -> None:
    """Finish the run, and again should the database restart just then.

    Where only the answer to a commit was lost, the second try finds the run finished: LeaseLost.
    """
    await_database(lease)
    try:
        finish(lease, ending, journal)
    except AWAY:
        await_database(lease)
        finish(lease, ending, journal)


def _fail(lease: Lease, journal: Journal, failure: InfrastructureFailure) -> bool:
    """Try again later, or end the run without counting it as the patch's."""
    run = Run.objects.get(pk=lease.run_id)
    if failure.may_pass and run.attempt < MAX_ATTEMPTS:
        put_back(lease, failure.reason, attempt=run.attempt)
        return False
    ending = Ending(Outcome.INFRASTRUCTURE_FAILURE, failure.reason)
    try:
        finish(lease, ending, journal)
    except LeaseLost:
        return False
    return True


def _ending(lease: Lease, journal: Journal) -> Ending:
    run = Run.objects.select_related("task_revision__task__repository", "trajectory", "recipe").get(
        pk=lease.run_id
    )
    try:
        return Execution(run, lease, journal).execute()
    except PatchDoesNotApply as error:
        return Ending(Outcome.PATCH_DOES_NOT_APPLY, explain(error))
    except ExtraPatchError as error:
        return Ending(Outcome.PATCH_DOES_NOT_APPLY, str(error))
    except TestPatchError as error:
        return Ending(Outcome.INVALID, str(error))
    except SandboxUnavailable as error:
        raise InfrastructureFailure(str(error), may_pass=error.may_pass) from error
    except (SandboxError, GitError, OSError) as error:
        raise InfrastructureFailure(f"{error}", may_pass=True) from error
    except grading.GradingUnavailableError as error:
        raise InfrastructureFailure(f"{error}", may_pass=False) from error
    except grading.UngradableLogError as error:
        return Ending(Outcome.INVALID, str(error))
    except grading.GradingError as error:
        raise InfrastructureFailure(f"{error}", may_pass=True) from error


class Execution:
    """One attempt at a run that is ours."""

    def __init__(self, run: Run, lease: Lease, journal: Journal) -> None:
        self.run = run
        self.lease = lease
        self.journal = journal
        self.revision = run.task_revision
        self.sandbox = sandbox_for(run.recipe)

    def execute(self) -> Ending:
        """Go from the mirror to the verdict; every step but the last may raise."""
        recipe = self.run.recipe
        if recipe is None:
            raise InfrastructureFailure("The run has no recipe.", may_pass=False)
        base = self.revision.base_commit
        mirror = mirror_with(self.revision.task.repository, base)
        with run_folder(working_folder(), self.run.pk, self.lease.token) as folder:
            tested = self._apply(mirror, folder)
            self.journal.sandbox, self.journal.tested_tree = self.sandbox.name, tested.tree
            needed = environment_of(
                recipe,
                mirror,
                base,
                sandbox=self.sandbox,
                journal=self.journal,
                cancelled=lambda: self.lease.is_lost,
                image=image_of(recipe, self.revision.task.instance_id),
            )
            with needed as environment:
                self.journal.environment_key = environment.key
                self.lease.advance(RunState.RUNNING)
                testbed = folder / "testbed"
                make_worktree(mirror, base, testbed, tree=tested.tree)
                environment.prepare_tree(testbed)
                result = self._test(spec_of(recipe), environment, testbed)
        self.lease.check()
        await_database(self.lease)
        self._check_killed(result)
        return self._judge(result, recipe.log_parser, _changed_paths(mirror, base, tested.tree))

    def _apply(self, mirror: Mirror, scratch: Path) -> PreparedTree:
        patch = _patch_of(self.run)
        test_patch = self.revision.test_patch if self.run.with_test_patch else ""
        started, clock = timezone.now(), time.monotonic()
        tested = prepare_tree(
            mirror,
            self.revision.base_commit,
            patch=_bytes(patch),
            test_patch=_bytes(test_patch),
            scratch=scratch,
        )
        tested = with_extra_patch(mirror, tested, self.run)
        own = ", own patch" if self.run.extra_patch else ""
        self.journal.commands.append(
            CommandRecord(
                phase="patch",
                command=f"git apply ({self.run.tree}{', test_patch' if test_patch else ''}{own})",
                exit_code=0,
                output=f"The patch was applied {tested.how}." if tested.how else "",
                started_at=started,
                duration_seconds=time.monotonic() - clock,
            )
        )
        return tested

    def _test(
        self, spec: RecipeSpec, environment: Environment | ImageEnvironment, testbed: Path
    ) -> Result:
        command = command_of(self.run, spec.test_command)
        started = timezone.now()
        with WholeLog(testbed.parent / "output") as whole:
            progress = Progress(self.run, self.lease)

            def hear(chunk: bytes) -> None:
                whole.add(chunk)
                progress.add(chunk)

            result = self.sandbox.run(
                Command(
                    argv=("/bin/bash", "-c", command),
                    mounts=(*environment.mounts(), Mount(testbed, "/testbed", writable=True)),
                    environment=environment.variables(spec),
                    working_directory="/testbed",
                    limits=limits_of(self.run),
                    image=environment.image,
                ),
                on_output=hear,
                cancelled=lambda: self.lease.is_lost,
            )
            if whole.printed > KEPT_LOG_CHARS:
                self.journal.full_log = whole.keep(settings.RETRACE_DATA)
        self.journal.count(result)
        self.journal.commands.append(
            CommandRecord(
                phase="test",
                command=command,
                exit_code=result.exit_code,
                output="\n".join(filter(None, (result.detail, *result.notices))),
                started_at=started,
                duration_seconds=result.duration_seconds,
            )
        )
        return result

    def _judge(self, result: Result, parser: str, changed: list[str]) -> Ending:
        log = printable(result.output)
        common = Ending(
            Outcome.INVALID,
            result.detail,
            exit_code=result.exit_code,
            log=log,
            log_is_truncated=result.output_truncated,
        )
        if result.ended == "killed":
            raise LeaseLost(f"run {self.run.pk}")
        if result.ended != "exited":
            timed_out = result.ended == "timed_out"
            return replace(common, outcome=Outcome.TIMED_OUT) if timed_out else common
        if self.run.command:
            return replace(common, outcome=Outcome.RAN)
        grade = grading.grade(self._question(log, result.exit_code, parser))
        if self.run.test_ids:
            outcome = Outcome.RAN if grade.valid else self._outcome(grade)
            grade = with_wanted_tests(grade, self.run)
            return replace(common, outcome=outcome, reason=grade.reason, grade=grade)
        touched = set(changed) - set(changed_paths(self.revision.test_patch))
        is_models = self.run.tree == TreeName.MODEL
        runners = runner_files(sorted(touched), self.journal.commands[-1].command)
        touches = [f"The patch changes {path}." for path in runners]
        return replace(
            common,
            outcome=self._outcome(grade),
            reason=grade.reason,
            grade=grade,
            # Nobody has a reason to forge a log on base or gold.
            suspect_reasons=(*grade.suspicions, *touches) if is_models else (),
        )

    def _check_killed(self, result: Result) -> None:
        """Try again what was killed by something that is none of our limits, but not for ever.

        The kernel does that to any process where the whole machine lacks memory. What kills itself
        each time is judged by what it printed.
        """
        if result.exit_code == _KILLED and self.run.attempt < MAX_ATTEMPTS:
            reason = "The test command was killed, and not for any of its limits."
            raise InfrastructureFailure(reason, may_pass=True)

    def _question(self, log: str, exit_code: int | None, parser: str) -> GradeRequest:
        """Ask for the task's tests and a verdict, or for the tests that the run is about."""
        wanted = self.run.test_ids
        return GradeRequest(
            repository=self.revision.task.repository.name,
            version=self.revision.version,
            log=log,
            exit_code=exit_code,
            fail_to_pass=tuple(wanted or self.revision.fail_to_pass or ()),
            pass_to_pass=() if wanted else tuple(self.revision.pass_to_pass or ()),
            flaky=() if self.run.admission_id else flaky_tests(self.revision),
            parser=parser,
            eval_type=str(self.revision.extra.get("eval_type") or ""),
            command=self.journal.commands[-1].command,
            instance_id=self.revision.task.instance_id,
        )

    def _outcome(self, grade: Grade) -> Outcome:
        if grade.valid:
            return Outcome.RESOLVED if grade.resolved else Outcome.NOT_RESOLVED
        # A model's tests may print what they like; base and gold have no reason to lie.
        if grade.environment_fault and self.run.tree != TreeName.MODEL:
            return Outcome.INFRASTRUCTURE_FAILURE
        return Outcome.INVALID


def _patch_of(run: Run) -> str:
    if run.tree == TreeName.GOLD:
        return run.task_revision.patch
    if run.tree == TreeName.MODEL and run.trajectory is not None:
        return run.trajectory.model_patch or ""
    return ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _changed_paths(mirror: Mirror, base_commit: str, tree: str) -> list[str]:
    out = mirror.git("diff-tree", "-r", "--name-only", "-z", mirror.tree_of(base_commit), tree)
    return [os.fsdecode(path) for path in out.split(b"\0") if path]
