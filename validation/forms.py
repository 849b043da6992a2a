"""Forms of the pages about runs."""

from __future__ import annotations

from django import forms

MAX_PASTED = 1_000_000


class RecipesForm(forms.Form):
    """Recipes as load_recipes reads them from a file."""

    text = forms.CharField(
        label="Recipes",
        max_length=MAX_PASTED,
        widget=forms.Textarea(
            attrs={"rows": 8, "class": "code", "spellcheck": "false", "autocomplete": "off"}
        ),
        help_text="One JSON object a line, or an array of them, each for an instance_id or for a"
        " repo and version. What had a recipe gets the new one.",
    )
