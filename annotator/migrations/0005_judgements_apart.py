from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def take_judgements_apart(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Covered steps become numbers; what they were worth belongs to the annotation."""
    ReasoningStep = apps.get_model("annotator", "ReasoningStep")
    Annotation = apps.get_model("annotator", "Annotation")
    steps = ReasoningStep.objects.exclude(covers=[]).order_by("annotation", "position", "id")
    judged: dict[int, dict[str, dict[str, object]]] = {}
    for step in steps.iterator():
        for cover in step.covers:
            if cover["judgement"] and step.deleted_at is None:
                judged.setdefault(step.annotation_id, {})[str(cover["step"])] = {
                    "judgement": cover["judgement"],
                    "misstep": "",
                    "should_have": "",
                    "is_decisive": False,
                }
        step.covers = sorted({cover["step"] for cover in step.covers})
        step.save(update_fields=["covers"])
    for pk, judgements in judged.items():
        Annotation.objects.filter(pk=pk).update(judgements=judgements)


def keep_version(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Batches that are under way go on handing in what they handed in until now."""
    apps.get_model("annotator", "BatchPolicy").objects.update(schema_version=2)


class Migration(migrations.Migration):
    dependencies = [("annotator", "0004_reasoning_editor")]

    operations = [
        migrations.RunPython(take_judgements_apart, migrations.RunPython.noop),
        migrations.RunPython(keep_version, migrations.RunPython.noop),
    ]
