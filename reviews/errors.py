"""What a reviewer or an admin is told when something cannot be done; each message says why."""

from __future__ import annotations


class ReviewUserError(Exception):
    """The person who asked can do something about it; the message says what."""


class NotReviewable(ReviewUserError):
    """This person may not judge or comment this submission now."""


class AlreadyReviewed(ReviewUserError):
    """Somebody else published a review of the submission first."""


class OpenThreads(ReviewUserError):
    """Blocking threads stand in the way of an approval."""


class ExportUserError(Exception):
    """A submission cannot be exported as it is; the message names it."""
