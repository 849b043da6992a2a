from datetime import date, datetime
from itertools import islice

import pytest

from almanac import AlmanacError, Frequency, Interval, ParseError, Recurrence


def days(recurrence, n):
    return [f"{moment:%Y-%m-%d}" for moment in islice(recurrence, n)]


def every(text, *start):
    return Recurrence.parse(text, datetime(*start))


def test_daily_counts_days():
    assert days(every("every 3 days", 2024, 2, 27, 8), 3) == [
        "2024-02-27",
        "2024-03-01",
        "2024-03-04",
    ]


def test_weekly_visits_each_weekday_of_every_second_week():
    assert days(every("every 2 weeks on Mon, Thu", 2024, 1, 1), 5) == [
        "2024-01-01",
        "2024-01-04",
        "2024-01-15",
        "2024-01-18",
        "2024-01-29",
    ]


def test_monthly_keeps_the_day():
    assert days(every("every month", 2024, 11, 5), 3) == ["2024-11-05", "2024-12-05", "2025-01-05"]


def test_yearly_keeps_the_date():
    assert days(every("every year", 2023, 3, 1), 3) == ["2023-03-01", "2024-03-01", "2025-03-01"]


def test_until_is_included():
    rule = Recurrence(datetime(2024, 1, 1), Frequency.DAILY, until=datetime(2024, 1, 3))
    assert days(rule, 9) == ["2024-01-01", "2024-01-02", "2024-01-03"]


def test_count_includes_what_is_left_out():
    rule = Recurrence(datetime(2024, 1, 1), Frequency.DAILY, count=3).without(date(2024, 1, 2))
    assert days(rule, 9) == ["2024-01-01", "2024-01-03"]


def test_between_gives_the_occurrences_of_a_window():
    rule = every("every 2 days", 2020, 1, 1, 9)
    window = Interval(datetime(2024, 1, 1), datetime(2024, 1, 5))
    assert [moment.day for moment in rule.between(window)] == [2, 4]


@pytest.mark.parametrize("text", ["every day", "every week", "every month", "every year"])
def test_first_after_agrees_with_walking(text):
    rule = every(text, 2019, 5, 17, 7)
    moment = datetime(2024, 2, 3, 4)
    assert rule.first_after(moment) == next(found for found in rule if found > moment)


def test_first_after_the_last_is_none():
    rule = Recurrence(datetime(2024, 1, 1), Frequency.MONTHLY, count=2)
    assert rule.first_after(datetime(2024, 2, 1)) is None


def test_the_start_must_be_one_of_the_weekdays():
    with pytest.raises(AlmanacError, match="a Tue"):
        every("every week on Mon", 2024, 1, 2)


@pytest.mark.parametrize("text", ["monthly", "every", "every 2 moons", "every week on Noday"])
def test_parse_refuses_what_is_no_rule(text):
    with pytest.raises(ParseError):
        every(text, 2024, 1, 1)
