"""Forms of the loading page and of the fragments' query strings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from trajectories.contexts.ribbon import MEASURES
from trajectories.excerpts import Span
from trajectories.models import Batch, StepKind, Trajectory
from trajectories.querysets import TrajectoryQuerySet

MAX_UPLOAD_BYTES = 1024**3
TASKS, TRAJECTORIES = "tasks", "trajectories"


# Beside the kinds of step: those that failed, of whatever kind.
FAILED = ("failed", "Failed")


class OutlineForm(forms.Form):
    """What the list of steps shows; a value that makes no sense counts as none."""

    step = forms.IntegerField(required=False, min_value=1, max_value=10_000_000)
    first = forms.IntegerField(required=False, min_value=1, max_value=10_000_000)
    last = forms.IntegerField(required=False, min_value=1, max_value=10_000_000)
    kind = forms.ChoiceField(required=False, choices=[*StepKind.choices, FAILED])
    touch = forms.CharField(required=False, max_length=500)
    find = forms.CharField(required=False, max_length=200)
    ribbon = forms.ChoiceField(required=False, choices=[(name, name) for name in MEASURES])
    column = forms.ChoiceField(required=False, choices=[("a", "a"), ("b", "b")])


class SearchForm(forms.Form):
    """Where the search across trajectories looks; the text itself may be anything."""

    batch = forms.SlugField(required=False, max_length=100)
    after = forms.RegexField(r"\A\d{1,9}\.\d{1,9}\Z", required=False)


class GapForm(forms.Form):
    """Which rows of a long text to open (from 1, inclusive), and which of them at once."""

    first = forms.IntegerField(min_value=1, max_value=100_000_000)
    last = forms.IntegerField(min_value=1, max_value=100_000_000)
    take = forms.ChoiceField(choices=[(take, take) for take in ("next", "previous", "all")])
    number = forms.IntegerField(required=False, min_value=0, max_value=100)

    @property
    def gap(self) -> Span:
        return Span(self.cleaned_data["first"] - 1, self.cleaned_data["last"])


class BesideForm(forms.Form):
    """Two attempts at one task, of `attempts`, in the order of the list."""

    of = forms.ModelMultipleChoiceField(queryset=Trajectory.objects.none())

    def __init__(self, data: QueryDict, *, attempts: TrajectoryQuerySet) -> None:
        super().__init__(data)
        field = self.fields["of"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = attempts.order_by("pk")

    def clean_of(self) -> list[Trajectory]:
        chosen = list(self.cleaned_data["of"])
        if len(chosen) != 2:
            raise forms.ValidationError("Choose two attempts.")
        return chosen


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """A file field that takes one file or more, and returns a list."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        single = super().clean
        files = data if isinstance(data, list | tuple) else [data]
        if not files:
            files = [None]
        return [single(file, initial) for file in files]


class LoadForm(forms.Form):
    """What to load, and into which batch."""

    kind = forms.ChoiceField(
        label="The files hold",
        choices=[(TASKS, "Tasks: SWE-bench rows"), (TRAJECTORIES, "Trajectories of agents")],
        widget=forms.RadioSelect,
        initial=TASKS,
    )
    batch = forms.SlugField(
        label="Batch",
        max_length=100,
        help_text="The slug of a batch; a new one is made if there is none of this name.",
        widget=forms.TextInput(attrs={"list": "batch-slugs", "autocomplete": "off"}),
    )
    dataset = forms.CharField(
        label="Data set",
        max_length=200,
        required=False,
        help_text="For tasks: what the rows are from. The file's name if it is left empty.",
    )
    uploads = ManyFilesField(
        label="Files",
        allow_empty_file=True,
        help_text="JSON Lines, a JSON array or Parquet for tasks; .traj and .traj.json for "
        "trajectories. Drop several at once.",
    )

    @property
    def batch_slugs(self) -> list[str]:
        """The batches that exist, to choose from."""
        return list(Batch.objects.order_by("slug").values_list("slug", flat=True)[:500])

    def clean_uploads(self) -> list[UploadedFile[Any]]:
        files: list[UploadedFile[Any]] = self.cleaned_data["uploads"]
        total = sum(file.size or 0 for file in files)
        if total > MAX_UPLOAD_BYTES:
            raise forms.ValidationError(
                f"These files have {total // 1024**2} MiB together; one upload takes "
                f"{MAX_UPLOAD_BYTES // 1024**2}. Use `manage.py load_trajectories` on the server."
            )
        return files
