"""What the evidence says, read when it is asked for. Independent of any check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from annotator.citations.anchors import Anchors, Cited, anchors_for
from annotator.facts.code import CodeFacts
from annotator.facts.conduct import Conduct, conduct_of, strings_in
from annotator.facts.patches import PatchFacts
from annotator.facts.runs import RunFacts
from annotator.facts.texts import TextFacts
from trajectories.models import Step, Trajectory


@dataclass(frozen=True)
class Facts:
    """The evidence of one trajectory and its task.

    Each part is read on first use; what comes from immutable content is kept by that content.
    """

    trajectory: Trajectory
    # Before the first diagnosis nothing is said of gold or of outcomes, not even by a finding.
    is_blind: bool = False

    @cached_property
    def code(self) -> CodeFacts:
        return CodeFacts(self.trajectory, self.is_blind)

    @cached_property
    def patches(self) -> PatchFacts:
        return PatchFacts(self.trajectory, self.is_blind)

    @cached_property
    def runs(self) -> RunFacts:
        return RunFacts(self.trajectory, self.is_blind)

    def text_of_step(self, number: int) -> str:
        """Return the calls and outputs of a step, empty where there is none (one query)."""
        steps = Step.objects.filter(trajectory=self.trajectory, number=number)
        found = steps.values_list("tool_calls", "observations").first()
        return "\n".join(text for value in found for text in strings_in(value)) if found else ""

    @property
    def conduct(self) -> Conduct:
        return conduct_of(self.trajectory)

    @cached_property
    def texts(self) -> TextFacts:
        return TextFacts(self.trajectory, self.is_blind)

    @cached_property
    def _words_at_hand(self) -> frozenset[str]:
        paths = self.patches.paths("gold") | self.patches.paths("model")
        return frozenset(word for path in paths for word in self.code.words_of_file(path))

    def is_at_hand(self, name: str) -> bool:
        """Tell whether a name stands in a file that the gold or the model patch touches."""
        return name in self._words_at_hand

    def anchors(self, cited: Iterable[Cited]) -> Anchors:
        """Return what tells the state of the citations (three queries at most)."""
        return anchors_for(self.trajectory, cited)


def facts_of(trajectory: Trajectory, *, is_blind: bool = False) -> Facts:
    """Return the evidence that an annotation of the trajectory speaks of."""
    return Facts(trajectory, is_blind)
