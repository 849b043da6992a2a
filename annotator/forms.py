"""Everything that is posted to the annotator's room, parsed."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from annotator.citations.targets import CannotCite, Target, read_target
from annotator.covers import BadCovers, parse_covers
from annotator.models import BatchPolicy, CitationKind, Judgement, ReasoningKind
from annotator.services.editing import FIELDS
from trajectories.text import storable_json

MOST_OPTIONS = 20
MOST_TEXT_CHARS = 100_000
CHANGED_ON_ITS_WAY = "This form was changed on its way; reload the page."
# What json.loads raises: numbers of thousands of digits are a ValueError, deep nesting the other.
NOT_JSON = (ValueError, RecursionError)


class BatchPolicyForm(forms.ModelForm[BatchPolicy]):
    class Meta:
        model = BatchPolicy
        fields = ("overlap", "blind_first", "due_on", "guideline")
        labels = {
            "blind_first": "Blind first",
            "due_on": "Due on",
            "overlap": "Annotators per trajectory",
            "guideline": "Guideline (Markdown)",
        }
        help_texts = {
            "blind_first": "Gold patch, hints and verdicts stay hidden until a first diagnosis.",
            "overlap": "",
            "guideline": "Annotators see it on the page of the batch.",
        }
        widgets = {"due_on": forms.DateInput(attrs={"type": "date"})}


class NewStepForm(forms.Form):
    kind = forms.ChoiceField(choices=ReasoningKind.choices)


class MoveForm(forms.Form):
    offset = forms.TypedChoiceField(choices=[(-1, "up"), (1, "down")], coerce=int)


class DiagnosisForm(forms.Form):
    """`base` is the text that `first_diagnosis` was written on top of, where it is sent."""

    first_diagnosis = forms.CharField(max_length=MOST_TEXT_CHARS, strip=False, required=False)
    base = forms.CharField(strip=False, required=False)
    commit = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["first_diagnosis"] = _unix(data.get("first_diagnosis", ""))
        data["base"] = _unix(data.get("base", "")) if "base" in self.data else None
        if data.get("commit") and not data["first_diagnosis"].strip():
            raise ValidationError("Write what you think is wrong and what to do, then commit.")
        return data


class ReasoningStepForm(forms.Form):
    """A save of one reasoning step: only the fields that were sent are changed.

    Options come as parallel lists (`option_title`, `option_for`, `option_against`, and the index
    in `option_chosen`), covers as text with a `judgement-N` per step; or either as JSON.
    """

    version = forms.IntegerField(min_value=1)
    kind = forms.ChoiceField(choices=ReasoningKind.choices, required=False)
    claim = forms.CharField(max_length=500, required=False)
    rationale = forms.CharField(max_length=MOST_TEXT_CHARS, strip=False, required=False)
    covers = forms.CharField(max_length=2000, required=False)

    data: QueryDict

    def __init__(self, data: QueryDict, *, n_steps: int) -> None:
        super().__init__(data)
        self._n_steps = n_steps

    def clean_claim(self) -> str:
        return " ".join(str(self.cleaned_data["claim"]).split())

    def clean_rationale(self) -> str:
        return _unix(self.cleaned_data["rationale"])

    def clean_covers(self) -> list[dict[str, object]]:
        if "covers_json" in self.data:
            rows = self._json("covers_json", {"step": int, "judgement": str})
            if not all(self._is_cover(row) for row in rows):
                raise ValidationError(CHANGED_ON_ITS_WAY)
            return rows
        try:
            numbers = parse_covers(self.cleaned_data["covers"], self._n_steps)
        except BadCovers as error:
            raise ValidationError(str(error)) from error
        return [{"step": number, "judgement": self._judgement(number)} for number in numbers]

    def _is_cover(self, row: dict[str, Any]) -> bool:
        return 1 <= row["step"] <= self._n_steps and row["judgement"] in ("", *Judgement.values)

    def _judgement(self, number: int) -> str:
        value = self.data.get(f"judgement-{number}", "")
        return value if value in Judgement.values else ""

    def _options(self) -> list[dict[str, object]]:
        if "options_json" in self.data:
            return self._json(
                "options_json", {"title": str, "for": str, "against": str, "chosen": bool}
            )
        columns = [self.data.getlist(f"option_{name}") for name in ("title", "for", "against")]
        chosen = self.data.get("option_chosen", "")
        rows = [
            {"title": title, "for": pro, "against": against, "chosen": str(place) == chosen}
            for place, (title, pro, against) in enumerate(zip(*columns, strict=False))
        ]
        return [row for row in rows if any((row["title"], row["for"], row["against"]))]

    def _json(self, name: str, shape: dict[str, type]) -> list[dict[str, object]]:
        try:
            rows = storable_json(json.loads(str(self.data[name])))
        except NOT_JSON:
            rows = None
        if not isinstance(rows, list) or not all(_fits(row, shape) for row in rows):
            raise ValidationError(CHANGED_ON_ITS_WAY)
        return rows

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "options_sent" in self.data or "options_json" in self.data:
            options = self._options()
            if len(options) > MOST_OPTIONS:
                raise ValidationError(f"A decision holds {MOST_OPTIONS} options at most.")
            if any(len(str(value)) > MOST_TEXT_CHARS for row in options for value in row.values()):
                raise ValidationError("An option is too long.")
            data["options"] = [_clean_option(row) for row in options]
        return data

    @property
    def values(self) -> dict[str, Any]:
        """The fields that were sent, cleaned."""
        sent = set(self.data)
        sent |= {"options"} if "options" in self.cleaned_data else set()
        sent |= {"covers"} if "covers_json" in self.data else set()
        return {name: self.cleaned_data[name] for name in FIELDS if name in sent}


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


def _clean_option(row: dict[str, object]) -> dict[str, object]:
    return {
        "title": " ".join(_unix(str(row["title"])).split()),
        "for": _unix(str(row["for"])).strip(),
        "against": _unix(str(row["against"])).strip(),
        "chosen": bool(row["chosen"]),
    }


def _fits(row: object, shape: dict[str, type]) -> bool:
    return (
        isinstance(row, dict)
        and row.keys() == shape.keys()
        and all(type(row[name]) is kind for name, kind in shape.items())
    )


def _unix(text: str) -> str:
    """Return what was typed: a browser sends line ends as CRLF. PostgreSQL refuses NUL."""
    return text.replace("\r\n", "\n").replace("\0", "")
