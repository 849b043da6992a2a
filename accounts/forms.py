from __future__ import annotations

from django import forms

from accounts.models import User


class PersonForm(forms.ModelForm[User]):
    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "role")
        labels = {"username": "User name"}
        help_texts = {"username": "Letters, digits and @ . + - _"}
