"""What a page shows with each heartbeat: who opened it, for which work, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core import signing

_SALT = "active-time"
# What a browser kept while it was cut off is taken for so long.
LONGEST_KEPT = timedelta(days=7)


class BadTicket(Exception):
    """Not signed by this site, or too old."""


@dataclass(frozen=True)
class Ticket:
    """Signed by the server, so that no heartbeat reaches back to before its page was opened."""

    assignment_id: int
    person_id: int
    activity: str
    opened_at: datetime

    def sign(self) -> str:
        """Return the ticket as text that only this site can write."""
        values = (self.assignment_id, self.person_id, self.activity, self.opened_at.timestamp())
        return signing.dumps(values, salt=_SALT)


def read_ticket(text: str, now: datetime) -> Ticket:
    """Return the ticket that a text is, or raise BadTicket."""
    try:
        assignment_id, person_id, activity, opened_at = signing.loads(text, salt=_SALT)
    except (signing.BadSignature, ValueError) as error:
        raise BadTicket("This page’s clock cannot be read. Reload the page.") from error
    ticket = Ticket(assignment_id, person_id, activity, datetime.fromtimestamp(opened_at, UTC))
    if now - ticket.opened_at > LONGEST_KEPT:
        raise BadTicket("This page was opened too long ago. Reload it.")
    return ticket
