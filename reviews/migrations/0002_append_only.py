from __future__ import annotations

from django.db import migrations

from accounts.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_initial")]

    operations = [append_only("reviews_review"), append_only("reviews_comment")]
