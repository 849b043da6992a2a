from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from almanac import Duration, ParseError
from almanac.duration import short


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P1Y2M3DT4H5M6S", Duration(14, 3, Fraction(14706))),
        ("PT0.5S", Duration(seconds=Fraction(1, 2))),
        ("P2W", Duration(days=14)),
        ("-P1D", Duration(days=-1)),
    ],
)
def test_parse_reads_iso(text, expected):
    assert Duration.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 month 2 days 3h", Duration(1, 2, Fraction(10800))),
        ("90m", Duration(seconds=Fraction(5400))),
        ("1.5 hours", Duration(seconds=Fraction(5400))),
        ("2 weeks, 1 day and 30 secs", Duration(0, 15, Fraction(30))),
    ],
)
def test_parse_reads_words(text, expected):
    assert Duration.parse(text) == expected


@pytest.mark.parametrize("text", ["", "P", "PT", "P1H", "soon", "3 fortnights", "1.5 months"])
def test_parse_refuses_what_is_no_duration(text):
    with pytest.raises(ParseError):
        Duration.parse(text)


def test_parse_error_names_the_place():
    with pytest.raises(ParseError) as caught:
        Duration.parse("2 days 3 fortnights")
    assert caught.value.position == 9


def test_months_are_added_before_days():
    assert Duration.parse("P1M1D").after(datetime(2024, 1, 31)) == datetime(2024, 3, 1)


def test_before_is_after_turned_round():
    assert Duration.parse("1h").before(datetime(2024, 1, 1)) == datetime(2023, 12, 31, 23)


@pytest.mark.parametrize("text", ["P1Y2M3DT4H5M6S", "PT0S", "-P1D", "PT1.25S", "P15D"])
def test_iso_survives_a_round_trip(text):
    assert Duration.parse(text).to_iso() == text


def test_words_use_the_singular_for_one():
    assert str(Duration.parse("P1Y1M2DT1H1M1S")) == "1 year 1 month 2 days 1 hour 1 minute 1 second"


def test_short_leaves_out_what_is_zero():
    assert [short(timedelta(minutes=m)) for m in (0, 45, 90, 1440)] == ["0s", "45m", "1h30m", "1d"]
