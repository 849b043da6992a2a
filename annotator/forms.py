"""Everything that is posted to the annotator's room, parsed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html

from annotator.checks import ALL_CHECKS
from annotator.citations.targets import CannotCite, Target, read_target
from annotator.models import BatchPolicy, CitationKind, ReasoningKind
from annotator.posted import MOST_TEXT_CHARS, NOT_JSON, unix


class BatchPolicyForm(forms.ModelForm[BatchPolicy]):
    class Meta:
        model = BatchPolicy
        fields = (
            "overlap",
            "blind_first",
            "due_on",
            "idle_minutes",
            "schema_version",
            "guideline",
        )
        labels = {
            "schema_version": "A submission holds",
            "blind_first": "Blind first",
            "due_on": "Due on",
            "idle_minutes": "Idle after (minutes)",
            "overlap": "Annotators per trajectory",
            "guideline": "Guideline (Markdown)",
        }
        help_texts = {
            "blind_first": "Gold patch, hints and verdicts stay hidden until a first diagnosis.",
            "overlap": "",
            "idle_minutes": "A shorter pause in use counts as reading. After a longer one the "
            "person is asked whether they were working.",
            "guideline": "Annotators see it on the page of the batch.",
        }
        widgets = {"due_on": forms.DateInput(attrs={"type": "date"})}

    checks_off = forms.MultipleChoiceField(
        label="Checks that are off",
        choices=[],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What is ticked is not checked in this batch.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["schema_version"].required = False
        self.fields["idle_minutes"].required = False
        off = self.fields["checks_off"]
        assert isinstance(off, forms.MultipleChoiceField)
        label = '<span>{}<br><span class="soft">{}</span></span>'
        off.choices = [
            (check.id, format_html(label, check.title, check.tells)) for check in ALL_CHECKS
        ]
        off.initial = [check for check, is_on in self.instance.checks.items() if not is_on]

    def clean_schema_version(self) -> int:
        return self.cleaned_data["schema_version"] or self.instance.schema_version

    def clean_idle_minutes(self) -> int:
        minutes = self.cleaned_data["idle_minutes"]
        return self.instance.idle_minutes if minutes is None else minutes

    def save(self, commit: bool = True) -> BatchPolicy:
        self.instance.checks = dict.fromkeys(self.cleaned_data["checks_off"], False)
        return super().save(commit)


class NewStepForm(forms.Form):
    kind = forms.ChoiceField(choices=ReasoningKind.choices)


class MoveForm(forms.Form):
    """By an offset along the chain, or to a place counted from 1."""

    offset = forms.TypedChoiceField(
        choices=[(-1, "up"), (1, "down")], coerce=int, required=False, empty_value=None
    )
    place = forms.IntegerField(min_value=1, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and data.get("offset") is None and data.get("place") is None:
            raise ValidationError("Say where to move the step.")
        return data


class SplitForm(forms.Form):
    """Where the rationale is split: characters before the caret; by default its first paragraph."""

    at = forms.IntegerField(min_value=0, required=False)


class CompletionForm(forms.Form):
    """What was typed after `@`, and the reasoning step that it was typed in."""

    q = forms.CharField(max_length=200, required=False)
    step = forms.CharField(max_length=36, required=False)


class MentionForm(forms.Form):
    """What was chosen of what `@` offers."""

    kind = forms.ChoiceField(choices=[(kind, kind) for kind in ("file", "symbol", "test", "step")])
    value = forms.CharField(max_length=2000)


class VersionForm(forms.Form):
    """Which version of a reasoning step is brought back."""

    version = forms.IntegerField(min_value=1)


class PreviewForm(forms.Form):
    """A rationale as it is typed."""

    rationale = forms.CharField(max_length=MOST_TEXT_CHARS, strip=False, required=False)


class DiagnosisForm(forms.Form):
    """`base` is the text that `first_diagnosis` was written on top of, where it is sent."""

    first_diagnosis = forms.CharField(max_length=MOST_TEXT_CHARS, strip=False, required=False)
    base = forms.CharField(strip=False, required=False)
    commit = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["first_diagnosis"] = unix(data.get("first_diagnosis", ""))
        data["base"] = unix(data.get("base", "")) if "base" in self.data else None
        if data.get("commit") and not data["first_diagnosis"].strip():
            raise ValidationError("Write what you think is wrong and what to do, then commit.")
        return data


class TargetField(forms.JSONField):
    """JSON, however hostile: what cannot be read is invalid."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except NOT_JSON:
            raise ValidationError("The selection does not say where it was made.") from None


class CitationForm(forms.Form):
    kind = forms.ChoiceField(choices=CitationKind.choices)
    # The is empty, which a required field would refuse.
    target = TargetField(required=False)
    quote = forms.CharField(max_length=20_000, strip=False, required=False)
    before = forms.CharField(max_length=1000, strip=False, required=False)
    after = forms.CharField(max_length=1000, strip=False, required=False)
    step = forms.UUIDField(required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        raw = data["target"] or {}
        if not isinstance(raw, dict):
            raise ValidationError("The selection does not say where it was made.")
        try:
            target: Target = read_target(data["kind"], raw)
        except CannotCite as error:
            raise ValidationError(str(error)) from error
        return {**data, "target": target}
