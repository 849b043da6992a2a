from __future__ import annotations

from django.urls import include, path

from annotator.views import (
    batches,
    checks,
    histories,
    probes,
    reasoning,
    restructuring,
    times,
    whole,
    workspace,
    writing,
)

app_name = "annotator"

# /batches/
batch_urls = [
    path("", batches.batch_list, name="batch-list"),
    path("<slug:slug>/", batches.batch, name="batch"),
    path("<slug:slug>/policy/", batches.policy, name="policy"),
    path("<slug:slug>/admit/", batches.admit, name="admit"),
    path("<slug:slug>/claim/", batches.claim, name="claim"),
]

# /assignments/<pk>/
assignment_urls = [
    path("", workspace.workspace, name="workspace"),
    path("release/", batches.release, name="release"),
    path("reasoning/", reasoning.column, name="reasoning"),
    path("submit/", workspace.submit, name="submit"),
    path("findings/", checks.findings, name="findings"),
    path("test-ids/", probes.test_ids, name="test-ids"),
    path("complete/", writing.complete, name="complete"),
    path("beat/", times.beat, name="beat"),
    path("time/", times.assignment_time, name="time"),
    path("time/claim/", times.claim, name="time-claim"),
    path("time/add/", times.add, name="time-add"),
]

# /time/<pk>/
time_urls = [
    path("correct/", times.correct, name="time-correct"),
    path("decide/", times.decide, name="time-decide"),
]

# /annotations/<pk>/
annotation_urls = [
    path("steps/", reasoning.add, name="step-add"),
    path("citations/", reasoning.cite, name="cite"),
    path("diagnosis/", reasoning.diagnosis, name="diagnosis"),
    path("overview/", whole.overview, name="overview"),
    path("judge/", whole.judge, name="judge"),
    path("judgement/", whole.judgement, name="judgement"),
    path("waive/", checks.waive, name="waive"),
    path("undo/", whole.undo, name="undo"),
    path("redo/", whole.redo, name="redo"),
]

# /reasoning/<uid>/
reasoning_urls = [
    path("", reasoning.save, name="step-save"),
    path("preview/", writing.preview, name="step-preview"),
    path("move/", reasoning.move, name="step-move"),
    path("history/", histories.history, name="step-history"),
    path("bring-back/", histories.bring_back, name="step-bring-back"),
    path("mention/", writing.mention, name="step-mention"),
    path("split/", restructuring.split, name="step-split"),
    path("merge/", restructuring.merge, name="step-merge"),
    path("delete/", reasoning.delete, name="step-delete"),
    path("restore/", reasoning.restore, name="step-restore"),
    path("check/", probes.check, name="step-check"),
]

# /checks/<uid of a probe>/
check_urls = [
    path("remove/", probes.remove, name="probe-remove"),
    path("restore/", probes.restore, name="probe-restore"),
]

# /citations/<uid>/
citation_urls = [
    path("remove/", reasoning.uncite, name="citation-remove"),
    path("restore/", reasoning.recite, name="citation-restore"),
    path("reanchor/", reasoning.reanchor, name="citation-reanchor"),
]

urlpatterns = [
    path("", batches.home, name="home"),
    path("batches/", include(batch_urls)),
    path("assignments/<int:pk>/", include(assignment_urls)),
    path("time/", times.my_time, name="my-time"),
    path("time/<int:pk>/", include(time_urls)),
    path("annotations/<int:pk>/", include(annotation_urls)),
    path("reasoning/<uuid:uid>/", include(reasoning_urls)),
    path("citations/<uuid:uid>/", include(citation_urls)),
    path("checks/<uuid:uid>/", include(check_urls)),
]
