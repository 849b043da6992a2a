"""How static files are named and served."""

from __future__ import annotations

from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

# `import … from "./name.js"` and `import "./name.js"`, one to a line, as our modules have them.
IMPORT = r"""(?m)^(?P<matched>import (?P<names>[^'"]*)["'](?P<url>\./[^"']+)["'];)"""


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Compressed files with hashed names, which the imports of our ES modules use too.

    A module that is loaded by its hashed name and imported by its plain one runs twice, each with
    a state of its own. Django's switch for this reads the scripts of every package besides, and
    fails over those that import what their package leaves out.
    """

    patterns: Any = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", ((IMPORT, 'import %(names)s"%(url)s";'),)),
    )
