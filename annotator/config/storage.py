"""Where static files are served from."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hash file names, and rewrite the imports between ES modules to the hashed names."""

    support_js_module_import_aggregation = True
