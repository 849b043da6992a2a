from __future__ import annotations

from django.urls import path

from validation import admission_views, probe_views, recipe_views, views

app_name = "validation"

trajectory_urls = [
    # /trajectories/17/
    path("trajectories/<int:pk>/", views.trajectory, name="trajectory"),
    path("trajectories/<int:pk>/tests/", views.tests, name="tests"),
    path("trajectories/<int:pk>/verdicts/", views.verdicts, name="verdicts"),
    path("trajectories/<int:pk>/validate/", views.validate, name="validate"),
    path("trajectories/<int:pk>/beside/<int:other>/", views.beside, name="beside"),
]

task_urls = [
    # /tasks/django__django-16595/
    path("tasks/<str:instance_id>/", views.task, name="task"),
    path("tasks/<str:instance_id>/beside/", views.choose_beside, name="choose-beside"),
    path("tasks/<str:instance_id>/validate/", views.validate_task, name="validate-task"),
    path("tasks/<str:instance_id>/admission/", admission_views.admission, name="admission"),
    path("tasks/<str:instance_id>/admit/", admission_views.admit, name="admit"),
    path("tasks/<str:instance_id>/let-in/", admission_views.let_task_in, name="let-in"),
]

run_urls = [
    # /runs/4/
    path("runs/<int:pk>/", views.run, name="run"),
    path("runs/<int:pk>/lines/", views.run_lines, name="run-lines"),
    path("runs/<int:pk>/log/", views.run_log, name="run-log"),
    path("runs/<int:pk>/output/", views.run_output, name="run-output"),
    path("runs/<int:pk>/beside/<int:other>/", views.run_beside, name="run-beside"),
    path("runs/<int:pk>/repeat/", views.repeat, name="repeat"),
    path("runs/<int:pk>/cancel/", views.cancel, name="cancel"),
]

probe_urls = [
    # /probes/<uid>/
    path("probes/<uuid:uid>/", probe_views.probe, name="probe"),
    path("probes/<uuid:uid>/run/", probe_views.rerun, name="probe-rerun"),
]

recipe_urls = [
    # /recipes/3/
    path("recipes/", recipe_views.recipes, name="recipes"),
    path("recipes/<int:pk>/", recipe_views.recipe, name="recipe"),
    path("environments/<int:pk>/log/", recipe_views.build_log, name="build-log"),
    path(
        "environments/<int:pk>/remove/",
        recipe_views.remove_environment,
        name="remove-environment",
    ),
]

urlpatterns = [
    *trajectory_urls,
    *task_urls,
    *run_urls,
    *probe_urls,
    *recipe_urls,
    # /status/
    path("status/", views.status, name="status"),
]
