"""Pages and fragments of runs."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import reswap, trigger_client_event

from accounts.access import require_role
from accounts.http import AuthenticatedHttpRequest
from trajectories.access import get_task, get_trajectory, sight_of
from trajectories.contexts.compare import (
    COLUMNS,
    ColumnName,
    DifferentTasks,
    column_named,
    compared_context,
    get_pair,
    other_attempts,
    side_context,
)
from trajectories.contexts.evidence import evidence_context, positive
from trajectories.contexts.outline import outline_context, outline_query
from trajectories.forms import BesideForm
from trajectories.models import Trajectory
from trajectories.pages import show_in_address
from validation.access import get_run, get_run_to_read, get_trajectory_to_validate
from validation.contexts import (
    LogWish,
    Selection,
    gap_context,
    output_context,
    revision_to_test,
    run_context,
    status_context,
    task_context,
    tests_context,
    tests_tab,
    verdicts_context,
)
from validation.contexts.beside import verdicts_of_sides
from validation.contexts.differences import beside_context
from validation.models import TreeName
from validation.services.repeating import repeat_run
from validation.services.requests import RunRefused, cancel_run, request_validation
from validation.services.validating import request_all, wishes_for_tasks
from validation.whole_logs import path_of

UNCHANGED = 204


# --- a trajectory ----------------------------------------------------------------------------


@require_GET
def trajectory(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Show a trajectory for reading: its steps, the evidence and the test results."""
    subject = get_trajectory(request.user, pk)
    sight = sight_of(request.user, subject)
    extra_tabs = (tests_tab(subject, sight, request.GET),)
    context = {
        "trajectory": subject,
        "outline": outline_context(subject, outline_query(request.GET, step=1)),
        "evidence": evidence_context(request, subject, sight, extra_tabs),
        "verdicts": verdicts_context(subject, sight),
        "others": other_attempts(request.user, subject),
    }
    return render(request, "validation/trajectory_detail.html", context)


@require_GET
def beside(request: AuthenticatedHttpRequest, pk: int, other: int) -> HttpResponse:
    """Show two attempts at one task side by side; to HTMX the column it asks for."""
    try:
        if request.htmx and (name := column_named(request.htmx.target)):
            return _beside_column(request, pk, other, name)
        compared = compared_context(request.user, pk, other, request.GET)
    except DifferentTasks as error:
        return render(request, "validation/beside_refused.html", {"error": error}, status=404)
    page = {"compared": compared, "verdicts": verdicts_of_sides(compared)}
    response = render(request, "validation/beside.html", page)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _beside_column(
    request: AuthenticatedHttpRequest, pk: int, other: int, name: ColumnName
) -> HttpResponse:
    subject = get_pair(request.user, pk, other)[COLUMNS.index(name)]
    side = side_context(request.user, subject, name, request.GET)
    context = {"side": side, "column": side.column}
    response = render(request, "trajectories/_beside_column.html", context)
    response.headers["HX-Replace-Url"] = request.get_full_path()
    return response


