"""A save of one reasoning step, as it is posted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from annotator.covers import BadCovers, parse_covers
from annotator.details import CONSIDERED_BY, EXPERIMENT_BASES, HYPOTHESIS_OUTCOMES
from annotator.hunks import read_hunk
from annotator.models import ReasoningKind, Relation
from annotator.posted import CHANGED_ON_ITS_WAY, MOST_TEXT_CHARS, NOT_JSON, unix
from annotator.step_fields import FIELDS, LISTS
from trajectories.text import storable_json

MOST_OPTIONS = 20
MOST_ROWS = 200
_UID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

Rows = list[Any]


def _text(max_length: int = MOST_TEXT_CHARS) -> forms.CharField:
    return forms.CharField(max_length=max_length, strip=False, required=False)


def _choice(values: Sequence[str]) -> forms.ChoiceField:
    return forms.ChoiceField(choices=[(value, value) for value in ("", *values)], required=False)


class ReasoningStepForm(forms.Form):
    """Only the fields that were sent are changed.

    Lists come as the page has them (options and relations as parallel lists, covered steps as
    `1-3, 5`, tests a line each, hunks as ticked boxes), or as JSON in `<field>_json`.
    """

    version = forms.IntegerField(min_value=1)
    kind = forms.ChoiceField(choices=ReasoningKind.choices, required=False)
    claim = forms.CharField(max_length=500, required=False)
    rationale = _text()
    covers = forms.CharField(max_length=2000, required=False)
    test = _text()
    outcome = _choice(HYPOTHESIS_OUTCOMES)
    settled_by = forms.RegexField(f"^({_UID})?$", required=False)
    stands_on = _choice(EXPERIMENT_BASES)
    expected = _text()
    question = forms.CharField(max_length=1000, required=False)
    also_changed = _text()
    does_not_show = _text()
    visible_from = forms.IntegerField(min_value=1, required=False)
    cost_steps = forms.IntegerField(min_value=0, max_value=1_000_000, required=False)
    instead = _text()
    elsewhere = _text()
    tests = _text()

    data: QueryDict

    def __init__(
        self,
        data: QueryDict,
        *,
        n_steps: Callable[[], int],
        citation_uids: Callable[[], Sequence[str]],
    ) -> None:
        """Both are asked only where they are needed; options count citations as 1, 2, 3."""
        fields = self.base_fields.items()
        self.base_fields = {  # type: ignore[misc]
            name: field for name, field in fields if name in {*data, "version"}
        }
        super().__init__(data)
        self._n_steps = n_steps
        self._citation_uids = citation_uids

    # --- single fields ----------------------------------------------------------------------------

    def clean_claim(self) -> str:
        return " ".join(str(self.cleaned_data["claim"]).split())

    def clean_question(self) -> str:
        return " ".join(str(self.cleaned_data["question"]).split())

    def clean_covers(self) -> list[int]:
        return self._steps(self.cleaned_data["covers"])

    def clean_visible_from(self) -> int | None:
        step: int | None = self.cleaned_data["visible_from"]
        if step is not None and step > (n_steps := self._n_steps()):
            raise ValidationError(f"The trajectory has the steps 1 to {n_steps}.")
        return step

    def clean_tests(self) -> list[str]:
        lines = (line.strip() for line in self.cleaned_data["tests"].splitlines())
        return list(dict.fromkeys(line for line in lines if line))[:MOST_ROWS]

    def _steps(self, text: str) -> list[int]:
        if not text.strip():
            return []
        try:
            return parse_covers(text, self._n_steps())
        except BadCovers as error:
            raise ValidationError(str(error)) from error

    # --- lists ------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in FIELDS:
            if isinstance(data.get(name), str):
                data[name] = unix(data[name])
        readers: dict[str, Callable[[], Rows]] = {
            "options": self._options,
            "relations": self._relations,
            "hunks": self._hunks,
        }
        for name in LISTS:
            if f"{name}_json" in self.data:
                data[name] = self._checked(name, self._json(f"{name}_json"))
            elif f"{name}_sent" in self.data:
                data[name] = self._checked(name, readers[name]())
        return data

    def _options(self) -> Rows:
        names = ("title", "for", "against", "considered_by", "evidence")
        columns = [self.data.getlist(f"option_{name}") for name in names]
        chosen = self.data.get("option_chosen", "")
        rows = [
            {**dict(zip(names, row, strict=True)), "chosen": str(place) == chosen}
            for place, row in enumerate(zip_longest(*columns, fillvalue=""))
        ]
        for row in rows:
            row["evidence"] = self._evidence(str(row["evidence"]))
        return [row for row in rows if any((row["title"], row["for"], row["against"]))]

    def _evidence(self, text: str) -> list[str]:
        """Return the citations that `1, 3` counts on the card."""
        if not text.strip():
            return []
        uids = self._citation_uids()
        try:
            numbers = parse_covers(text, len(uids))
        except BadCovers as error:
            n = len(uids)
            hint = f"this step has {n} citation{'' if n == 1 else 's'}; write their numbers: 1, 2"
            raise ValidationError(f"Evidence “{text[:30]}”: {hint}.") from error
        return [uids[number - 1] for number in numbers]

    def _relations(self) -> Rows:
        types, targets = self.data.getlist("relation_type"), self.data.getlist("relation_to")
        rows = ({"type": kind, "to": to} for kind, to in zip(types, targets, strict=False) if to)
        return [dict(row) for row in {tuple(row.items()): row for row in rows}.values()]

    def _hunks(self) -> Rows:
        return [read_hunk(key) for key in self.data.getlist("hunk")]

    def _json(self, name: str) -> Rows:
        try:
            rows = storable_json(json.loads(str(self.data[name])))
        except NOT_JSON:
            rows = None
        if not isinstance(rows, list):
            raise ValidationError(CHANGED_ON_ITS_WAY)
        return rows

    def _checked(self, name: str, rows: Rows) -> Rows:
        if name == "options":
            rows = [{**_NEW_IN_3, **row} if isinstance(row, dict) else row for row in rows]
        if len(rows) > (MOST_OPTIONS if name == "options" else MOST_ROWS):
            raise ValidationError(f"Too many {name}; {MOST_OPTIONS} options at most.")
        if not all(_FITS[name](row) for row in rows):
            raise ValidationError(CHANGED_ON_ITS_WAY)
        if name == "covers":
            return self._steps(", ".join(map(str, rows)))
        return [_clean_option(row) for row in rows] if name == "options" else rows

    @property
    def values(self) -> dict[str, Any]:
        """The fields that were sent, cleaned."""
        sent = {name.removesuffix("_json").removesuffix("_sent") for name in self.data}
        sent &= set(FIELDS)
        return {name: value for name, value in self.cleaned_data.items() if name in sent}


# What options of the first versions of the schema lack.
_NEW_IN_3: Mapping[str, Any] = {"considered_by": "", "evidence": []}
_OPTION = {
    "title": str,
    "for": str,
    "against": str,
    "considered_by": str,
    "chosen": bool,
    "evidence": list,
}


def _is_option(row: Any) -> bool:
    return (
        _has_shape(row, _OPTION)
        and row["considered_by"] in ("", *CONSIDERED_BY)
        and all(isinstance(uid, str) for uid in row["evidence"])
        and all(len(str(value)) <= MOST_TEXT_CHARS for value in row.values())
    )


def _is_relation(row: Any) -> bool:
    return _has_shape(row, {"type": str, "to": str}) and row["type"] in Relation.values


_HUNK = {
    "which": str,
    "path": str,
    "old_start": int,
    "old_count": int,
    "new_start": int,
    "new_count": int,
}
_FITS: Mapping[str, Callable[[Any], bool]] = {
    "options": _is_option,
    "relations": _is_relation,
    "hunks": lambda row: _has_shape(row, _HUNK) and row["which"] in ("gold", "model"),
    "covers": lambda row: type(row) is int,
    "tests": lambda row: isinstance(row, str) and 0 < len(row) <= 2000,
}


def _has_shape(row: Any, shape: Mapping[str, type]) -> bool:
    return (
        isinstance(row, dict)
        and row.keys() == shape.keys()
        and all(type(row[name]) is kind for name, kind in shape.items())
    )


def _clean_option(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": " ".join(unix(row["title"]).split()),
        "for": unix(row["for"]).strip(),
        "against": unix(row["against"]).strip(),
        "considered_by": row["considered_by"],
        "chosen": row["chosen"],
        "evidence": row["evidence"],
    }
