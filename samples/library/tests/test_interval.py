from datetime import datetime, timedelta

import pytest

from almanac import AlmanacError, Interval, IntervalSet


def at(hour, minute=0):
    return datetime(2024, 3, 1, hour, minute)


def span(first, last):
    return Interval(at(first), at(last))


def test_the_end_is_not_inside():
    assert at(9) in span(9, 10)
    assert at(10) not in span(9, 10)


def test_an_interval_cannot_end_before_it_starts():
    with pytest.raises(AlmanacError):
        span(10, 9)


def test_touching_intervals_do_not_overlap():
    assert not span(9, 10).overlaps(span(10, 11))
    assert span(9, 10).touches(span(10, 11))


def test_a_set_merges_what_touches():
    assert IntervalSet([span(10, 11), span(9, 10), span(13, 14)]) == IntervalSet(
        [span(9, 11), span(13, 14)]
    )


def test_difference_cuts_holes():
    assert IntervalSet([span(9, 17)]) - IntervalSet([span(12, 13)]) == IntervalSet(
        [span(9, 12), span(13, 17)]
    )


def test_intersection_keeps_what_both_have():
    assert list(IntervalSet([span(9, 12)]) & IntervalSet([span(11, 14)])) == [span(11, 12)]


def test_total_counts_no_time_twice():
    assert IntervalSet([span(9, 11), span(10, 12)]).total == timedelta(hours=3)