@require_GET
def tests(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Show the tests fragment; 204 where the reader has seen this state already."""
    subject = get_trajectory(request.user, pk)
    selection = Selection.read(request.GET)
    context = tests_context(subject, sight_of(request.user, subject), selection)
    if request.htmx and request.GET.get("seen") == context.signature:
        return _progress(
            request, "validation/_tests_progress.html", context.progress, tests=context
        )
    response = render(request, "validation/_tests.html", {"tests": context})
    if "seen" in request.GET:
        return response
    return show_in_address(request, response, right="tests", **context.matrix.selection.parameters)


@require_GET
def verdicts(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Show the verdict chips; 204 where the reader has seen this state already."""
    subject = get_trajectory(request.user, pk)
    context = verdicts_context(subject, sight_of(request.user, subject))
    if request.htmx and request.GET.get("seen") == context.signature:
        return HttpResponse(status=UNCHANGED)
    return render(request, "validation/_verdicts.html", {"verdicts": context})


@require_POST
def validate(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Ask for the tests on base, gold and this trajectory's patch."""
    subject = get_trajectory_to_validate(request.user, pk)
    error = ""
    try:
        request_validation(revision_to_test(subject), trajectory=subject, user=request.user)
    except RunRefused as refused:
        error = str(refused)
    if not request.htmx:
        if error:
            messages.error(request, error)
        return redirect(f"{redirect('validation:trajectory', pk=pk).url}?right=tests")
    context = tests_context(subject, sight_of(request.user, subject), error=error)
    response = render(
        request, "validation/_tests.html", {"tests": context}, status=422 if error else 200
    )
    patch_vary_headers(response, ["HX-Request"])
    return trigger_client_event(response, "runs-requested")


# --- a task ----------------------------------------------------------------------------------


@require_GET
def task(request: AuthenticatedHttpRequest, instance_id: str) -> HttpResponse:
    """Show a task: issue, revisions, trajectories, recipe and runs."""
    context = task_context(request.user, get_task(request.user, instance_id))
    return render(request, "validation/task_detail.html", {"page": context})


@require_GET
def choose_beside(request: AuthenticatedHttpRequest, instance_id: str) -> HttpResponseBase:
    """Lead to the page that sets two chosen attempts side by side."""
    subject = get_task(request.user, instance_id)
    attempts = Trajectory.objects.visible_to(request.user).filter(task=subject)
    form = BesideForm(request.GET, attempts=attempts)
    if form.is_valid():
        return redirect("validation:beside", *(chosen.pk for chosen in form.cleaned_data["of"]))
    messages.error(request, "Choose two attempts to set side by side.")
    return redirect("validation:task", instance_id=instance_id)


@require_POST
@require_role("admin")
def validate_task(request: AuthenticatedHttpRequest, instance_id: str) -> HttpResponseBase:
    """Ask for the tests on base, gold and every trajectory of the task."""
    subject = get_task(request.user, instance_id)
    asked = request_all(wishes_for_tasks([subject], list(TreeName)), user=request.user)
    for reason in dict.fromkeys(refusal.reason for refusal in asked.refused):
        messages.error(request, reason)
    if asked.run_ids:
        messages.success(request, f"{len(asked.run_ids)} runs are queued.")
    return redirect("validation:task", instance_id=instance_id)


# --- a run -----------------------------------------------------------------------------------


@require_GET
def run(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Show a run; to HTMX its fragment, or 204 where the reader has seen this state already."""
    context = run_context(request.user, get_run(request.user, pk), LogWish.read(request.GET))
    if request.htmx and request.GET.get("seen") == context.signature:
        words = context.progress.words if context.progress else ""
        return _progress(request, "validation/_run_progress.html", words, run=context)
    template = "validation/_run.html" if request.htmx else "validation/run_detail.html"
    response = render(request, template, {"run": context})
    patch_vary_headers(response, ["HX-Request"])
    return response


def _progress(
    request: AuthenticatedHttpRequest, template: str, words: str, **context: object
) -> HttpResponse:
    """Write how far a run is into what the reader has, and leave the rest of it alone."""
    if request.GET.get("progress", "") == words:
        return HttpResponse(status=UNCHANGED)
    return reswap(render(request, template, {**context, "is_update": True}), "none")


@require_GET
def run_lines(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Return rows of a log that were left out, and a row that opens what still is."""
    subject = get_run_to_read(request.user, pk)
    first, last = positive(request.GET.get("first")), positive(request.GET.get("last"))
    context = {
        "pieces": gap_context(subject, first or 1, last or 0),
        "run_url": reverse("validation:run", args=[pk]),
    }
    return render(request, "validation/_log_rows.html", context)


@require_GET
def run_log(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Return the log as it is, as plain text."""
    subject = get_run_to_read(request.user, pk)
    return HttpResponse(subject.log, content_type="text/plain; charset=utf-8")


@require_GET
def run_output(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Show a page of everything that a run printed, or with `download` hand out the whole."""
    subject = get_run_to_read(request.user, pk)
    path = path_of(settings.RETRACE_DATA, subject.full_log)
    if "download" in request.GET:
        if path is None:
            raise Http404("There is no more of this log than its page shows.")
        return FileResponse(
            path.open("rb"),
            as_attachment=True,
            filename=f"run-{pk}.log",
            content_type="text/plain; charset=utf-8",
        )
    context = {"output": output_context(subject, positive(request.GET.get("page")))}
    return render(request, "validation/run_output.html", context)


@require_GET
def run_beside(request: AuthenticatedHttpRequest, pk: int, other: int) -> HttpResponse:
    """Show what differs between two runs of one task."""
    runs = get_run(request.user, pk), get_run(request.user, other)
    if runs[0].task_revision.task_id != runs[1].task_revision.task_id:
        raise Http404("These are runs of two tasks.")
    return render(request, "validation/run_beside.html", {"beside": beside_context(*runs)})


@require_POST
def repeat(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Run the same once more. Who may know how a run ended may ask for another."""
    subject = get_run(request.user, pk)
    try:
        repetition = repeat_run(subject, user=request.user)
    except RunRefused as refused:
        messages.error(request, str(refused))
        return redirect("validation:run", pk=pk)
    return redirect("validation:run", pk=repetition.pk)


@require_POST
@require_role("admin")
def cancel(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """End a run that is not finished."""
    if not cancel_run(get_run(request.user, pk), user=request.user):
        messages.info(request, "The run was finished already.")
    return redirect("validation:run", pk=pk)


# --- the workers -----------------------------------------------------------------------------


@require_GET
@require_role("admin")
def status(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Show the workers, their sandboxes, the queue and the last runs."""
    return render(request, "validation/status.html", {"status": status_context()})
