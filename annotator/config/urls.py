"""The site's addresses: one include per room."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("trajectories.urls")),
    path("", include("validation.urls")),
    path("", include("annotator.urls")),
    path("", include("reviews.urls")),
]
