import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trajectories", "0001_initial"),
        ("validation", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Report",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("is_resolved", models.BooleanField()),
                (
                    "passes",
                    models.JSONField(
                        default=dict, help_text="Whether each test passes, by its id."
                    ),
                ),
                ("loaded_at", models.DateTimeField(auto_now=True)),
                (
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reports",
                        to="trajectories.task",
                    ),
                ),
                (
                    "trajectory",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reports",
                        to="trajectories.trajectory",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("trajectory__isnull", False)),
                        fields=("trajectory",),
                        name="report_trajectory_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("trajectory__isnull", True)),
                        fields=("task",),
                        name="report_gold_once",
                    ),
                ],
            },
        ),
    ]
