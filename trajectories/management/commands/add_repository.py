from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from trajectories.loading.repositories import BadRepository, set_source


class Command(BaseCommand):
    help = "Say where a repository is fetched from: an URL, or a folder on this machine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="OWNER/NAME")
        parser.add_argument("--source", required=True, metavar="URL_OR_PATH")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            repository, is_new = set_source(options["name"], options["source"])
        except BadRepository as error:
            raise CommandError(str(error)) from error
        verb = "Added" if is_new else "Changed"
        self.stdout.write(f"{verb} {repository.name}: fetched from {repository.source}.")
