"""What is said of the whole annotation, as it is posted."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from annotator.covers import BadCovers, parse_covers
from annotator.models import Judgement
from annotator.overview import (
    OVERVIEW,
    TESTS_FAIR,
    WELL_SPECIFIED,
    Difficulty,
    Exit,
    Explains,
    TaskKind,
)
from annotator.posted import MOST_TEXT_CHARS, unix
from annotator.services.whole import JUDGEMENT

# What is said of a step beside its judgement.
DECISIVE = ("decisive", "not_decisive", "toggle_decisive")


def _text() -> forms.CharField:
    return forms.CharField(max_length=MOST_TEXT_CHARS, strip=False, required=False)


class OverviewForm(forms.Form):
    """Only the fields that were sent are changed."""

    version = forms.IntegerField(min_value=1)
    task_kind = forms.ChoiceField(choices=TaskKind.choices, required=False)
    strategy = _text()
    explains = forms.ChoiceField(choices=Explains.choices, required=False)
    difficulty = forms.ChoiceField(choices=Difficulty.choices, required=False)
    exit = forms.ChoiceField(choices=Exit.choices, required=False)
    exit_reason = _text()
    well_specified_score = forms.TypedChoiceField(
        choices=WELL_SPECIFIED, coerce=int, empty_value=None, required=False
    )
    well_specified_reason = _text()
    tests_fair_score = forms.TypedChoiceField(
        choices=TESTS_FAIR, coerce=int, empty_value=None, required=False
    )
    tests_fair_reason = _text()

    @property
    def values(self) -> dict[str, Any]:
        """The fields that were sent, cleaned."""
        sent = {name: self.cleaned_data[name] for name in OVERVIEW if name in self.data}
        return {
            name: unix(value) if isinstance(value, str) else value for name, value in sent.items()
        }


class StepsForm(forms.Form):
    """Trajectory steps, as `1-3, 5`."""

    steps = forms.CharField(max_length=2000)

    def __init__(self, data: QueryDict, *, n_steps: int) -> None:
        super().__init__(data)
        self._n_steps = n_steps

    def clean_steps(self) -> list[int]:
        try:
            return parse_covers(self.cleaned_data["steps"], self._n_steps)
        except BadCovers as error:
            raise ValidationError(str(error)) from error


class JudgeForm(StepsForm):
    """A run of the trajectory's steps and what they were worth, or whether they decided it.

    Empty: not judged.
    """

    judgement = forms.ChoiceField(
        choices=[(value, value) for value in ("", *Judgement.values, *DECISIVE)], required=False
    )


class JudgementForm(forms.Form):
    """What is said of one judged step of the trajectory."""

    version = forms.IntegerField(min_value=1)
    step = forms.IntegerField(min_value=1)
    judgement = forms.ChoiceField(choices=Judgement.choices)
    misstep = forms.CharField(max_length=60, required=False)
    should_have = _text()
    is_decisive = forms.BooleanField(required=False)

    @property
    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        judged = {name: data[name] for name in ("judgement", "misstep", "is_decisive")}
        return {f"{JUDGEMENT}{data['step']}": {**judged, "should_have": unix(data["should_have"])}}


class WaiverForm(forms.Form):
    """A finding that is let stand, and why; without a reason the waiver is taken back."""

    check_id = forms.CharField(max_length=60)
    place = forms.CharField(max_length=2500, strip=False)
    reason = forms.CharField(max_length=2000, required=False)
