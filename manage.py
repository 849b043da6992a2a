#!/usr/bin/env python
"""Run a management command; see `annotator/config/embedded/` for the servers it may start."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.config.settings.local")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            f"{error}. The environment is not set up: run `make install`, "
            "then call .venv/bin/python manage.py."
        ) from error

    from annotator.config.embedded import needed_services

    with needed_services(sys.argv):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
