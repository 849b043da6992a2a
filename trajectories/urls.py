from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from trajectories.views import diffs, files, loading, repositories, search, steps

app_name = "trajectories"

# /load/
load_urls = [
    path("", loading.load, name="load"),
    path("<int:pk>/", loading.load_result, name="load-result"),
]

# /trajectories/<pk>/steps/
step_urls = [
    path("", steps.outline, name="outline"),
    path("<int:number>/", steps.step, name="step"),
    path("<int:number>/images/<slug:sha256>/", steps.step_image, name="step-image"),
    path("<int:number>/<slug:part>/", steps.step_part, name="step-part"),
]

# /trajectories/<pk>/
trajectory_urls: list[URLPattern | URLResolver] = [
    path("steps/", include(step_urls)),
    path("search/", steps.search, name="search"),
    path("issue/", steps.issue, name="issue"),
    path("diff/<slug:which>/", diffs.diff, name="diff"),
    path("diff/<slug:which>/file/", diffs.diff_file, name="diff-file"),
    path("diff/<slug:which>/file/context/", diffs.diff_hunk, name="diff-context"),
    path("diff/<slug:which>/file/seen/", diffs.diff_seen, name="diff-seen"),
    path("files/<slug:tree>/", files.files, name="files"),
    path("files/<slug:tree>/outline/", files.outline, name="files-outline"),
    path("files/<slug:tree>/paths/", files.paths, name="files-paths"),
]

urlpatterns = [
    path("load/", include(load_urls)),
    path("search/", search.search_all, name="search-all"),
    path("trajectories/<int:pk>/", include(trajectory_urls)),
    path("repositories/<int:pk>/fetch/", repositories.fetch_repository, name="fetch-repository"),
]
