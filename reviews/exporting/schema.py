"""The JSON Schema of an exported line, complete in one document."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from annotator.submissions import SCHEMA_VERSIONS, submission_schema
from reviews.errors import ExportUserError

LINE_SCHEMA = Path(__file__).with_name("export-1.schema.json")


@cache
def line_schema() -> dict[str, Any]:
    """Return the schema of a line with those of a submission's content inside, one per version.

    The inner ones have an `$id` of their own, so that their references stay within them.
    """
    schema: dict[str, Any] = json.loads(LINE_SCHEMA.read_text())
    schema["$defs"]["submission"] = {
        "required": ["schema_version"],
        "properties": {"schema_version": {"enum": list(SCHEMA_VERSIONS)}},
        "allOf": [
            {
                "if": {"properties": {"schema_version": {"const": version}}},
                "then": {"$ref": f"#/$defs/submission_{version}"},
            }
            for version in SCHEMA_VERSIONS
        ],
    }
    for version in SCHEMA_VERSIONS:
        schema["$defs"][f"submission_{version}"] = submission_schema(version)
    return schema


@cache
def _validator() -> Draft202012Validator:
    """Return the validator, which knows the inner schemas by their `$id` from the start.

    Otherwise it would search the whole document for those again at each reference.
    """
    inner = [submission_schema(version) for version in SCHEMA_VERSIONS]
    resources = [(schema["$id"], DRAFT202012.create_resource(schema)) for schema in inner]
    registry = Registry[Any]().with_resources(resources)
    return Draft202012Validator(line_schema(), registry=registry)


def check_line(line: dict[str, Any], name: str) -> None:
    """Raise ExportUserError, which names the submission and the place, where the line is wrong."""
    error = next(_validator().iter_errors(line), None)
    if error is not None:
        raise ExportUserError(
            f"{name} does not fit the export's schema at {error.json_path}: "
            f"{error.message[:300]}. Nothing was exported."
        )
