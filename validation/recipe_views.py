"""Recipes: which there are, what is built from them, and how they are replaced."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import require_role
from accounts.http import AuthenticatedHttpRequest
from trajectories.contexts.evidence import positive
from validation.contexts.recipes import recipe_context, recipes_context
from validation.forms import RecipesForm
from validation.models import Environment, Recipe
from validation.services.environments import NotRemoved, remove_built
from validation.services.recipes import LoadedEntry, load_recipe_text

UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
@require_role("admin")
def recipes(request: AuthenticatedHttpRequest) -> HttpResponseBase:
    """List recipes; load those that are pasted, and tell what became of each."""
    if request.method != "POST":
        page = positive(request.GET.get("page")) or 1
        context = {"recipes": recipes_context(page), "form": RecipesForm()}
        return render(request, "validation/recipes.html", context)
    form = RecipesForm(request.POST)
    entries: tuple[LoadedEntry, ...] = ()
    if form.is_valid():
        entries = tuple(load_recipe_text(form.cleaned_data["text"], user=request.user))
        if all(entry.status != "refused" for entry in entries):
            n_new = sum(entry.status == "loaded" for entry in entries)
            n_same = len(entries) - n_new
            messages.success(request, f"Recipes: {n_new} loaded, {n_same} unchanged.")
            return redirect("validation:recipes")
    context = {"recipes": recipes_context(1, entries), "form": form}
    return render(request, "validation/recipes.html", context, status=UNPROCESSABLE)


@require_GET
@require_role("admin")
def recipe(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Show one recipe: what it says, what it is for, what was built from it."""
    context = recipe_context(get_object_or_404(Recipe, pk=pk))
    form = RecipesForm(initial={"text": context.filled})
    return render(request, "validation/recipe_detail.html", {"page": context, "form": form})


@require_GET
@require_role("admin")
def build_log(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Return everything that a build printed, as plain text."""
    row = get_object_or_404(Environment, pk=pk)
    return HttpResponse(row.log, content_type="text/plain; charset=utf-8")


@require_POST
@require_role("admin")
def remove_environment(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Remove a built environment from this machine's disk; a run that wants it builds it again."""
    row = get_object_or_404(Environment.objects.defer("log"), pk=pk)
    try:
        remove_built(row, user=request.user)
    except NotRemoved as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, f"Environment {row} is removed.")
    return redirect("validation:recipe", pk=row.recipe_id)
