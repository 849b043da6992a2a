from datetime import date, datetime, timedelta

import pytest

from almanac import AlmanacError, Interval, ParseError, Schedule

OFFICE = Schedule.parse("Mon-Thu 09:00-12:00, 13:00-17:30; Fri 09:00-15:00")


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2024, 3, 4, 9), True),
        (datetime(2024, 3, 4, 12), False),
        (datetime(2024, 3, 4, 17, 29), True),
        (datetime(2024, 3, 8, 15), False),
        (datetime(2024, 3, 9, 10), False),
    ],
)
def test_is_open(moment, expected):
    assert OFFICE.is_open(moment) is expected


def test_days_may_go_over_the_end_of_the_week():
    weekend = Schedule.parse("Sat-Mon 10:00-11:00")
    assert [len(weekend.opening_hours(date(2024, 3, day))) for day in range(4, 11)] == [
        *(1, 0, 0, 0, 0, 1, 1),
    ]


def test_between_clips_to_the_window():
    window = Interval(datetime(2024, 3, 4, 11), datetime(2024, 3, 4, 14))
    assert OFFICE.between(window).total == timedelta(hours=2)


def test_next_opening_skips_the_weekend():
    assert OFFICE.next_opening(datetime(2024, 3, 8, 16)) == datetime(2024, 3, 11, 9)


def test_next_opening_may_be_now():
    assert OFFICE.next_opening(datetime(2024, 3, 8, 10)) == datetime(2024, 3, 8, 10)


def test_add_open_time_skips_lunch_and_weekend():
    assert OFFICE.add_open_time(datetime(2024, 3, 8, 14), timedelta(hours=5)) == datetime(
        2024, 3, 11, 14
    )


def test_add_open_time_needs_open_time():
    with pytest.raises(AlmanacError, match="never open"):
        Schedule([()] * 7).add_open_time(datetime(2024, 3, 8), timedelta(hours=1))


def test_printed_schedules_are_read_again():
    assert Schedule.parse(str(OFFICE)) == OFFICE
    assert str(OFFICE) == "Mon-Thu 09:00-12:00, 13:00-17:30; Fri 09:00-15:00"


@pytest.mark.parametrize(
    "text", ["09:00-17:00", "Mon", "Mon 9-17", "Mon 09:00-25:00", "Noday 09:00-17:00"]
)
def test_parse_refuses_what_is_no_schedule(text):
    with pytest.raises(ParseError):
        Schedule.parse(text)


def test_spans_of_a_day_must_not_overlap():
    with pytest.raises(AlmanacError, match="Mon: 09:00-12:00 and 11:00-13:00 overlap"):
        Schedule.parse("Mon 09:00-12:00, 11:00-13:00")
