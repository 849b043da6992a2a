from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from reviews.views import exports, rubrics, submissions, threads

app_name = "reviews"

# /reviews/submissions/<pk>/
submission_urls = [
    path("", submissions.submission, name="submission"),
    path("findings/", submissions.findings, name="findings"),
    path("review/", submissions.publish, name="publish"),
    path("threads/", threads.open_thread, name="open-thread"),
]

# /reviews/threads/<pk>/
thread_urls = [
    path("replies/", threads.reply, name="reply"),
    path("resolve/", threads.resolve, name="resolve"),
    path("reopen/", threads.reopen, name="reopen"),
]

# /reviews/
review_urls: list[URLPattern | URLResolver] = [
    path("", submissions.queue, name="queue"),
    path("submissions/<int:pk>/", include(submission_urls)),
    path("threads/<int:pk>/", include(thread_urls)),
]

# /batches/<slug>/
batch_urls = [
    path("rubric/", rubrics.rubric, name="rubric"),
    path("export/", exports.export, name="export"),
]

# /exports/<pk>/
export_urls = [
    path("", exports.export_row, name="export-row"),
    path("download/", exports.download, name="download"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("reviews/", include(review_urls)),
    path("batches/<slug:slug>/", include(batch_urls)),
    path("exports/<int:pk>/", include(export_urls)),
]
