"""What a check is, what it looks at, and what it finds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar

from annotator.facts import Facts

Content = Mapping[str, Any]
StepContent = Mapping[str, Any]


class Severity(StrEnum):
    """What a finding does: keeps the annotation from being handed in, warns, or informs."""

    BLOCK = "block"
    WARN = "warn"
    INFORM = "inform"


@dataclass(frozen=True)
class Place:
    """What a finding is about.

    `step` is the uid of a reasoning step or of the root cause, empty for the whole; `part` narrows
    it further: a citation's uid, a hunk's key, a test id, a step of the trajectory.
    """

    step: str = ""
    field: str = ""
    part: str = ""

    @property
    def key(self) -> str:
        """The place in one word, the same as long as that place is there: waivers name it."""
        return f"{self.step}/{self.field}/{self.part}"


@dataclass(frozen=True)
class Finding:
    """What a check found: a sentence that names the place and the remedy.

    `offer` names a run that would decide it, as `run:gold`; empty where none would.
    """

    check: str
    severity: Severity
    message: str
    place: Place
    is_waivable: bool = True
    offer: str = ""


@dataclass(frozen=True)
class Subject:
    """An annotation's content of version 3, with the evidence that it speaks of.

    Fields that a pre-annotation leaves out are absent from the content; what is read here is then
    empty.
    """

    content: Content
    facts: Facts

    @cached_property
    def steps(self) -> tuple[StepContent, ...]:
        """The chain, in order."""
        return tuple(self.content.get("reasoning_steps", ()))

    @property
    def root_cause(self) -> StepContent | None:
        return self.content.get("root_cause")

    @property
    def overview(self) -> Mapping[str, Any]:
        overview: Mapping[str, Any] = self.content.get("overview") or {}
        return overview

    @cached_property
    def cards(self) -> tuple[StepContent, ...]:
        """The root cause, where there is one, and the chain: all that has citations."""
        return (*((self.root_cause,) if self.root_cause else ()), *self.steps)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {step["uid"]: number for number, step in enumerate(self.steps, start=1)}

    def number_of(self, uid: str) -> int | None:
        """Return the place of a step in the chain, from 1, or None for what is not in it."""
        return self._numbers.get(uid)

    def name_of(self, uid: str) -> str:
        """Name a step for a message: R3, or the root cause."""
        number = self.number_of(uid)
        if number is not None:
            return f"R{number}"
        is_root = self.root_cause is not None and self.root_cause["uid"] == uid
        return "The root cause" if is_root else "A step that is not there"


class Check(ABC):
    """One thing that is checked. `find` is pure: it reads the subject and yields findings."""

    id: ClassVar[str]
    title: ClassVar[str]
    # What was checked, in a sentence; never that a text is right.
    tells: ClassVar[str]
    severity: ClassVar[Severity]
    is_waivable: ClassVar[bool] = True

    @abstractmethod
    def find(self, subject: Subject) -> Iterator[Finding]:
        """Yield what is found."""

    def finding(
        self, message: str, place: Place, *, severity: Severity | None = None, offer: str = ""
    ) -> Finding:
        """Return a finding of this check, of its own severity unless another is named."""
        return Finding(self.id, severity or self.severity, message, place, self.is_waivable, offer)
