"""What the agent did, step by step: files, commands, test runs, errors. One query, then kept."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from annotator.facts.test_output import UNKNOWN, TestResult, read_result
from trajectories.calls import named_arguments
from trajectories.classify import describe_command_line, relative
from trajectories.formats.values import as_text
from trajectories.models import Step, Trajectory
from trajectories.replay.by_git import Opaque, Restore, Stash, Unstash
from trajectories.replay.edits import Delete, Undo, Write, is_by_shell, read_edits
from trajectories.shell import command_of, split_commands
from trajectories.text import clean_text

_FIELDS = ("number", "kind", "summary", "files", "is_error", "tool_calls", "observations")
_PATCHED = re.compile(r"^(?:\*\*\* (?:Add|Update|Delete) File: |\+\+\+ b/)(\S.*)$", re.MULTILINE)
_SIDES = re.compile(r"^(---|\+\+\+) [ab]/([^\t\r\n]+)", re.MULTILINE)
_TRACEBACK = re.compile(r"^Traceback \(most recent call last\)", re.MULTILINE)
_WORD_TEST = re.compile(r"test|spec\b", re.IGNORECASE)
_TEST_FILE = re.compile(
    r"^test/|(?:^|/)(?:tests|specs?|__tests__|src/test)/|\.(?:test|spec)\.\w+$|"
    r"(?:^|/)(?:test_[^/]*|[^/]*_test|conftest|tests?)\.\w+$"
)


@dataclass(frozen=True)
class TestRun:
    """Tests that a command ran. `paths` are the files that it named, empty: all there are."""

    command: str
    paths: tuple[str, ...]
    result: TestResult

    __test__ = False


@dataclass(frozen=True)
class StepConduct:
    """What one step did. Paths are relative to the repository, as far as the calls name them.

    `edited`, `created`, `removed` and `restored` (an edit taken back) were named by the calls.
    `ran_program`: a program ran, which may have changed any file; `may_be_test`: a call has the
    word test in it.
    """

    number: int
    kind: str
    summary: str
    commands: tuple[str, ...] = ()
    edited: frozenset[str] = frozenset()
    created: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    restored: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()
    # All that a call or an output names: what is not in it, the step had nothing to do with.
    words: str = ""
    test_runs: tuple[TestRun, ...] = ()
    ran_program: bool = False
    may_be_test: bool = False
    is_error: bool = False
    has_traceback: bool = False
    is_submission: bool = False
    exit_code: int | None = None
    # The same for two steps that call the same with the same arguments; empty without a call.
    calls_key: str = ""

    @property
    def changed(self) -> frozenset[str]:
        """Every file that the step wrote, removed or took back."""
        return self.edited | self.created | self.removed | self.restored

    @property
    def ran_something(self) -> bool:
        return self.ran_program or bool(self.test_runs)

    @property
    def test_outcome(self) -> str:
        """passed or failed, where the outputs of its test runs tell it, else unknown or ""."""
        outcomes = {run.result.outcome for run in self.test_runs}
        if "failed" in outcomes:
            return "failed"
        return next(iter(outcomes)) if len(outcomes) == 1 else "unknown" if outcomes else ""

    def mentions(self, path: str) -> bool:
        """Tell whether call or output name a file, or its base name."""
        return path.rsplit("/", 1)[-1] in self.words


@dataclass(frozen=True, eq=False)
class Conduct:
    """The steps of one trajectory, and what they amount to."""

    steps: tuple[StepConduct, ...]
    exit_status: str = ""
    # The files of the patch that the agent left.
    patched: frozenset[str] = frozenset()

    @cached_property
    def _by_number(self) -> dict[int, StepConduct]:
        return {step.number: step for step in self.steps}

    @property
    def n_steps(self) -> int:
        return len(self.steps)

    def step(self, number: int) -> StepConduct | None:
        return self._by_number.get(number)

    @cached_property
    def test_steps(self) -> tuple[StepConduct, ...]:
        """The steps that ran tests."""
        return tuple(step for step in self.steps if step.test_runs)

    @cached_property
    def paths(self) -> frozenset[str]:
        """Every file that the steps name."""
        return frozenset(path for step in self.steps for path in step.changed | step.read)

    @cached_property
    def created(self) -> frozenset[str]:
        """Files that were not there before the agent wrote them."""
        return frozenset(path for step in self.steps for path in step.created)

    def editors_of(self, path: str) -> tuple[int, ...]:
        """Return the numbers of the steps that wrote, removed or took back a file."""
        return tuple(step.number for step in self.steps if _names(step.changed, path))

    def readers_of(self, path: str) -> tuple[int, ...]:
        return tuple(step.number for step in self.steps if _names(step.read, path))

    @cached_property
    def last_edit(self) -> int:
        """Return the last step that changed a file of the agent's patch, 0 for none.

        Without a patch: a file that stays. A script that reproduces the bug does not count.
        """
        return max((step.number for step in self.steps if self._lasting(step)), default=0)

    def _lasting(self, step: StepConduct) -> set[str]:
        """Return which files of those that the step changed the patch has."""
        if self.patched:
            return {path for path in step.changed if _names(self.patched, path)}
        return {path for path in step.edited | step.created if path not in self._removed}

    @cached_property
    def _removed(self) -> frozenset[str]:
        return frozenset(path for step in self.steps for path in step.removed)

    @cached_property
    def first_edit(self) -> int:
        """Return the first step that changed a file which was there before, 0 for none."""
        edits = (s.number for s in self.steps if s.edited - self.created)
        return min(edits, default=0)

    @cached_property
    def submissions(self) -> tuple[int, ...]:
        return tuple(step.number for step in self.steps if step.is_submission)


def is_test_file(path: str) -> bool:
    """Tell whether a path looks like one of tests."""
    return _TEST_FILE.search(path) is not None


def same_file(known: str, said: str) -> bool:
    """Tell whether what a person calls a file, by its end, is a known path."""
    said = relative(said).strip("/")
    return known == said or known.endswith(f"/{said}") or said.endswith(f"/{known}")


def _names(paths: Iterable[str], said: str) -> bool:
    return any(same_file(path, said) for path in paths)


def conduct_of(trajectory: Trajectory) -> Conduct:
    """Read what the agent did (one query, then remembered)."""
    patched = patched_files(trajectory.model_patch or "")
    return _conduct(trajectory.pk, trajectory.exit_status, patched, trajectory.n_steps)


@lru_cache(maxsize=32)
def _conduct(pk: int, exit_status: str, patched: frozenset[str], _n_steps: int) -> Conduct:
    rows = Step.objects.filter(trajectory=pk).order_by("number").only(*_FIELDS)
    return Conduct(tuple(read_steps(rows)), exit_status, patched)


def patched_files(patch: str) -> frozenset[str]:
    """Return the files that a patch names on either side; this needs no whole parse."""
    return frozenset(path for _, path in _SIDES.findall(patch))


def read_steps(steps: Iterable[Step]) -> Iterator[StepConduct]:
    """Read steps in their order; a file is created where no step before named it."""
    known: set[str] = set()
    for step in steps:
        read = _Reader(step, frozenset(known)).read()
        known |= read.changed | read.read | set(map(str, step.files))
        yield read


class _Reader:
    """Reads one step, call by call."""

    def __init__(self, step: Step, known: frozenset[str]) -> None:
        self.step, self.known = step, known
        self.edited: set[str] = set()
        self.created: set[str] = set()
        self.removed: set[str] = set()
        self.restored: set[str] = set()
        self.seen: set[str] = set()
        self.commands: list[str] = []
        self.test_runs: list[TestRun] = []
        self.ran_program = False
        self.submits = step.kind == "submit"
        # An editor that has a file open changes that one, which the step knows.
        self.open_file = str(step.files[0]) if len(step.files) == 1 else ""

    def read(self) -> StepConduct:
        step = self.step
        for index, call in enumerate(step.tool_calls):
            self._read_edits(call)
            if (line := _command_line(call)) is not None:
                self._read_line(line, self._answer(call, index))
        if step.kind == "edit" and not step.is_error and not self._changed:
            self._write(map(str, step.files), step.summary)
        if step.kind == "read":
            self.seen |= set(map(str, step.files))
        outputs = [clean_text(as_text(seen.get("content"))) for seen in step.observations]
        calls = "\n".join(strings_in(step.tool_calls))
        return StepConduct(
            number=step.number,
            kind=step.kind,
            summary=step.summary,
            commands=tuple(self.commands),
            edited=frozenset(self.edited),
            created=frozenset(self.created),
            removed=frozenset(self.removed),
            restored=frozenset(self.restored),
            read=frozenset(self.seen),
            words=_named_in(calls, outputs, step.files),
            test_runs=tuple(self.test_runs),
            ran_program=self.ran_program,
            may_be_test=bool(_WORD_TEST.search(calls)),
            is_error=step.is_error,
            has_traceback=any(_TRACEBACK.search(output) for output in outputs),
            is_submission=self.submits,
            exit_code=_exit_code(step),
            calls_key="\0".join(_keys(step.tool_calls)),
        )

    @property
    def _changed(self) -> set[str]:
        return self.edited | self.created | self.removed | self.restored

    def _write(self, paths: Iterable[str], how: str) -> None:
        """Note files that a shell wrote; one that no step knew before is a new one."""
        is_written = how.startswith(("write ", "create "))
        for path in paths:
            (self.created if is_written and path not in self.known else self.edited).add(path)

    def _read_edits(self, call: Mapping[str, Any]) -> None:
        if self.step.is_error and not is_by_shell(call):
            return
        for edit in read_edits(call, self.open_file):
            if isinstance(edit, Write) and not edit.appends:
                is_new = edit.path not in self.known
                (self.created if is_new else self.edited).add(edit.path)
            elif isinstance(edit, Delete):
                self.removed.add(edit.path)
            elif isinstance(edit, Undo | Restore):
                self.restored.add(edit.path)
            elif isinstance(edit, Opaque) and edit.how.startswith("remove "):
                self.removed.add(edit.path)
            elif isinstance(edit, Opaque):
                self._write([edit.path], edit.how)
            elif not isinstance(edit, Stash | Unstash):
                self.edited.add(edit.path)
        for text in strings_in(call.get("arguments")):
            self.edited |= {relative(path.strip()) for path in _PATCHED.findall(text)}

    def _read_line(self, line: str, answer: tuple[str, int | None]) -> None:
        self.commands.append(line)
        described = [
            (command, describe_command_line(command.text)) for command in split_commands(line)
        ]
        tests = [(c, d) for c, d in described if d.kind == "test" and c.name not in _LOOKING]
        # Of several runs in one line the output is not told apart.
        result = read_result(*answer) if tests else UNKNOWN
        for command, told in tests:
            self.test_runs.append(TestRun(command.text, told.files, result))
        self.ran_program |= bool(tests)
        for _, told in described:
            self.ran_program |= told.kind == "run"
            self.submits |= told.kind == "submit"
            if told.kind == "read":
                self.seen |= set(told.files)

    def _answer(self, call: Mapping[str, Any], index: int) -> tuple[str, int | None]:
        """Return output and exit code of a call: those that name it, else those at its place."""
        seen = self.step.observations
        own = [
            each
            for each in seen
            if each.get("tool_call_id") and each["tool_call_id"] == call.get("tool_call_id")
        ]
        if not own:
            own = seen[index : index + 1] if len(seen) == len(self.step.tool_calls) else seen
        text = clean_text("\n".join(as_text(each.get("content")) for each in own))
        return text, own[-1].get("exit_code") if own else None


def _command_line(call: Mapping[str, Any]) -> str | None:
    """Return the command line that a shell gets, None for a tool that is no shell."""
    name, arguments = str(call.get("function_name", "")), call.get("arguments")
    if isinstance(arguments, str):
        return arguments if name in {"bash", "shell", "execute_bash", "terminal"} else None
    if not isinstance(arguments, Mapping) or name in _NO_SHELLS:
        return None
    if "path" in named_arguments(arguments):
        return None
    command = command_of(arguments)
    if isinstance(command, list):
        words = [as_text(word) for word in command]
        # ["bash", "-lc", "pytest -q"]
        return words[2] if len(words) == 3 and words[1] in {"-c", "-lc"} else " ".join(words)
    return command if isinstance(command, str) else None


# `ls runtests.py` runs no tests.
_LOOKING = {
    "cat", "chmod", "cp", "echo", "file", "find", "git", "grep", "head", "less", "ls", "mkdir",
    "mv", "pip", "rm", "sed", "tail", "touch", "wc", "which",
}  # fmt: skip
_NO_SHELLS = {
    "create", "edit", "exit_forfeit", "find_file", "finish", "goto", "insert", "open",
    "scroll_down", "scroll_up", "search_dir", "search_file", "str_replace_editor",
    "str_replace_based_edit_tool", "submit", "think", "undo_edit",
}  # fmt: skip


def _keys(calls: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Name the calls by what they are called and told, whatever their ids."""
    for call in calls:
        told = json.dumps(call.get("arguments"), sort_keys=True, ensure_ascii=False)
        yield hashlib.sha256(f"{call.get('function_name')} {told}".encode()).hexdigest()[:16]


def _exit_code(step: Step) -> int | None:
    codes = [seen.get("exit_code") for seen in step.observations]
    return codes[-1] if codes and isinstance(codes[-1], int) else None


def strings_in(value: Any) -> Iterator[str]:
    """Yield the texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from strings_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from strings_in(each)


# Names of files, as they stand in calls and outputs.
_FILE_NAME = re.compile(r"[\w@+-][\w.@+-]*\.\w{1,6}\b")
_MOST_CHARS = 200_000


def _named_in(calls: str, outputs: Iterable[str], files: Iterable[Any]) -> str:
    """Return the names of files that stand in a step's texts, each once."""
    texts = (calls, *outputs, "\n".join(map(str, files)))
    names = dict.fromkeys(name for text in texts for name in _FILE_NAME.findall(text[:_MOST_CHARS]))
    return "\n".join(names)
