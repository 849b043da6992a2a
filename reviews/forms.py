"""Parse what reviewers and admins send."""

from __future__ import annotations

from typing import Any

from django import forms

from reviews.models import Verdict
from reviews.services.rubrics import Criterion
from trajectories.models import Batch
from trajectories.text import storable

BODY_CHARS = 20_000
MAX_QUESTIONS = 20
QUESTION_CHARS = 300


class StorableTextField(forms.CharField):
    """A text that PostgreSQL can hold: a pasted NUL is shown rather than refused."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.Textarea, max_length=BODY_CHARS, **options)

    def to_python(self, value: Any) -> str:
        text = storable(value) if isinstance(value, str) else value
        return super().to_python(text) or ""


class QueueFilterForm(forms.Form):
    """The filter of the queue; an unknown batch shows them all."""

    batch = forms.ModelChoiceField(
        Batch.objects.order_by("title"), to_field_name="slug", required=False, empty_label="all"
    )


class CommentForm(forms.Form):
    body = StorableTextField(
        error_messages={"required": "Write the comment first; Markdown is understood."}
    )

    @property
    def refused_body(self) -> str:
        """What was written, to be shown again."""
        return str(self.data.get("body", ""))

    @property
    def why_refused(self) -> str:
        return " ".join(str(error) for error in self.errors.get("body", [])) or (
            "This place cannot be commented; reload the page."
        )


class ShownOnForm(forms.Form):
    """The submission on whose page a thread was answered or resolved, if it was one."""

    submission = forms.IntegerField(required=False)


class ThreadForm(CommentForm):
    """A new thread; the anchor's uids are checked against the submission by the service."""

    is_blocking = forms.BooleanField(required=False)
    reasoning_step_uid = forms.UUIDField(required=False)
    citation_uid = forms.UUIDField(required=False)


class ReviewForm(forms.Form):
    """Verdict, summary, and one yes-or-no answer for each criterion of the rubric."""

    verdict = forms.ChoiceField(
        choices=Verdict.choices,
        error_messages={"required": "Choose approve, request changes or reject."},
    )
    summary = StorableTextField(required=False)

    def __init__(self, *args: Any, criteria: list[Criterion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.criteria = criteria
        for criterion in criteria:
            self.fields[f"score-{criterion.id}"] = forms.ChoiceField(
                label=criterion.question,
                choices=[("yes", "Yes"), ("no", "No")],
                widget=forms.RadioSelect,
                error_messages={"required": "Answer yes or no."},
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        needs_summary = data.get("verdict") in (Verdict.REQUEST_CHANGES, Verdict.REJECT)
        if needs_summary and not data.get("summary", "").strip():
            self.add_error("summary", "Say what has to change, or why it is rejected.")
        return data

    def scores(self) -> dict[str, bool]:
        return {
            criterion.id: self.cleaned_data[f"score-{criterion.id}"] == "yes"
            for criterion in self.criteria
        }

    def rubric_fields(self) -> list[forms.BoundField]:
        return [self[f"score-{criterion.id}"] for criterion in self.criteria]


class RubricForm(forms.Form):
    """The questions of a rubric, one on each line."""

    questions = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text="One question on each line, to be answered yes or no. Ask for facts that two "
        "reviewers would see alike. Changed words make a new question; answers already given "
        "keep the old one.",
    )

    def clean_questions(self) -> list[str]:
        text = storable(self.cleaned_data["questions"])
        lines = list(dict.fromkeys(" ".join(line.split()) for line in text.splitlines()))
        questions = [line for line in lines if line]
        if not questions:
            raise forms.ValidationError("Ask at least one question.")
        if len(questions) > MAX_QUESTIONS:
            raise forms.ValidationError(f"Ask at most {MAX_QUESTIONS} questions.")
        for number, question in enumerate(questions, start=1):
            if len(question) > QUESTION_CHARS:
                raise forms.ValidationError(
                    f"Question {number} is longer than {QUESTION_CHARS} characters; shorten it."
                )
        return questions
