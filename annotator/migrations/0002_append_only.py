from __future__ import annotations

from django.db import migrations

from accounts.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("annotator", "0001_initial")]

    operations = [append_only("annotator_edit"), append_only("annotator_submission")]
