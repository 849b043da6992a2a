from datetime import date, datetime

import pytest

from almanac.dates import add_months, days_in_month, each_day, months_between, weekday_named
from almanac.errors import AlmanacError


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2024, 1, 15), 1, date(2024, 2, 15)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 1, 31), -2, date(2023, 11, 30)),
        (date(2024, 12, 1), 1, date(2025, 1, 1)),
    ],
)
def test_add_months_stays_in_the_target_month(day, months, expected):
    assert add_months(day, months) == expected


def test_add_months_keeps_the_time_of_day():
    assert add_months(datetime(2024, 1, 31, 9, 30), 3) == datetime(2024, 4, 30, 9, 30)


def test_add_months_refuses_year_zero():
    with pytest.raises(AlmanacError, match="out of range"):
        add_months(date(1, 1, 1), -1)


def test_days_in_month_knows_leap_years():
    assert [days_in_month(year, 2) for year in (1900, 2000, 2023, 2024)] == [28, 29, 28, 29]


def test_months_between_ignores_days():
    assert months_between(date(2023, 11, 30), date(2024, 2, 1)) == 3


def test_each_day_includes_both_ends():
    assert [day.day for day in each_day(date(2024, 2, 28), date(2024, 3, 1))] == [28, 29, 1]


@pytest.mark.parametrize(
    ("name", "weekday"), [("Mon", 0), ("sunday", 6), (" thu ", 3), ("x", None)]
)
def test_weekday_named_reads_three_letters(name, weekday):
    assert weekday_named(name) == weekday
