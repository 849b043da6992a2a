"""Make a table append-only in the database itself; used by migrations."""

from __future__ import annotations

from django.db import migrations

CREATE_FUNCTION = """
CREATE OR REPLACE FUNCTION retrace_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


def append_only(table: str) -> migrations.RunSQL:
    """Return the operation that makes PostgreSQL refuse UPDATE and DELETE on `table`."""
    return migrations.RunSQL(
        sql=[
            CREATE_FUNCTION,
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION retrace_refuse_change()",
        ],
        reverse_sql=[f"DROP TRIGGER append_only ON {table}"],
    )
