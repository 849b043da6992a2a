from __future__ import annotations

from django.db import migrations

# A row stays as it was written, but for three things: what is being measured grows, a heartbeat was
# seen, and a decision is made once.
CREATE_FUNCTION = """
CREATE OR REPLACE FUNCTION retrace_keep_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'time entries are not deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.assignment_id, NEW.person_id, NEW.activity, NEW.kind, NEW.started_at, NEW.reason,
        NEW.corrects_id, NEW.created_at)
       IS DISTINCT FROM
       (OLD.assignment_id, OLD.person_id, OLD.activity, OLD.kind, OLD.started_at, OLD.reason,
        OLD.corrects_id, OLD.created_at)
       OR NEW.ended_at < OLD.ended_at
       OR (NEW.ended_at > OLD.ended_at AND OLD.kind <> 'measured')
       OR (OLD.is_accepted IS NOT NULL
           AND (NEW.is_accepted, NEW.decided_by_id, NEW.decided_at)
               IS DISTINCT FROM (OLD.is_accepted, OLD.decided_by_id, OLD.decided_at))
    THEN
        RAISE EXCEPTION 'a time entry is corrected by another one'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("annotator", "0007_active_time")]

    operations = [
        migrations.RunSQL(
            sql=[
                CREATE_FUNCTION,
                "CREATE TRIGGER keep_time BEFORE UPDATE OR DELETE ON annotator_timeentry "
                "FOR EACH ROW EXECUTE FUNCTION retrace_keep_time()",
            ],
            reverse_sql=[
                "DROP TRIGGER keep_time ON annotator_timeentry",
                "DROP FUNCTION retrace_keep_time()",
            ],
        )
    ]
