"""Read from git's command lines what they do to files: take changes back, set them aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trajectories.classify import relative
from trajectories.shell import Command

# What agents name the commit that they began with, which none of them moves on from.
_OWN_COMMITS = frozenset({"HEAD", "@"})


@dataclass(frozen=True)
class Restore:
    """The file, or every file in the folder, is again as in the base commit; "." is the root."""

    path: str


@dataclass(frozen=True)
class Stash:
    """All changes are set aside, those to files that git does not know only with `is_whole`."""

    is_whole: bool = False
    path: str = "."


@dataclass(frozen=True)
class Unstash:
    """What was set aside last is there again; `is_kept` leaves it aside as well."""

    is_kept: bool = False
    path: str = "."


@dataclass(frozen=True)
class Opaque:
    """Files that a program changes in a way the call does not say."""

    path: str
    how: str


def read_git(command: Command) -> Iterator[Restore | Stash | Unstash | Opaque]:
    """Yield what one `git …` does to files of the working tree."""
    action, *operands = command.operands or ("",)
    if action in {"checkout", "restore"}:
        yield from _restored(action, operands, command)
    elif action == "reset" and "--hard" in command.arguments:
        yield Restore(".") if _OWN_COMMITS.issuperset(operands) else Opaque(".", _short(command))
    elif action == "stash":
        yield from _stashed(operands[0] if operands else "push", command)


def _restored(action: str, operands: list[str], command: Command) -> Iterator[Restore | Opaque]:
    if {"-b", "-B", "--staged", "--orphan"}.intersection(command.arguments):
        return
    if "--" in command.arguments:
        at = command.arguments.index("--")
        paths = list(command.arguments[at + 1 :])
        commits = [word for word in operands if word not in paths]
    else:
        paths = [word for word in operands if _is_path(word, action)]
        commits = [word for word in operands if word not in paths]
    is_own = _OWN_COMMITS.issuperset(commits) and not any(
        word.startswith(("-s", "--source")) for word in command.arguments
    )
    for path in paths:
        inside = relative(path).rstrip("/") or "."
        yield Restore(inside) if is_own else Opaque(inside, _short(command))


def _is_path(word: str, action: str) -> bool:
    """Tell a file from the branch or commit that `git checkout` takes as well."""
    return action == "restore" or word == "." or "/" in word or "." in word.lstrip("@")


def _stashed(action: str, command: Command) -> Iterator[Stash | Unstash]:
    if action in {"push", "save"}:
        is_whole = bool({"-u", "--include-untracked", "-a", "--all"} & set(command.arguments))
        yield Stash(is_whole)
    elif action in {"pop", "apply"}:
        yield Unstash(is_kept=action == "apply")


def _short(command: Command) -> str:
    return " ".join(command.words)[:80]
