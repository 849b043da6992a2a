from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.first_accounts import Account, make_first_accounts, read_first_accounts


class Command(BaseCommand):
    help = "Show the accounts that the first start made, with their first passwords."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--create",
            action="store_true",
            help="Make them if the site has no account; show new ones.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["create"]:
            self._show(make_first_accounts())
            return
        accounts = read_first_accounts()
        if not accounts:
            self.stdout.write("No accounts were made by a first start; `make run` makes them.")
        self._show(accounts)

    def _show(self, accounts: list[Account]) -> None:
        for account in accounts:
            self.stdout.write(f"  {account.username:<12}{account.role:<12}{account.password}")
