"""Recipes: which tasks they are for, and what has been built from them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, IntegerField, OuterRef, Prefetch, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Length, Right

from validation.models import Environment, EnvironmentState, Recipe, RecipeUse, Run
from validation.recipes import entry_of
from validation.services.recipes import LoadedEntry, spec_of

PER_PAGE = 100
SHOWN_USES = 3
# Of one recipe: what is listed, and what the form that replaces it is filled with.
LISTED_USES = 200
FILLED_USES = 20
LISTED_ENVIRONMENTS = 20
LOG_CHARACTERS = 20_000


@dataclass(frozen=True)
class Use:
    """What a recipe was loaded for: a task, or a repository at a version (empty: any)."""

    instance_id: str
    repository: str
    version: str


@dataclass(frozen=True)
class EnvironmentLine:
    """One build of a recipe; `log` is the end of what it printed, where it is shown.

    `state` is that of the row, or "removed" where it was built and is on the disk no more.
    """

    row: Environment
    state: str
    log: str = ""
    log_is_cut: bool = False


@dataclass(frozen=True)
class RecipeLine:
    """A recipe in the list, with the first of its uses and its newest environment."""

    recipe: Recipe
    uses: tuple[Use, ...]
    n_more_uses: int
    n_runs: int
    environment: EnvironmentLine | None


@dataclass(frozen=True)
class RecipesContext:
    """A page of the list, newest first; `entries` is what became of pasted recipes."""

    page: Page[Recipe]
    lines: tuple[RecipeLine, ...]
    limit_megabytes: int
    entries: tuple[LoadedEntry, ...] = ()


@dataclass(frozen=True)
class RecipeContext:
    """One recipe; `filled` is the text that assigns it again, to be changed and pasted."""

    recipe: Recipe
    uses: tuple[Use, ...]
    n_more_uses: int
    n_runs: int
    environments: tuple[EnvironmentLine, ...]
    filled: str


def recipes_context(number: int, entries: tuple[LoadedEntry, ...] = ()) -> RecipesContext:
    """Select a page of recipes (four queries)."""
    environments = Environment.objects.defer("log").order_by("-pk")
    recipes = _with_run_counts(Recipe.objects.order_by("-pk")).prefetch_related(
        Prefetch("uses", queryset=_uses()), Prefetch("environments", queryset=environments)
    )
    page = Paginator(recipes, PER_PAGE).get_page(number)
    return RecipesContext(
        page=page,
        lines=tuple(_line(recipe) for recipe in page),
        limit_megabytes=settings.RETRACE_ENVIRONMENTS_BYTES // 1_000_000,
        entries=entries,
    )


def _with_run_counts(recipes: QuerySet[Recipe]) -> QuerySet[Recipe]:
    counts = Run.objects.filter(recipe=OuterRef("pk")).order_by().values("recipe")
    counted = Subquery(counts.annotate(n=Count("pk")).values("n"), output_field=IntegerField())
    return recipes.annotate(n_runs=Coalesce(counted, Value(0)))


def _uses() -> QuerySet[RecipeUse]:
    return RecipeUse.objects.select_related("task", "repository").order_by(
        F("repository__name").asc(nulls_last=True), "version", "task__instance_id"
    )


def _line(recipe: Recipe) -> RecipeLine:
    uses, builds = list(recipe.uses.all()), list(recipe.environments.all())
    return RecipeLine(
        recipe=recipe,
        uses=tuple(map(_use, uses[:SHOWN_USES])),
        n_more_uses=max(0, len(uses) - SHOWN_USES),
        n_runs=getattr(recipe, "n_runs", 0),
        environment=EnvironmentLine(builds[0], _state(builds[0])) if builds else None,
    )


def _use(use: RecipeUse) -> Use:
    return Use(
        instance_id=use.task.instance_id if use.task else "",
        repository=use.repository.name if use.repository else "",
        version=use.version,
    )


def _state(row: Environment) -> str:
    is_removed = row.state == EnvironmentState.READY and row.size_bytes is None
    return "removed" if is_removed else row.state


def recipe_context(recipe: Recipe) -> RecipeContext:
    """Select what is known of one recipe (five queries)."""
    uses = [_use(use) for use in _uses().filter(recipe=recipe)[:LISTED_USES]]
    n_uses = recipe.uses.count()
    environments = (
        recipe.environments.defer("log")
        .annotate(log_end=Right("log", LOG_CHARACTERS), log_length=Length("log"))
        .order_by("-pk")[:LISTED_ENVIRONMENTS]
    )
    return RecipeContext(
        recipe=recipe,
        uses=tuple(uses),
        n_more_uses=n_uses - len(uses),
        n_runs=recipe.runs.count(),
        environments=tuple(
            EnvironmentLine(row, _state(row), row.log_end, row.log_length > LOG_CHARACTERS)
            for row in environments
        ),
        filled="\n".join(_filled(recipe, use) for use in uses[:FILLED_USES]),
    )


def _filled(recipe: Recipe, use: Use) -> str:
    entry = entry_of(
        spec_of(recipe),
        instance_id=use.instance_id,
        repository=use.repository,
        version=use.version,
    )
    return json.dumps(entry, ensure_ascii=False)
