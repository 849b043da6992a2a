from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from trajectories import code
from trajectories.git import FetchFailed
from trajectories.models import Repository


class Command(BaseCommand):
    help = "Fetch a repository from its source into its mirror."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="+", metavar="OWNER/NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        repositories = [self._find(name) for name in options["names"]]
        failures = []
        for repository in repositories:
            try:
                code.fetch_repository(repository)
            except FetchFailed as error:
                failures.append(f"{repository.name}: {error}")
            else:
                self.stdout.write(f"Fetched {repository.name}.")
        if failures:
            raise CommandError("\n".join(failures))

    @staticmethod
    def _find(name: str) -> Repository:
        try:
            return Repository.objects.get(name=name)
        except Repository.DoesNotExist as error:
            raise CommandError(
                f"No repository {name} is known. Add it:"
                f" manage.py add_repository {name} --source URL_OR_PATH"
            ) from error
