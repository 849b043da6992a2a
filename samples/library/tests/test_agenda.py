from datetime import date, datetime

from almanac import Recurrence, Schedule
from almanac.agenda import render


def test_render_groups_by_day_and_leaves_out_empty_days():
    events = {
        "stand-up": Recurrence.parse("every week on Mon, Wed", datetime(2024, 3, 4, 9, 30)),
        "backup": Recurrence.parse("every 2 days", datetime(2024, 3, 4, 2)),
    }
    assert render(date(2024, 3, 4), date(2024, 3, 7), events) == "\n".join(
        [
            "Mon 2024-03-04",
            "  02:00 backup",
            "  09:30 stand-up",
            "Wed 2024-03-06",
            "  02:00 backup",
            "  09:30 stand-up",
        ]
    )


def test_render_shows_opening_hours_and_their_length():
    schedule = Schedule.parse("Mon-Fri 09:00-12:00, 13:00-17:30")
    assert render(date(2024, 3, 8), date(2024, 3, 9), {}, schedule) == (
        "Fri 2024-03-08  open 09:00-12:00, 13:00-17:30 (7h30m)"
    )
