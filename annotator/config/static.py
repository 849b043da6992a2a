"""How static files are named and served."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

# `import … from "./name.js"` and `import "./name.js"`, one to a line, as our modules have them.
IMPORT = r"""(?m)^(?P<matched>import (?P<names>[^'"]*)["'](?P<url>\./[^"']+)["'];)"""
# Stylesheets whose imports take the place of the lines that name them: `@import "./name.css";`
FLATTENED = ("css/site.css",)
_CSS_IMPORT = re.compile(r'(?m)^@import "\./(?P<name>[\w.-]+)";$')

# By a file's name: the storage that has it, and its path there.
Paths = dict[str, tuple[Storage, str]]


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

    def post_process(
        self, paths: Paths, dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str | None, bool | Exception]]:
        if not dry_run:
            for name in FLATTENED:
                text = flattened(paths, name)
                self.delete(name)
                self.save(name, ContentFile(text.encode()))
                paths = {**paths, name: (self, name)}
        yield from super().post_process(paths, dry_run, **options)


def flattened(paths: Paths, name: str) -> str:
    """Return a stylesheet with the text of what it imports, which imports nothing in turn."""
    folder = PurePosixPath(name).parent
    return _CSS_IMPORT.sub(
        lambda line: _text(paths, str(folder / line["name"])), _text(paths, name)
    )


def _text(paths: Paths, name: str) -> str:
    storage, path = paths[name]
    with storage.open(path) as file:
        text: str = file.read().decode()
    return text
